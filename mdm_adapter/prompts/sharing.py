"""What takes its verb from the words before it: "leans left, then right", "do that twice"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import Chunk, Clause, Joiner, Kind, names_move, noun_head
from mdm_adapter.prompts.parse import Word

_NUMBER = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten".split())}
_COUNTED = rf"(?P<count>\d+|{'|'.join(_NUMBER)})\s+(?P<more>more\s+)?times?"
_WHAT = (
    r"(?:it|that|this|them|so|everything|all of (?:it|this|that)|the (?:whole |entire )?(?:same )?"
    r"(?:thing|sequence|cycle|motion|movement|steps?|same))"
)
_REPEAT = re.compile(
    rf"(?:(?:he|she|they|it|you|i|we)\s+)?(?:(?:repeat(?:s|ed|ing)?(?:\s+{_WHAT})?|(?:do|does|did|doing)\s+{_WHAT})(?:\s+all over)?"
    rf"|(?P<bare>again))(?:\s+again)?(?:\s+(?:(?P<adverb>once more|once|twice|thrice)|{_COUNTED}))?(?:\s+again)?"
)


def repeats(chunk: Chunk, before: Sequence[Word]) -> int:
    """How many times more a chunk such as "repeat three times" wants what came before; 0 for all others.

    The number is taken as that of all times together, unless it says "more".
    """
    text = " ".join(w.lower for w in chunk.words if w.is_word)
    match = _REPEAT.fullmatch(text) or _REPEAT.fullmatch(f"repeat {text}")
    if match is None or (match["bare"] and before and before[-1].lower == "again"):
        return 0
    if match["adverb"]:
        return {"once more": 1, "once": 1, "twice": 1, "thrice": 2}[match["adverb"]]
    if not match["count"]:
        return 1
    count = _NUMBER.get(match["count"]) or int(match["count"] if match["count"].isdigit() else 1)
    return min(max(count if match["more"] else count - 1, 1), 200)


def share(
    before: list[Word], clause: Clause, chunk: Chunk, rest: Sequence[Chunk], listed: bool
) -> Clause | None:
    """The clause of "right" in "leans left, then right", with the words of `before` that it takes over.

    `rest` is the rest of the sentence, `chunk` first; `listed` says that what came before has itself taken
    its verb from elsewhere. None when the chunk goes on with the words before it.
    """
    verb = clause.verb
    if verb is None or verb not in before or clause.kind is Kind.MOVE:
        return None
    ws = [w for w in chunk.words if w.is_word]
    if len(ws) > 1 and ws[0].lower == "again":
        ws = ws[1:]
    kind = _kind(ws)
    tail = before[before.index(verb) + 1 :]
    cut = _parallel(tail, ws, kind)
    if not kind or cut is None:
        return None
    if chunk.joiner is not Joiner.THEN:
        if kind == "noun" or chunk.joiner not in (Joiner.COMMA, Joiner.COMMA_AND, Joiner.AND):
            return None
        fragments = _run_of_fragments(rest)
        opposite = chunk.joiner is Joiner.COMMA and _opposite(tail, ws)
        if not (listed or fragments >= 2 or opposite) or (chunk.joiner is Joiner.AND and not listed):
            return None
    elif kind == "noun" and cut and tail[-1].lower == "first":
        return None  # "puts on a coat with her right arm first and then her left"
    if cut and tail[cut - 1].lower == "first":
        before.remove(tail[cut - 1])  # "first the arms and then the legs"
        cut, tail = cut - 1, [w for w in tail if w is not tail[cut - 1]]
    taken = [w.copy() for w in (verb, *tail[:cut])]
    whole = [*taken, *chunk.words]
    kind_of = Kind.GERUND if clause.form == "ing" else Kind.VERB
    return Clause(kind_of, whole, taken[0], clause.form, insert=taken[0])


def there_and_back(before: Sequence[Word], clause: Clause, chunk: Chunk, rest: Sequence[Chunk]) -> bool:
    """True for "turns left, then right": a way there and back is one movement, unless "and then" parts it."""
    ws = [w for w in chunk.words if w.is_word]
    if chunk.joiner is not Joiner.THEN or any(w.lower == "and" for w in chunk.joined_by) or clause.verb is None:
        return False
    tail = before[before.index(clause.verb) + 1 :]
    zigzag = any(w.lower == "diagonally" for w in tail) or _both_ways(tail)
    if not (zigzag or clause.base in words.THERE_AND_BACK) or not _opposite(tail, ws) or _kind(ws) == "noun":
        return False
    return not (rest and rest[0].joiner is Joiner.THEN and _kind([w for w in rest[0].words if w.is_word]))


def _kind(ws: Sequence[Word]) -> str:
    """What a run without a verb is: a direction, a place, or a noun; empty for anything else."""
    if not ws:
        return ""
    if ws[0].lower in words.SIDES and len(ws) > 1 and ws[1].is_noun:
        return "noun"
    if ws[0].lower in words.WAYS or (ws[0].lower.endswith("ly") and ws[-1].lower in words.SIDES):
        return "way"
    if ws[0].lower in words.PREPOSITIONS:
        return "place"
    head = noun_head(ws)
    opens = ws[0].lower in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS | words.OTHERS
    return "noun" if opens or (head is not None and head.is_noun) else ""


def _parallel(tail: Sequence[Word], ws: Sequence[Word], kind: str) -> int | None:
    """Where in the words behind the verb stands what `ws` is put in place of."""
    if kind == "noun":
        return _parallel_noun(tail, ws)
    same = [i for i, w in enumerate(tail) if kind == "place" and w.lower == ws[0].lower]
    ways = [i for i, w in enumerate(tail) if _is_way(tail, i)]
    where = words.PREPOSITIONS - words.MANNER_PREPOSITIONS
    places = [i for i, w in enumerate(tail) if w.lower in words.WAY_PREPOSITIONS and i not in ways]
    if same:
        return same[-1]
    if kind == "way" or ws[0].lower in where:
        return min([*ways, *places], default=None)
    return None


def _is_way(tail: Sequence[Word], i: int) -> bool:
    """True for the direction of "leans left", not for the side of "the left hand"."""
    if tail[i].lower not in words.WAYS:
        return False
    before = tail[i - 1].lower if i else ""
    after = tail[i + 1] if i + 1 < len(tail) else None
    noun = after is not None and after.is_noun and tail[i].lower in words.SIDES
    return not noun and before not in words.DETERMINERS | words.POSSESSIVES


def _parallel_noun(tail: Sequence[Word], ws: Sequence[Word]) -> int | None:
    """The last noun phrase of the same nature: a limb for "the other", a move for "a kick"."""
    wanted = _nature(ws)
    starts = [i for i, w in enumerate(tail) if _opens_noun(tail, i)]
    for i in reversed(starts):
        if wanted == "move" and i:
            continue  # only what is done, not where
        end = next((j for j in range(i + 1, len(tail)) if j in starts or _ends_noun(tail[j])), len(tail))
        found = _nature(tail[i:end])
        if wanted == found or (wanted == "side" and found != "move") or (wanted, found) == ("body", "side"):
            return i
    return None


def _opens_noun(tail: Sequence[Word], i: int) -> bool:
    word = tail[i]
    before = tail[i - 1] if i else None
    if not word.is_word or (before is not None and (_opens_noun(tail, i - 1) or before.tag[:2] == "JJ")):
        return False
    opens = word.lower in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS or word.tag in ("CD", "PRP$")
    bare = word.is_noun or (word.lower in words.SIDES and i + 1 < len(tail) and tail[i + 1].is_noun)
    return opens or (bare and not (before is not None and before.is_noun))


def _ends_noun(word: Word) -> bool:
    return not word.is_word or word.lower in words.PREPOSITIONS or word.tag in ("IN", "TO")


def _nature(ws: Sequence[Word]) -> str:
    lowers = [w.lower for w in ws if w.is_word]
    if any(low in words.BODY for low in lowers):
        return "body"
    if lowers and (set(lowers) & (words.SIDES | words.OTHERS)) and not any(
        w.is_noun and w.lower not in words.SIDES | words.OTHERS for w in ws
    ):
        return "side"
    head = noun_head([w for w in ws if w.is_word])
    return "move" if head is not None and names_move(head) else "thing"


def _opposite(tail: Sequence[Word], ws: Sequence[Word]) -> bool:
    """True when the directions of both are opposite, or one of them goes both ways by itself."""
    first = [words.OPPOSITES[w.lower] for w in tail if w.lower in words.OPPOSITES]
    second = [words.OPPOSITES[w.lower] for w in ws if w.lower in words.OPPOSITES]
    if not first or not second:
        return False
    return first[-1] + second[-1] == 0 or (_both_ways(tail) and _both_ways(ws))


def _both_ways(ws: Sequence[Word]) -> bool:
    """True for "back and forth" and "from left to right"."""
    axes = [words.OPPOSITES[w.lower] for w in ws if w.lower in words.OPPOSITES]
    return any(-axis in axes for axis in axes)


def _run_of_fragments(rest: Sequence[Chunk]) -> int:
    """How many directions or places in a row stand at the beginning of `rest`."""
    count = 0
    for chunk in rest:
        listing = chunk.joiner in (Joiner.COMMA, Joiner.COMMA_AND, Joiner.AND, Joiner.THEN)
        if not listing or chunk.clause.acts or _kind([w for w in chunk.words if w.is_word]) not in ("way", "place"):
            break
        count += 1
    return count
