"""Is a prompt English? And the English word that a misspelt one stands for."""

from __future__ import annotations

import functools
import re
import unicodedata

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import shorten
from mdm_adapter.prompts.language import stop_words
from mdm_adapter.prompts.verbs import MOTION_VERBS, inflect, parts_of_speech, readings

# The commonest little words of other languages that use Latin letters, and their commonest moves.
_FOREIGN = words.listed(
    "un una uno unos unas el los las del al y con por para luego entonces después mientras hacia persona "
    "hombre mujer chico chica camina caminar caminando corre correr corriendo salta saltar gira girar "
    "derecha izquierda mano manos brazo pierna está se su sus le les des du et puis avec vers une elle ils "
    "elles sur dans pendant personne homme femme marche marcher marchant court courir saute sauter tourne "
    "tourner droite gauche bras jambe alors est il fait lève assoit der das ein eine einen einem einer und "
    "dann mit nach vor auf während zu zum zur er sie mann frau geht gehen gehe läuft laufen springt "
    "springen dreht drehen links rechts vorwärts rückwärts winkt winken sich setzt il lo gli poi mentre "
    "verso avanti indietro uomo donna cammina camminare correre saltare siede mano destra sinistra si e "
    "alla alle che della um uma os ao à pessoa homem mulher anda andar acena frente depois enquanto pula "
    "pular direita esquerda ela ele een het naar vooruit achteruit zwaait loopt lopen rent springt persoon "
    "vrouw zijn haar draait zit en ett och sedan går person framåt hoppar springer vinkar mannen kvinnan "
    "han hon og gik løber i potem człowiek osoba idzie biegnie skacze macha ręką siada mężczyzna kobieta "
    "do przodu bir ve sonra adam kadın yürür koşar zıplar kişi el"
)
_LITTLE = words.listed(
    "walking wall chair table floor stairs ground something secs mins there later eventually firstly "
    "initially really suddenly second secondly third thirdly fourth first last"
)


def check_english(text: str) -> None:
    """Raise ValueError for a text in another language or alphabet; misspelt English passes."""
    letters = [c for c in text if c.isalpha()]
    latin = sum("LATIN" in unicodedata.name(c, "") for c in letters)
    apart = re.sub("(?<=[a-z])(?=[A-Z])", " ", text)  # "TurnLeft"
    found = re.findall(r"[^\W\d_]+", apart.lower())[:400]
    english = foreign = unknown = 0
    for word in found:
        if word in _FOREIGN:
            foreign += 1 if is_known(word) else 2
        elif is_known(word) or correction(word):
            english += 1
        else:
            unknown += len(word) > 1
    other = (foreign > english + 1 and len(found) > 1) or (unknown > 2 and unknown > 2 * english)
    if 2 * latin < len(letters) or other:
        raise ValueError(f"the prompt {shorten(text, 30)!r} is not English; describe it in English only")


@functools.cache
def is_known(word: str) -> bool:
    """True for an English word, as far as the dictionary and the lists of this package know."""
    known = word in stop_words() | _own_words() or bool(parts_of_speech(word) or readings(word))
    doer = re.fullmatch(r"(\w+e?)rs?", word)  # "breakdancer"
    if doer and (readings(doer[1]) or readings(doer[1].removesuffix("e"))):
        return True
    return known or (len(word) > 3 and word.endswith("s") and is_known(word[:-1]))


@functools.cache
def _own_words() -> frozenset[str]:
    """The words of the closed lists of `words`."""
    lists = [value for value in vars(words).values() if isinstance(value, (frozenset, dict))]
    return frozenset(str(word) for known in lists for word in known) | _LITTLE


@functools.cache
def _targets() -> frozenset[str]:
    """The words that a misspelt one may be put right to."""
    forms = {inflect(base, form) for base in MOTION_VERBS for form in ("base", "s", "ing", "past")}
    return frozenset(forms) | {w for w in _own_words() if len(w) > 3}


@functools.cache
def correction(word: str) -> str:
    """The one word of this domain that is a single slip away from an unknown lower-case word, or ""."""
    vowels = len(word) > 3 or not set(word) & set("aeiou")
    if len(word) < 3 or not vowels or not word.isascii() or not word.isalpha() or is_known(word):
        return ""
    for base in re.sub("(.*)(e)?ing?$", r"\1 \1e", word).split():
        if base in MOTION_VERBS and base != word:
            return inflect(base, "ing")  # "waveing", "sitin"
    if word.endswith("in") and readings(word + "g"):
        return word + "g"
    letters = "abcdefghijklmnopqrstuvwxyz"
    cuts = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    swapped = {a[:-1] + b[0] + a[-1] + b[1:] for a, b in cuts if b}
    single = {a + a[-1] + b for a, b in cuts if a[-1] not in "aeiou"}
    missing = {a + c + b for a, b in cuts for c in letters}
    doubled = {a[:-1] + b for a, b in cuts if len(a) > 1}
    wrong = {a + c + b[1:] for a, b in cuts if b for c in letters}
    # the likeliest slip first; three letters lack their vowel
    for slips in (swapped, single, missing, doubled, wrong) if len(word) > 3 else (missing,):
        found = slips & _targets()
        if found:
            return min(found, key=lambda w: (not readings(w), w))
    return ""
