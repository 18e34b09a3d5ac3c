"""Words of a prompt as the splitter sees them: spaCy's tags, repaired by the list of motion verbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mdm_adapter.prompts import words
from mdm_adapter.prompts.language import load_language, only_verbs
from mdm_adapter.prompts.verbs import Form, inflect, readings

_TAG_FORMS: dict[str, Form] = {
    "VB": "base",
    "VBP": "base",
    "VBZ": "s",
    "VBG": "ing",
    "VBD": "past",
    "VBN": "part",
}


@dataclass(eq=False)
class Token:
    """One word or mark. `guarded` ones stand in quotes or brackets, where nothing is split or rewritten.

    Tokens are compared by identity, since the same word may occur many times.
    """

    text: str
    lower: str
    tag: str
    lemma: str
    space: bool
    start: int = 0
    guarded: bool = False
    # a duration that stood behind this word, and one of the kind "after 2 seconds" that ended its action
    seconds: float | None = None
    ended: float | None = None

    @property
    def is_word(self) -> bool:
        return any(c.isalnum() for c in self.text)

    @property
    def is_noun(self) -> bool:
        return self.tag.startswith("NN") or self.lower in words.BODY or self.lower in words.PEOPLE

    @property
    def is_body(self) -> bool:
        return self.lower in words.BODY

    @property
    def is_adverb(self) -> bool:
        return (self.tag.startswith("RB") and self.lower not in words.BODY) or (
            self.lower in words.ADVERBS or (self.lower.endswith("ly") and self.lower != "fly")
        )

    @property
    def is_plural(self) -> bool:
        if self.lower in words.PEOPLE:
            return self.lower in words.PLURAL_PEOPLE or (self.lower.endswith("s") and self.lower != "actress")
        return self.tag in ("NNS", "NNPS")

    @property
    def is_auxiliary(self) -> bool:
        low = self.lower
        return (
            low in words.BE_PLURAL
            or low in words.HAVE
            or low in words.DO
            or low in words.MODALS
            or low == "be"
        )

    def base(self, form: Form) -> str:
        """The plain form of this word read as a verb in `form`."""
        for base, known in readings(self.lower):
            if known == form:
                return base
        if form == "s" and self.tag.startswith("N"):
            stems = (self.lower[:-1], self.lower[:-2], self.lower[:-3] + "y")
            return next((stem for stem in stems if stem in only_verbs()), stems[0])
        return self.lemma.lower() if self.lemma else self.lower


def read_tokens(text: str) -> list[Token]:
    """Tag a text; hyphenated words stay whole, quoted and bracketed words are marked as guarded."""
    language = load_language()
    doc = language.make_doc(text)
    with doc.retokenize() as retokenizer:
        for match in re.finditer(r"[^\W\d_]+(?:-[^\W\d_]+)+", text):
            span = doc.char_span(match.start(), match.end())
            if span is not None and len(span) > 1:
                retokenizer.merge(span)
    doc = language(doc)
    tokens = [
        Token(t.text, t.lower_, t.tag_, t.lemma_, bool(t.whitespace_), t.idx) for t in doc if not t.is_space
    ]
    _guard(tokens)
    for token in tokens:
        if token.lower in ("i", "i'm"):
            token.tag = "PRP"
    return [t for t in tokens if t.text]


def verb_form(tokens: Sequence[Token], i: int) -> Form | None:
    """The form in which word `i` may be a verb, or None when it is no verb or stands where a noun stands."""
    token = tokens[i]
    low = token.lower
    if token.guarded or low in words.NEVER_VERBS:
        return "past" if low == "left" and i and _left_somewhere(tokens, i) else None
    if token.is_auxiliary:
        return _auxiliary_form(tokens, i)
    forms = [form for _, form in readings(low)]
    tagged = _TAG_FORMS.get(token.tag)
    if not forms and tagged is None and token.tag.startswith(("NN", "JJ")):
        if _unknown_verb(tokens, i):
            return "s"
        forms = _dictionary_forms(low)
        tagged = forms[0] if forms else None
    if (
        low in words.NAMES
        and token.tag == "NNP"
        and token.text[0].isupper()
        and not _verb_like_next(tokens, i)
    ):
        return None
    if not forms:
        if tagged is None or not token.lower.isalpha() or low in words.PREPOSITIONS or low in words.ADVERBS:
            return None
        if tagged == "s" and not low.endswith("s"):
            return None
        forms = [tagged]
    form = tagged if tagged in forms else forms[0]
    if i == 0 and form in ("past", "part") and "base" in forms:
        form = "base"  # "put it down": without a subject an order, not the past
    if "base" in forms and low in words.ADJECTIVE_VERBS and not _verb_like_next(tokens, i):
        return None
    return None if _stands_as_noun(tokens, i, form) else form


def _unknown_verb(tokens: Sequence[Token], i: int) -> bool:
    """True for "hums" in "a girl hums": an unknown plural right behind one person."""
    low = tokens[i].lower
    if i == 0 or not low.isalpha() or not low.endswith("s") or low in words.MOVE_NOUNS or low in words.BODY:
        return False
    before = tokens[i - 1]
    person = before.lower in words.PEOPLE and not before.is_plural
    return tokens[i].tag in ("NNS", "NNP", "NNPS", "NN") and (person or before.lower in ("he", "she"))


def _dictionary_forms(low: str) -> list[Form]:
    """The form of a word that the dictionary of the model knows as a verb only: "vanishes", "propose"."""
    known = only_verbs()
    if low in known:
        return ["base"]
    stems = (low[:-1], low[:-2], low[:-3] + "y") if low.endswith("s") else ()
    return ["s"] if any(stem in known and inflect(stem, "s") == low for stem in stems) else []


def _auxiliary_form(tokens: Sequence[Token], i: int) -> Form | None:
    low = tokens[i].lower
    if low == "'s":
        # "he's walking" against "the man's arm"
        return (
            "s" if i and (tokens[i - 1].lower in words.SUBJECT_PRONOUNS or tokens[i].tag == "VBZ") else None
        )
    if low == "be":
        return None if i else "base"
    if low in ("does", "has", "is"):
        return "s"
    if low in ("did", "had", "was", "were"):
        return "past"
    if low in ("will", "can", "might") and tokens[i].tag.startswith("NN"):
        return None
    if low in ("do", "have") and i and tokens[i - 1].lower == "to":
        return None
    return "base"


def _left_somewhere(tokens: Sequence[Token], i: int) -> bool:
    """True for "he left": the only place where "left" is the verb."""
    return tokens[i - 1].lower in words.SUBJECT_PRONOUNS and (
        i + 1 == len(tokens) or tokens[i + 1].lower in ("the", "through", "by", ".", ",")
    )


def _verb_like_next(tokens: Sequence[Token], i: int) -> bool:
    if i + 1 == len(tokens):
        return tokens[i].tag.startswith("VB") or tokens[i].lower in ("idle", "limp", "lead")
    after = tokens[i + 1]
    if after.lower in words.DETERMINERS | words.POSSESSIVES or after.is_adverb or after.tag == "PRP":
        return True
    if not after.is_word:
        return tokens[i].tag.startswith("VB")
    return after.lower in words.PREPOSITIONS or after.lower in words.DIRECTIONS


def _stands_as_noun(tokens: Sequence[Token], i: int, form: Form) -> bool:
    """True when the neighbours of a possible verb make it a noun, an adjective or an infinitive."""
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    if after is not None and form in ("base", "ing"):
        if after.lower in words.MOVE_COMPOUNDS and not (after.lower in ("pose", "steps") and form == "base"):
            return True
        if form == "base" and after.lower in ("of", "is", "are", "was"):
            return True
    if i == 0:
        return False
    before = tokens[i - 1]
    low = before.lower
    if low in words.DETERMINERS or low in words.POSSESSIVES:
        # "this is", "that walks": only "the/a" and possessives are certain, but in prompts the rest are too
        return True
    if low in words.NUMBERS or before.tag == "CD":
        return not (form == "base" and i > 1 and tokens[i - 2].lower in ("the", "these", "all", "both"))
    if low == "to":
        return True
    if low in ("left", "right"):
        place = i > 2 and tokens[i - 2].lower == "the" and tokens[i - 3].lower in ("on", "to", "at")
        return not place
    if low in words.PREPOSITIONS and low not in words.PARTICLES:
        return True
    if before.tag.startswith("JJ") and low not in words.DIRECTIONS and not before.is_adverb:
        return form in ("base", "ing", "s") and low not in words.PEOPLE
    if form == "base" and before.is_noun and not before.is_plural:
        # "a karate kick" is a kick, "a person kick" is bad grammar
        known = words.PEOPLE | words.CREATURES
        couple = any(t.lower == "and" for t in tokens[:i]) and any(
            t.tag == "NNP" or t.lower in known for t in tokens[:i]
        )
        return low not in words.PEOPLE and not couple
    if form == "s" and before.is_noun and not before.is_plural:
        return _counted(tokens, i)
    return False


def _counted(tokens: Sequence[Token], i: int) -> bool:
    """True for "three leg kicks": a number before a singular noun counts the word that follows."""
    j = i - 1
    while j > 0 and tokens[j - 1].tag[:2] in ("JJ", "NN") and tokens[j - 1].lower not in words.NUMBERS:
        j -= 1
    number = tokens[j - 1] if j > 0 else None
    if number is None or number.lower in ("one", "1"):
        return False
    return number.lower in words.NUMBERS or number.tag == "CD"


def _guard(tokens: list[Token]) -> None:
    quoted = False
    if sum(t.text == '"' for t in tokens) % 2 == 0:
        for token in tokens:
            if token.text == '"':
                quoted = not quoted
                token.guarded = True
            elif quoted:
                token.guarded = True
    opened: list[int] = []
    for i, token in enumerate(tokens):
        if token.text in ("(", "["):
            opened.append(i)
        elif token.text in (")", "]"):
            if opened:
                for inner in tokens[opened.pop() : i + 1]:
                    inner.guarded = True
            else:
                token.text = ""
    for i in opened:
        tokens[i].text = ""
