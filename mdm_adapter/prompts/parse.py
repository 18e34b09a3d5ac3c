"""Words of a sentence: which of them are verbs, and what spaCy's parser makes of the rest.

The model has read the news, where "waves" is a noun: of "A man waves", with each of 437 verbs of motion in
turn, it finds the verb in 44 %. Of "A man will wave" it finds 98 %. So each word that may be a verb where it
stands is written as a plain future for the parser ("A man will wave, then will bow"), and the tree that it
makes of that says who acts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.english import is_known
from mdm_adapter.prompts.language import tag, tree
from mdm_adapter.prompts.verbs import Form, is_motion, parts_of_speech, readings
from mdm_adapter.prompts.word import Word, is_subject

_TAG_FORMS: dict[str, Form] = {"VB": "base", "VBP": "base", "VBZ": "s", "VBG": "ing"}
_TAG_FORMS |= {"VBD": "past", "VBN": "part"}
_SUBJECTS = ("nsubj", "nsubjpass", "expl")
# hyphenated words, and the second half of "person A"
_ONE_WORD = re.compile(
    rf"[^\W\d_]+(?:-[^\W\d_]+)+|\b(?:[Pp]erson|{'|'.join(sorted(words.ACTORS))}) (?:[B-H]|A(?= [a-z]+s\b))\b"
)


def read_sentences(text: str) -> list[list[Word]]:
    """The sentences of a text, tagged and parsed; hyphenated words stay whole."""
    sentences: list[list[Word]] = [[]]
    for word in _tag(text):
        if not word.guarded and re.fullmatch(r"[.!?…]+", word.text):
            sentences.append([])
        elif word.text:
            sentences[-1].append(word)
    sentences = [s for s in sentences if any(w.is_word for w in s)]
    for ws in sentences:
        for i, word in enumerate(ws):
            word.form = _form(ws, i)
            plain = any(form == "base" for _, form in readings(word.lower))
            order = any(w.form == "base" for w in ws[:i]) and word.form == "past"
            if plain and (order or (word.form in ("past", "part") and i and ws[i - 1].is_plural)):
                word.form = "base"  # "raise it, put it down", "children run"
            found = [base for base, form in readings(word.lower) if form == word.form]
            unknown = word.lower.removesuffix("s") if word.form == "s" else word.lower
            word.base = "be" if word.lower in words.BE else (found or [unknown])[0] if word.form else ""
        _read_tree(ws)
        _find_subjects(ws)
    return sentences


def _tag(text: str) -> list[Word]:
    ws = [Word(*token) for token in tag(text, _ONE_WORD)]
    quoted, depth = False, 0
    for word in ws:
        name = word.text.istitle() and word.text.isalpha() and not is_known(word.lower)
        word.tag = "PRP" if word.lower == "i" else "NNP" if name else word.tag
        depth += word.text in ("(", "[")
        word.guarded = quoted or depth > 0 or word.text == '"'
        depth -= word.text in (")", "]")
        quoted ^= word.text == '"'
    return ws


def _read_tree(ws: Sequence[Word]) -> None:
    """Parse a sentence in plain future and hang its words into the tree."""
    written: list[tuple[str, Word]] = []
    for word in ws:
        if word.is_finite and word.lower not in words.MODALS:
            written += [("will", word), ("be" if word.lower in words.BE else word.base, word)]
        else:
            written.append((word.text, word))
    for (_, word), (head, dep, first) in zip(written, tree([text for text, _ in written]), strict=True):
        word.head, word.dep, word.first = written[head][1], dep, written[first][1]


def _find_subjects(ws: Sequence[Word]) -> None:
    at: dict[Word | None, int] = {word: i for i, word in enumerate(ws)}
    for i, verb in enumerate(ws):
        if not verb.is_finite:
            continue
        end = i
        while end and _belongs_to_verb(ws[end - 1]) and not (end > 1 and ws[end - 2].opens_noun):
            end -= 1
        carriers = (verb, verb.head) if verb.dep in ("aux", "auxpass") else (verb,)
        named = [w for w in ws[:i] if w.dep in _SUBJECTS and w.head in carriers]
        name = end > 0 and ws[end - 1].tag == "NNP" and ws[end - 1].text.istitle() and verb.form == "s"
        start = at.get(named[-1].first, end) if named else end - name  # "Sarah skips"
        if not _reads_as_subject(ws[start:end], ws[end : i + 1]):
            start = end
        verb.subject = tuple(ws[start:end])
        verb.relative = bool({ws[k - 1].lower for k in (start, end) if k} & words.RELATIVES)
    for i, verb in enumerate(ws):
        if verb.subject and not verb.relative:
            for word in verb.subject[1:]:
                word.inside = "subject"
            for word in ws[at[verb.subject[-1]] + 1 : i]:
                word.inside = "gap"


def _reads_as_subject(phrase: Sequence[Word], rest: Sequence[Word]) -> bool:
    """True when a span of the tree may be one subject of the verb that ends `rest`."""
    who = next((i for i, w in enumerate(phrase) if w.lower in words.RELATIVES), len(phrase))
    if not is_subject(phrase) or any(w.is_finite or w.lower in words.LINKS for w in phrase[:who]):
        return False
    if phrase[-1].text == "," and [w.text for w in phrase].count(",") == 1:
        return False  # "a figure that limps, stops": a list, of which the relative clause is the first
    if any(w.lower in words.SEQUENCE_WORDS for w in rest):
        # "a man walking, then stops", "karate kata then bow"
        named = phrase[0].opens_noun or any(w.lower in words.WHO or w.tag == "NNP" for w in phrase)
        if not named or any(w.form == "ing" for w in phrase):
            return False
    return rest[-1].form != "base" or _may_take_base(phrase)


def _belongs_to_verb(word: Word) -> bool:
    """True for "slowly" and "side" in "a man slowly side steps"."""
    before = word.lower in words.VERB_PREFIXES | words.SEQUENCE_WORDS
    return before or (word.is_adverb and word.lower not in words.DIRECTIONS)


def _may_take_base(phrase: Sequence[Word]) -> bool:
    """A plain verb needs several who act, a pronoun, or a person in bad grammar."""
    if not phrase[0].opens_noun and any(w.text == "," for w in phrase):
        return False  # "backbend, splits, cartwheel"
    return any(w.lower in words.WHO | words.NUMBERS | {"and"} or w.is_plural for w in phrase)


def _form(ws: Sequence[Word], i: int) -> Form | None:
    """The form in which word `i` may be a verb, or None when it is none or stands where a noun stands."""
    word = ws[i]
    low, before = word.lower, ws[i - 1].lower if i else ""
    if low == "left" and before in words.SUBJECT_PRONOUNS:
        return "past" if i + 1 == len(ws) or ws[i + 1].lower in ("the", "through", "by", ",") else None
    given = i + 1 < len(ws) and ws[i + 1].lower in ("it", "him", "them")
    if low == "hands" and (given or before in words.ACTORS | {"he", "she"}):
        return "s"  # "she hands him a cup"
    if word.guarded or low in words.NEVER_VERBS:
        return None
    if low in words.AUXILIARIES:
        return _auxiliary(word, before)
    forms = _possible_forms(ws, i)
    tagged = _TAG_FORMS.get(word.tag)
    form = tagged if tagged in forms else next(iter(forms), None)
    if i == 0 and "base" in forms and form != "s":
        form = "base"  # "put it down": without a subject an order, not the past
    if form is None or (low in words.ADJECTIVE_VERBS and "base" in forms and not _verb_like_next(ws, i)):
        return None
    return None if _stands_as_noun(ws, i, form) else form


def _auxiliary(word: Word, before: str) -> Form | None:
    low = word.lower
    if low == "'s":
        # "he's walking" against "the man's arm"
        return "s" if before in words.SUBJECT_PRONOUNS or word.tag == "VBZ" else None
    if before == "to" or (low == "be" and before):
        return None
    return "s" if low in ("does", "has", "is") else "past" if low in ("did", "had", "was", "were") else "base"


def _possible_forms(ws: Sequence[Word], i: int) -> list[Form]:
    word = ws[i]
    low, after = word.lower, ws[i + 1].lower if i + 1 < len(ws) else ""
    before = ws[i - 1].lower if i else ""
    forms = [form for _, form in readings(low)]
    name = word.tag == "NNP" and word.text[0].isupper()
    if name and (not is_motion(low) or (low in words.NAMES and not _verb_like_next(ws, i))):
        return []
    if low == "face":
        opens = i == 0 or ws[i - 1].lower in ("then", "and")
        return ["base"] if opens and after in words.DIRECTIONS | words.DETERMINERS else []
    if is_motion(low):
        return forms
    if low in words.NEVER_UNKNOWN_VERBS or not low.replace("-", "").isalpha():
        return []
    if word.tag in _TAG_FORMS and not (word.tag == "VBZ" and not low.endswith("s")):
        return forms or ["s" if re.search("[^s]s$", low) else _TAG_FORMS[word.tag]]
    if parts_of_speech(low) == {"verb"} or (forms == ["ing"] and before in words.ACTORS | {"and"}):
        return forms
    if i > 1 and before == "and" and (ws[i - 2].form or {ws[i - 2].lower} & (words.WAYS | words.PARTICLES)):
        same = next((w.form for w in ws[:i] if w.is_finite and w.base not in words.LIGHT_VERBS), None)
        if same in ("s", "base") and same in forms:
            return [same]  # "blocks and counterattacks"
    if i == 0 and "base" in forms and after in words.PARTICLES | words.DETERMINERS | words.POSSESSIVES:
        return ["base"]  # "dust off"
    listed = next((f for f in forms if f in ("s", "base") and _listed_verb(ws, i, f)), None)
    if listed:
        return [listed]
    coined = low.endswith("s") and not is_known(low)
    goes_on = before in words.SEQUENCE_WORDS and _goes_on(ws[: i - 1])
    behind = _behind_subject(ws, i) or goes_on
    return ["s"] if ("s" in forms or coined) and behind else []


def _goes_on(ws: Sequence[Word]) -> bool:
    """True for what stands before "bolts" in "freezes and then bolts", not for "eats apples, then plums"."""
    acts = any(w.form == "s" and w.base not in words.LIGHT_VERBS for w in ws)
    return acts and not any(w.is_plural for w in ws[-3:])


def _behind_subject(ws: Sequence[Word], i: int) -> bool:
    """True for "blows" in "a cowboy blows on his gun": nothing but one noun with its article before it."""
    while i > 1 and ws[i - 1].is_adverb:
        i -= 1
    j = i
    while j and ws[j - 1].tag[:2] in ("NN", "JJ"):
        j -= 1
    return (i > j == 1 and ws[0].opens_noun) or (i == 1 and ws[0].lower in words.ACTORS | {"he", "she"})


def _listed_verb(ws: Sequence[Word], i: int, form: Form) -> bool:
    """True for "honks" in "drives a car, honks, waves": a word alone between commas, in a list of verbs."""
    before = i - 2 if i > 2 and ws[i - 1].lower == "and" else i - 1
    if i < 2 or ws[before].lower not in words.SOFT_STOPS or not any(w.form == form for w in ws[:i]):
        return False
    behind = next((w for w in ws[i + 1 :] if w.lower not in words.PARTICLES and not w.is_adverb), None)
    things = behind is not None and form == "base" and behind.is_plural and not is_motion(behind.lower)
    if behind is not None and (things or behind.lower in words.BODY or behind.opens_noun):
        return True  # "blow nose", "brakes the car", "tie shoelaces"
    if behind is not None and behind.is_word and behind.lower not in ("and", "then"):
        return False
    following = next((w.lower for w in ws[i + 1 :] if w.is_word and w.lower not in ("and", "then")), "")
    return (is_motion(following) and readings(following)[0][1] == form) or not ws[before - 1].is_noun


def _verb_like_next(ws: Sequence[Word], i: int) -> bool:
    """True when what follows a word such as "slow" or "lower" makes a verb of it."""
    after, orders = ws[i + 1] if i + 1 < len(ws) else None, any(w.form == "base" for w in ws[:i])
    if after is None or not after.is_word:
        listed = orders and ws[i - 1].text == ","
        return listed or ws[i].tag.startswith("VB") or ws[i].lower in ("idle", "limp", "lead")
    behind = words.DETERMINERS | words.POSSESSIVES | words.PREPOSITIONS | words.DIRECTIONS
    return after.lower in behind or after.tag in ("CD", "PRP") or after.is_adverb


def _stands_as_noun(ws: Sequence[Word], i: int, form: Form) -> bool:
    """True when the neighbours of a possible verb make it a noun, an adjective or an infinitive."""
    after = ws[i + 1].lower if i + 1 < len(ws) else ""
    if form in ("base", "ing") and after in words.MOVE_COMPOUNDS - {"pose", "steps"}:
        return True
    if form == "base" and ws[i].lower in words.VERB_PREFIXES and after.endswith("ing"):
        return True
    if i == 0:
        return False
    before, third = ws[i - 1], ws[i - 2].lower if i > 1 else ""
    if before.tag == "VBG" and third in words.DETERMINERS:
        return True  # "a running start"
    low, noun = before.lower, before.is_noun and not before.is_plural
    given = before.form and before.base in words.TAKES_OBJECT | words.LIGHT_VERBS
    if (ws[i].tag == "NNS" and (before.tag == "IN" or given)) or (
        given and before.base == "do" and form == "s"
    ):
        return True  # "jumps over rocks", "throws spears", "does squats"
    if low in words.DETERMINERS | words.POSSESSIVES | {"to"} and before.tag != "WDT":
        return True
    if low in words.NUMBERS or before.tag == "CD":
        return low != "one" or form != "s"
    if low in ("left", "right"):
        # "turn left sit down", but "a left hook"
        return not (i > 1 and ws[i - 2].base in words.WAY_VERBS and form == ws[i - 2].form)
    if low in words.PREPOSITIONS and (low not in words.PARTICLES or ws[i].lower in words.NOT_MOVES):
        return True  # "jogs in place"
    linked = i > 1 and ws[i - 2].base in ("be", "look", "seem", "feel", "appear")  # "who looks angry slams"
    if before.tag.startswith("JJ") and not linked and low not in words.DIRECTIONS and not before.is_adverb:
        # but "the patient coughs"
        return not (form == "s" and third in words.DETERMINERS and "noun" in parts_of_speech(low))
    if form == "base" and noun:
        # "a karate kick" is a kick; "a person kick" and "a ninja kick" at the beginning are bad grammar
        acts = low in words.PEOPLE or (low in words.CREATURES and i == 2 and ws[0].opens_noun)
        return not (acts or any(w.lower == "and" for w in ws[:i]))
    return False
