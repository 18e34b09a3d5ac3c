"""What takes its verb from the words before it: "leans left, then right", "do that twice"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdm_adapter.prompts import times, words
from mdm_adapter.prompts.clauses import COMMAS, Clause, Joiner
from mdm_adapter.prompts.word import Word, lowers, names_move, noun_head

_NUMBER = times.SMALL
_OFTEN = {"once", "twice", "thrice", "times"}
_WHAT = (
    r"(?:it(?: all)?|that|this|them|so|everything|all of (?:it|this|that)|the (?:whole |entire )?(?:same )?"
    r"(?:thing|sequence|cycle|motion|movement|steps?|same))"
)
_REPEAT = re.compile(
    rf"(?:(?:he|she|they|it|you|i|we) )?(?:(?:repeat(?:s|ed|ing)?(?: {_WHAT})?|(?:do|does|did|doing) {_WHAT}|the same)(?: all over)?"
    r"|(?P<again>again)|(?=once|twice|thrice|\w+ times))(?: again)?"
    rf"(?: ?(?:(?P<adverb>once|twice|thrice)(?: more)?|(?P<count>\d+|{'|'.join(_NUMBER)}) (?P<more>more )?times?))?(?: again)?"
)


def repeats(clause: Clause, before: Sequence[Word]) -> int:
    """How many times more a clause such as "repeat three times" wants what came before; 0 for all others.

    The number is taken as that of all times together, unless it says "more". `before` are the words before it.
    """
    text = " ".join(w.lower for w in clause.spoken)
    match = _REPEAT.fullmatch(text)
    if not match or (match["again"] and before and before[-1].lower == "again"):
        return 0
    count = {"twice": 2, "thrice": 3}.get(match["adverb"] or "", 1)
    if match["count"]:
        count = _NUMBER.get(match["count"]) or int(match["count"] if match["count"].isdigit() else 1)
    more = match["more"] or re.search(r"\b(?:twice|thrice) more\b", text)
    return min(max(count if more else count - 1, 1), 200)


def share(before: Clause, clause: Clause, rest: Sequence[Clause]) -> Clause | None:
    """The clause of "right" in "leans left, then right", with the words of `before` that it takes over.

    `rest` is what follows in the sentence. None when the words go on with those before them.
    """
    verb = before.verb
    if verb is None or before.moves:
        return None
    ws = clause.spoken
    kind = _kind(ws)
    tail = before.words[before.words.index(verb) + 1 :]
    cut = _parallel(tail, ws, kind)
    does = verb.base == "do" and kind == "noun"
    cut = 0 if does and cut is None else cut
    if cut is None:
        return None
    if clause.joiner is not Joiner.THEN:
        # without "then" only a list of ways goes on: "up, down, left and right"
        row = next((i for i, c in enumerate([clause, *rest]) if not _goes_on(c)), len(rest) + 1)
        several = clause.joiner in COMMAS and (row > 1 or _opposite(tail, ws))
        # "the left arm, the right arm, then both"
        limbs = kind == "noun" and (does or _is_limb(ws)) and rest[:1] != [] and rest[0].joiner is Joiner.THEN
        limbs = limbs and not (rest[0].finite or rest[0].gerund) and (does or _is_limb(rest[0].spoken))
        # "with the left hand twice and the right once"
        limbs = limbs or (kind == "noun" and all({*lowers(w[-1:])} & _OFTEN for w in (tail, ws)))
        # "ten squats, five burpees"
        limbs = limbs or (kind == "noun" and _counts(ws[0]) and _nature(ws) == "move" and _counts(tail[cut]))
        if not limbs and (kind == "noun" or not _goes_on(clause) or not (before.shared or several)):
            return None
    elif kind == "noun" and cut and tail[-1].lower == "first":
        return None  # "puts on a coat with her right arm first and then her left"
    if cut and tail[cut - 1].lower == "first":
        before.words.remove(tail.pop(cut - 1))  # "first the arms and then the legs"
        cut -= 1
    taken = [w.copy() for w in (verb, *tail[:cut]) if w.text != '"']
    new = Clause(clause.joiner, clause.joined_by, [*taken, *clause.words], verb=taken[0], insert=taken[0])
    new.shared = True
    return new


def there_and_back(before: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True for "turns left, then right": a way there and back is one movement, unless "and then" parts it."""
    ws, verb = clause.spoken, before.verb
    if clause.joiner is not Joiner.THEN or any(w.lower == "and" for w in clause.joined_by) or verb is None:
        return False
    tail = before.words[before.words.index(verb) + 1 :]
    diagonally = any(w.lower == "diagonally" for w in tail)
    turns = verb.base in words.THERE_AND_BACK or diagonally or _both_ways(tail)
    further = bool(rest) and rest[0].joiner is Joiner.THEN and _kind(rest[0].spoken) != ""
    return turns and not (further or before.shared) and _opposite(tail, ws) and _kind(ws) != "noun"


def _goes_on(clause: Clause) -> bool:
    listing = clause.joiner in (*COMMAS, Joiner.AND, Joiner.THEN)
    return listing and not (clause.finite or clause.gerund) and _kind(clause.spoken) in ("way", "place")


