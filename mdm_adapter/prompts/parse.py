"""Words of a sentence: which of them are verbs, and what spaCy's parser makes of the rest.

The model has read the news, where "waves" is a noun: of "A man waves", with each of 437 verbs of motion in
turn, it finds the verb in 44 %. Of "A man will wave" it finds 98 %. So each word that may be a verb where it
stands is written as a plain future for the parser ("A man will wave, then will bow"), and the tree is read
from that. The tree says who acts, where a relative clause ends, and what is the object of what.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mdm_adapter.prompts import words
from mdm_adapter.prompts.language import load_language
from mdm_adapter.prompts.verbs import Form, inflect, is_motion, parts_of_speech, readings

_TAG_FORMS: dict[str, Form] = {
    "VB": "base",
    "VBP": "base",
    "VBZ": "s",
    "VBG": "ing",
    "VBD": "past",
    "VBN": "part",
}


# hyphenated words, and the second half of "person A"
_ONE_WORD = re.compile(
    rf"[^\W\d_]+(?:-[^\W\d_]+)+|\b(?:[Pp]erson|{'|'.join(sorted(words.ACTORS))}) (?:[B-H]|A(?= [a-z]+s\b))\b"
)


@dataclass(eq=False)
class Word:
    """One word or mark. `guarded` ones stand in quotes or brackets, where nothing is split or rewritten.

    Words are compared by identity, since the same one may occur many times. `form` says as what verb it may
    be read where it stands, and `base` of which; None and "" for everything else.
    """

    text: str
    tag: str = ""
    space: bool = True
    start: int = 0
    guarded: bool = False
    form: Form | None = None
    base: str = ""
    # from the tree: the word that this one depends on, how, and the first word of what depends on it
    head: Word | None = None
    dep: str = ""
    # a duration that stood behind this word, one of the kind "after 2 seconds" that ended its action, and
    # the stretch of a timetable ("0-3 s: run") in which it stands
    seconds: float | None = None
    ended: float | None = None
    stretch: int | None = None
    lower: str = field(init=False)

    def __post_init__(self) -> None:
        self.lower = self.text.lower()

    @property
    def is_word(self) -> bool:
        return any(c.isalnum() for c in self.text)

    @property
    def is_noun(self) -> bool:
        return self.tag.startswith("NN") or self.lower in words.BODY or self.lower in words.PEOPLE

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
    def is_finite(self) -> bool:
        return self.form in ("s", "base", "past")

    @property
    def is_auxiliary(self) -> bool:
        return self.lower in words.AUXILIARIES

    def copy(self) -> Word:
        """The same word for a second place, without its duration."""
        twin = Word(self.text, self.tag, self.space, self.start, self.guarded, self.form, self.base)
        twin.head, twin.dep, twin.stretch = self.head, self.dep, self.stretch
        return twin


def read_sentences(text: str) -> list[list[Word]]:
    """The sentences of a text, tagged and parsed; hyphenated words stay whole."""
    ws = _tag(text)
    _guard(ws)
    sentences: list[list[Word]] = [[]]
    for word in ws:
        if not word.guarded and re.fullmatch(r"[.!?…]+", word.text):
            sentences.append([])
        elif word.text:
            sentences[-1].append(word)
    sentences = [s for s in sentences if any(w.is_word for w in s)]
    for sentence in sentences:
        find_verbs(sentence)
        _read_tree(sentence)
    return sentences


def find_verbs(ws: Sequence[Word]) -> None:
    """Fill in `form` and `base` of the words that may be verbs where they stand."""
    for i, word in enumerate(ws):
        word.form = _form(ws, i)
        if word.form == "past" and (word.lower, "base") in readings(word.lower):
            earlier = next((w for w in reversed(ws[:i]) if w.is_finite), None)
            word.form = "base" if earlier is not None and earlier.form == "base" else word.form
        word.base = _base(word) if word.form else ""


def _tag(text: str) -> list[Word]:
    from spacy.tokens import Doc

    language = load_language()
    doc = language.make_doc(text)
    with doc.retokenize() as retokenizer:
        for match in _ONE_WORD.finditer(text):
            span = doc.char_span(match.start(), match.end())
            if span is not None and len(span) > 1:
                retokenizer.merge(span)
    assert isinstance(doc, Doc)
    ws = [
        Word(t.text, t.tag_, bool(t.whitespace_), t.idx)
        for t in language(doc)
        if not t.is_space
    ]
    for word in ws:
        if word.lower in ("i", "i'm"):
            word.tag = "PRP"
    return ws


def _read_tree(ws: Sequence[Word]) -> None:
    """Parse a sentence in plain future and hang its words into the tree."""
    from spacy.tokens import Doc

    language = load_language()
    written: list[str] = []
    owners: list[Word] = []
    for word in ws:
        for text in _plain_future(word):
            written.append(text)
            owners.append(word)
    doc = language(Doc(language.vocab, words=written))
    for token, owner in zip(doc, owners):
        head = owners[token.head.i]
        if token.i + 1 < len(owners) and owners[token.i + 1] is owner:
            continue  # the "will" of a verb
        owner.head, owner.dep = (None if head is owner else head), token.dep_
        if not owner.form and not owner.guarded and not owner.is_noun and token.tag_.startswith("NN"):
            continue


def _plain_future(word: Word) -> list[str]:
    low = word.lower
    if word.form not in ("s", "base", "past"):
        return [word.text]
    if low in words.BE:
        return ["will", "be"]
    if low in words.MODALS:
        return [word.text]
    return ["will", word.base or low]


def _base(word: Word) -> str:
    """The plain form of a word read as a verb in its form."""
    for base, form in readings(word.lower):
        if form == word.form:
            return base
    if word.form == "s" and word.lower.endswith("s"):
        return word.lower[:-1]
    return word.lower


def _form(ws: Sequence[Word], i: int) -> Form | None:
    """The form in which word `i` may be a verb, or None when it is none or stands where a noun stands."""
    word = ws[i]
    low = word.lower
    if word.guarded or low in words.NEVER_VERBS or not word.is_word:
        return "past" if low == "left" and i and _left_somewhere(ws, i) else None
    if word.is_auxiliary:
        return _auxiliary(ws, i)
    forms = _possible_forms(ws, i)
    if not forms:
        return None
    tagged = _TAG_FORMS.get(word.tag)
    form = tagged if tagged in forms else forms[0]
    if i == 0 and form in ("past", "part") and "base" in forms:
        form = "base"  # "put it down": without a subject an order, not the past
    if "base" in forms and low in words.ADJECTIVE_VERBS and not _verb_like_next(ws, i):
        return None
    return None if _stands_as_noun(ws, i, form) else form


def _possible_forms(ws: Sequence[Word], i: int) -> list[Form]:
    word = ws[i]
    low = word.lower
    tagged = _TAG_FORMS.get(word.tag)
    name = low in words.NAMES and word.tag == "NNP" and word.text[0].isupper()
    if not low.isalpha() and "-" not in low or (name and not _verb_like_next(ws, i)):
        return []
    forms = [form for _, form in readings(low)]
    if low == "face":
        after = ws[i + 1].lower if i + 1 < len(ws) else ""
        opens = i == 0 or ws[i - 1].lower in ("then", "and")
        return ["base"] if opens and after in words.DIRECTIONS | words.DETERMINERS else []
    if is_motion(low):
        return forms
    nouns = words.MOVE_NOUNS | words.UNCOUNTED
    if low in words.PREPOSITIONS | words.ADVERBS | words.DETERMINERS | nouns:
        return []
    if tagged is not None and not (tagged == "s" and not low.endswith("s")):
        return forms or [tagged]
    kinds = parts_of_speech(low)
    if forms and kinds == {"VERB"}:
        return forms
    if "s" in forms and (_listed_verb(ws, i) or _behind_subject(ws, i)):
        return ["s"]
    # "hums" in "a girl hums": a plural right behind one person is an unknown verb
    before = ws[i - 1] if i else None
    person = before is not None and (
        (before.lower in words.ACTORS and not before.is_plural) or before.lower in ("he", "she")
    )
    nameless = low not in words.MOVE_NOUNS and low not in words.BODY and low not in words.PEOPLE
    if person and low.endswith("s") and not low.endswith("ss") and word.tag.startswith("NN") and nameless:
        return ["s"]
    return []


def _behind_subject(ws: Sequence[Word], i: int) -> bool:
    """True for "blows" in "a cowboy blows on his gun": nothing but one noun with its article before it."""
    j = i
    while j and ws[j - 1].tag[:2] in ("NN", "JJ") and not ws[j - 1].form:
        j -= 1
    article = j and ws[j - 1].lower in words.DETERMINERS | words.POSSESSIVES
    opens = j == 1 or (j > 1 and (not ws[j - 2].is_word or ws[j - 2].lower in ("and", "then")))
    noun = i > j and ws[i - 1].tag == "NN" and ws[i - 1].lower not in words.MOVE_NOUNS
    after = ws[i + 1] if i + 1 < len(ws) else None
    goes_on = after is None or not after.is_word or after.is_adverb or after.tag in ("IN", "DT", "PRP$", "PRP", "CC", "TO", "RP", "CD")
    return bool(article and opens and noun and goes_on)


def _listed_verb(ws: Sequence[Word], i: int) -> bool:
    """True for "honks" in "drives a car, honks, waves": a word alone between commas, in a list of verbs."""
    before = i - 2 if i > 2 and ws[i - 1].lower == "and" else i - 1
    if i < 2 or ws[before].text != "," or not any(w.form == "s" for w in ws[:i]):
        return False
    if i + 1 < len(ws) and ws[i + 1].is_word and ws[i + 1].lower not in ("and", "then"):
        return False
    following = next((w for w in ws[i + 1 :] if w.is_word and w.lower not in ("and", "then")), None)
    listed = following is not None and is_motion(following.lower) and following.lower.endswith("s")
    return listed or not ws[before - 1].is_noun


def _auxiliary(ws: Sequence[Word], i: int) -> Form | None:
    low = ws[i].lower
    if low == "'s":
        # "he's walking" against "the man's arm"
        return "s" if i and (ws[i - 1].lower in words.SUBJECT_PRONOUNS or ws[i].tag == "VBZ") else None
    if low == "be":
        return None if i else "base"
    if low in ("does", "has", "is"):
        return "s"
    if low in ("did", "had", "was", "were"):
        return "past"
    if low in ("will", "can", "might") and ws[i].tag.startswith("NN"):
        return None
    if low in ("do", "have") and i and ws[i - 1].lower == "to":
        return None
    return "base"


def _left_somewhere(ws: Sequence[Word], i: int) -> bool:
    """True for "he left": the only place where "left" is the verb."""
    return ws[i - 1].lower in words.SUBJECT_PRONOUNS and (
        i + 1 == len(ws) or ws[i + 1].lower in ("the", "through", "by", ".", ",")
    )


def _verb_like_next(ws: Sequence[Word], i: int) -> bool:
    after = ws[i + 1] if i + 1 < len(ws) else None
    if after is None or not after.is_word:
        return ws[i].tag.startswith("VB") or ws[i].lower in ("idle", "limp", "lead")
    if after.lower in words.DETERMINERS | words.POSSESSIVES or after.is_adverb or after.tag == "PRP":
        return True
    if i and not ws[i - 1].is_word and after.lower in words.BODY and any(w.form == "base" for w in ws[:i]):
        return True  # "raise arm, lower arm"
    return after.lower in words.PREPOSITIONS or after.lower in words.DIRECTIONS


def _stands_as_noun(ws: Sequence[Word], i: int, form: Form) -> bool:
    """True when the neighbours of a possible verb make it a noun, an adjective or an infinitive."""
    word = ws[i]
    run_on = ws[0].form == "base" and len(ws) > 4 and ws[0].base not in words.LIGHT_VERBS and _unmarked(ws)
    after = ws[i + 1] if i + 1 < len(ws) else None
    if after is not None and form in ("base", "ing"):
        if after.lower in words.MOVE_COMPOUNDS and not (after.lower in ("pose", "steps") and form == "base"):
            return True
        if form == "base" and after.lower in ("of", "is", "are", "was"):
            return True
    if i == 0:
        return False
    before = ws[i - 1]
    low = before.lower
    if low in words.LEADING_SEQUENCE and (i == 1 or not ws[i - 2].is_word) and form == "base":
        return False  # "first crouch"
    if low in words.DETERMINERS or low in words.POSSESSIVES or low == "to":
        return True
    if low in words.NUMBERS or before.tag == "CD":
        return not (form == "base" and i > 1 and ws[i - 2].lower in ("the", "these", "all", "both"))
    if low in ("left", "right"):
        place = i > 2 and ws[i - 2].lower == "the" and ws[i - 3].lower in ("on", "to", "at")
        way = i > 1 and ws[i - 2].base in words.WAY_VERBS and form == ws[i - 2].form
        return not (place or way)
    if low in words.PREPOSITIONS and low not in words.PARTICLES:
        return True
    if before.tag.startswith("JJ") and low not in words.DIRECTIONS and not before.is_adverb:
        if form == "s" and i == 2 and ws[0].lower in words.DETERMINERS and "NOUN" in parts_of_speech(low):
            return False  # "the patient coughs"
        return form in ("base", "ing", "s") and low not in words.PEOPLE
    if before.is_noun and not before.is_plural:
        if form == "base":
            # "a karate kick" is a kick, "a person kick" is bad grammar
            couple = any(w.lower == "and" for w in ws[:i]) and any(
                w.tag == "NNP" or w.lower in words.ACTORS for w in ws[:i]
            )
            opens = i == 1 or not ws[i - 2].is_word or ws[i - 2].lower in ("and", "then")
            if low in words.VERB_PREFIXES and opens and word.base in words.NOT_MOVES:
                return False  # "shadow box"
            if run_on and i > 1 and ws[i - 2].lower in words.DETERMINERS and word.lower not in words.NOT_MOVES:
                return False  # "jump over the box land roll"
            if low in words.CREATURES and i == 2 and ws[0].lower in words.DETERMINERS:
                return False
            return low not in words.PEOPLE and not couple
        return form == "s" and _counted(ws, i)
    return False


def _unmarked(ws: Sequence[Word]) -> bool:
    """True for a sentence without a comma or a connector."""
    return all(w.is_word and w.lower not in ("and", "then", "before", "after", "while", "as") for w in ws)


def _counted(ws: Sequence[Word], i: int) -> bool:
    """True for "three leg kicks": a number before a singular noun counts the word that follows."""
    j = i - 1
    while j > 0 and ws[j - 1].tag[:2] in ("JJ", "NN") and ws[j - 1].lower not in words.NUMBERS:
        j -= 1
    number = ws[j - 1] if j > 0 else None
    if number is None or number.lower in ("one", "1"):
        return False
    return number.lower in words.NUMBERS or number.tag == "CD"


def _guard(ws: list[Word]) -> None:
    quoted = False
    if sum(w.text == '"' for w in ws) % 2 == 0:
        for word in ws:
            if word.text == '"':
                quoted = not quoted
                word.guarded = True
            elif quoted:
                word.guarded = True
    opened: list[int] = []
    for i, word in enumerate(ws):
        if word.text in ("(", "["):
            opened.append(i)
        elif word.text in (")", "]"):
            if opened:
                for inner in ws[opened.pop() : i + 1]:
                    inner.guarded = True
            else:
                word.text = ""
    for i in opened:
        ws[i].text = ""