def _kind(ws: Sequence[Word]) -> str:
    """What a run without a verb is: a way, a place, or a noun; empty for anything else."""
    if not ws:
        return ""
    if len(ws) > 1 and ws[0].lower in _OFTEN:
        return _kind(ws[1:])  # "twice forward"
    low, sided = ws[0].lower, ws[0].lower in words.SIDES and len(ws) > 1 and ws[1].is_noun
    if not sided and (low in words.WAYS or (low.endswith("ly") and ws[-1].lower in words.SIDES)):
        return "way"
    if ws[-1].lower in ("way", "direction") or lowers(ws[:3]) == ["all", "the", "way"] or low == "side":
        return "way"
    if low in words.PREPOSITIONS:
        return "place"
    if all(_is_manner(w) or (n and w.lower == "again") for n, w in enumerate(ws)):
        return "manner"
    head = noun_head(ws)
    return "noun" if ws[0].opens_noun or low in words.OTHERS or (head is not None and head.is_noun) else ""


def _parallel(tail: Sequence[Word], ws: Sequence[Word], kind: str) -> int | None:
    """Where in the words behind the verb stands what `ws` is put in place of."""
    if kind == "noun":
        return _parallel_noun(tail, ws)
    same = [i for i, w in enumerate(tail) if kind == "place" and w.lower == ws[0].lower]
    if same or not kind or (kind == "place" and ws[0].lower in words.MANNER_PREPOSITIONS):
        return same[-1] if same else None
    if kind == "manner":
        return next((i for i, w in enumerate(tail) if _is_manner(w)), None)
    places = words.PREPOSITIONS - words.MANNER_PREPOSITIONS
    return next((i for i, w in enumerate(tail) if w.lower in places or _is_way(tail, i)), None)


def _is_manner(word: Word) -> bool:
    adjective = word.tag.startswith("JJ") or (word.tag == "VBN" and word.form is None)
    return word.lower in words.MANNERS or adjective or (word.lower.endswith("ly") and word.is_adverb)


def _is_way(tail: Sequence[Word], i: int) -> bool:
    """True for the direction of "leans left", not for the side of "the left hand"."""
    noun = i + 1 < len(tail) and tail[i + 1].is_noun and tail[i].lower in words.SIDES
    return tail[i].lower in words.WAYS and not noun and not (i and tail[i - 1].opens_noun)


def _parallel_noun(tail: Sequence[Word], ws: Sequence[Word]) -> int | None:
    """The last noun phrase of the same nature: a limb for "the other", a move for "a kick"."""
    wanted = _nature(ws)
    own = [i for i, w in enumerate(tail) if w.opens_noun and w.lower == ws[0].lower]
    if own and wanted == "thing":
        return own[-1]  # "her arms, then her calves"
    counted = next((i for i, w in enumerate(tail) if _counts(w)), None)
    if counted is not None and _counts(ws[0]):
        return counted  # "three steps to the left and then three to the right"
    starts: list[int] = []
    both = {*lowers(ws)} & words.PREPOSITIONS  # "the left leg over the right, then the right over the left"
    tail = tail[: next((i for i, w in enumerate(tail) if w.lower in both), len(tail))]
    for i, word in enumerate(tail):
        sided = word.lower in words.SIDES and i + 1 < len(tail) and tail[i + 1].is_noun
        inner = i and (tail[i - 1].tag[:2] == "JJ" or tail[i - 1].is_noun)
        bare = (word.is_noun or word.lower in words.OTHERS or sided) and not inner
        if word.is_word and i - 1 not in starts and (word.opens_noun or word.tag == "CD" or bare):
            starts.append(i)
    for i in reversed(starts):
        stops = (j for j, w in enumerate(tail) if j in starts or not w.is_word or w.tag in ("IN", "TO"))
        found = _nature(tail[i : next((j for j in stops if j > i), len(tail))])
        limb = wanted == "side" or (found == "side" and wanted in ("body", "move"))
        if (wanted == found or limb) and not ("move" in (wanted, found) and i):
            return i  # of moves only what is done, not where
    return None


def _counts(word: Word) -> bool:
    return word.lower in words.NUMBERS or word.tag == "CD"


def _is_limb(ws: Sequence[Word]) -> bool:
    return _nature(ws) in ("body", "side")


def _nature(ws: Sequence[Word]) -> str:
    if any(w.lower in words.BODY for w in ws):
        return "body"
    sides = words.SIDES | words.OTHERS
    if any(w.lower in sides for w in ws) and not any(w.is_noun and w.lower not in sides for w in ws):
        return "side"
    head = noun_head([w for w in ws if w.is_word])
    return "move" if head is not None and names_move(head) else "thing"


def _axes(ws: Sequence[Word]) -> list[int]:
    return [words.OPPOSITES[w.lower] for w in ws if w.lower in words.OPPOSITES]


def _opposite(tail: Sequence[Word], ws: Sequence[Word]) -> bool:
    """True when both go opposite ways, or both go both ways."""
    first, second = _axes(tail), _axes(ws)
    return bool(first and second) and (first[-1] + second[-1] == 0 or (_both_ways(tail) and _both_ways(ws)))


def _both_ways(ws: Sequence[Word]) -> bool:
    """True for "back and forth" and "from left to right"."""
    axes = _axes(ws)
    return any(-axis in axes for axis in axes)
