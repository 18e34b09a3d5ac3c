"""The hard breaks of a prompt, found in the characters: lines, list markers, arrows, semicolons."""

from __future__ import annotations

import re
import unicodedata

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import shorten

MAX_WORD = 100

_STEP = r"(?:step|action|part|clip|motion)"
_NUMBERED = re.compile(
    rf"(?P<line>^|\n)[ \t]*(?:{_STEP}\s*)?[(\[#]?(?P<first>\d{{1,3}})\s*[.):\]-]+\s*(?=[^\W\d_]|[\"'])"
    rf"|(?<=[\s,;.])(?:{_STEP}\s+)?[(\[#]?(?P<inner>\d{{1,3}})\s?[.):\]]\s*(?=[^\W\d_]|[\"'])",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"(?:^|(?<=[\s,;.]))\(?(?P<letter>[a-h])\)\s+(?=[^\W\d_])")
_BREAK = re.compile(
    r"\s*(?:\n\s*(?:[-*•–—·●▪+>]+\s+)?|;|[•●▪]|[-–—=~]{1,4}>|[→⇒➜➔➝⟶»]|(?<=\s)>+(?=\s)|(?<=\s)/+(?=\s)|>>+)\s*"
)
_LABEL = re.compile(
    r"^\s*(?:(?:text|input)?\s*prompt|text|description|caption|animation|motion|sequence|actions?|scene)"
    r"(?:\s*\d+)?\s*:\s*",
    re.IGNORECASE,
)
_PICTURE = r"(?:animation|video|motion|clip|sequence|recording|mocap|footage|scene|gif)"
_ACTORS = "|".join(sorted(words.PEOPLE | words.CREATURES))
_SOMEBODY = rf"(?P<who>(?:an?|the|two|three|some)\s+(?:[a-z-]+\s+){{0,2}}?(?:{_ACTORS})\b)"
# what stands before the actor in "make the character walk", "a video of a man walking", "we see a man"
_LEAD = re.compile(
    r"^(?:please\s+)?(?:(?:can|could|would)\s+you\s+)?(?:please\s+)?"
    r"(?:(?:make|have|let|animate|generate|create|show|show\s+me|give\s+me|draw|render|produce|simulate"
    r"|i\s+want|i\s+would\s+like|i'd\s+like|we\s+see|you\s+see)\s+)?"
    rf"(?:(?:an?\s+|the\s+)?(?:short\s+|looping\s+)?{_PICTURE}\s+"
    rf"(?:of|where|in\s+which|showing|with)\s+)?{_SOMEBODY}"
    r"(?P<to>\s+to)?(?=\s+[a-z])",
    re.IGNORECASE,
)
_QUOTED_ITEM = re.compile(r"\s*\"([^\"]+)\"\s*(?:[,.]|,?\s*(?:and\s+)?then\b|,?\s*and\b)?\s*")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′`´", "'"))
# A line that ends in one of these goes on in the next one.
_OPEN_END = re.compile(
    r"\b(?:a|an|the|his|her|its|their|my|your|with|to|of|in|on|at|for|from|into|and|then|while|as|or|is|are)$",
    re.I,
)
_CLOSES = re.compile(r"[.!?:;,]$")
_LOWER_CONTINUATION = re.compile(
    r"(?:forwards?|backwards?|left|right|around|up|down|with|on|in|to|into|onto|at|of|while|as|using|towards?|from)\b"
)


def hard_segments(text: str) -> list[str]:
    """Cut a text at lines, list markers, arrows and semicolons; the pieces are stripped and never empty."""
    # collapsing runs of blanks first also keeps every pattern below linear
    text = re.sub(r" *\n[ \n]*", "\n", re.sub(r"[^\S\n]+", " ", text.translate(_QUOTES))).strip()
    text = lower_if_shouted(text)
    text = _LABEL.sub("", text, count=1)
    text = _unquote(text)
    text = _LEAD.sub(lambda m: m["who"], text, count=1)
    text = _join_wrapped_lines(text)
    text = _mark_numbers(text)
    text = re.sub(r"\blet(?:'s|\s+us)\s+", "", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(sit|push|pull|chin|press) ups\b", r"\1-ups", text, flags=re.IGNORECASE)
    # a run of one mark means no more than three of it, and the tokenizer needs quadratic time for long ones
    text = re.sub(r"([^\w\s])\1{3,}", r"\1\1\1", text)
    # "jumps.Then bows": a missing space would glue the two sentences into one word
    text = re.sub(r"(?<=[^\W\d_]{2})([.!?;,])(?=[^\W\d_]{2})", r"\1 ", text)
    pieces = [re.sub(r"^(?:[-*•–—·+>]+\s+)+", "", piece.strip()) for piece in _BREAK.split(text)]
    pieces = ["".join(c for c in piece if c == "°" or unicodedata.category(c) != "So") for piece in pieces]
    for word in (word for piece in pieces for word in piece.split()):
        if len(word) > MAX_WORD:
            raise ValueError(
                f"the word {shorten(word, 30)!r} has {len(word)} letters; put spaces between words"
            )
    return [" ".join(piece.split()) for piece in pieces if any(c.isalnum() for c in piece)]


def lower_if_shouted(text: str) -> str:
    """Lower-case a text that is all capitals or In Title Case: both mislead the tagger."""
    letters = [c for c in text if c.isalpha()]
    words = [w for w in re.findall(r"[^\W\d_]+", text) if len(w) > 1]
    if len(words) < 2:
        return text.lower() if len(letters) > 2 and all(c.isupper() for c in letters) else text
    if sum(c.isupper() for c in letters) > 0.7 * len(letters):
        return text.lower()
    titled = sum(w[0].isupper() and w[1:].islower() for w in words)
    return text.lower() if len(words) >= 4 and titled >= 0.75 * len(words) else text


def _unquote(text: str) -> str:
    """Remove quotes round the whole text, and turn a row of quoted items into lines."""
    bare = text.strip()
    if len(bare) > 2 and bare[0] == bare[-1] == "'" and bare.count("'") == 2:
        return bare[1:-1]
    if bare.count('"') % 2:
        return bare.replace('"', " ")
    position = 0
    items: list[str] = []
    while position < len(bare):
        match = _QUOTED_ITEM.match(bare, position)
        if match is None:
            return bare
        items.append(match[1])
        position = match.end()
    return "\n".join(items)


def _join_wrapped_lines(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    joined: list[str] = []
    for line in lines:
        before = joined[-1] if joined else ""
        wrapped = before and line and not _CLOSES.search(before)
        if wrapped and (_OPEN_END.search(before) or _LOWER_CONTINUATION.match(line)):
            joined[-1] = f"{before} {line}"
        else:
            joined.append(line)
    return "\n".join(joined)


def _mark_numbers(text: str) -> str:
    """Turn list markers into line breaks: those at a line's start, and inner ones that count 1, 2, 3..."""
    markers = list(_NUMBERED.finditer(text))
    numbers = [int(m["first"] or m["inner"]) for m in markers]
    counts_up = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    if markers and (counts_up or all(m["first"] for m in markers)):
        text = _NUMBERED.sub("\n", text)
    elif any(m["first"] for m in markers):
        text = _NUMBERED.sub(lambda m: "\n" if m["first"] else m[0], text)
    letters = [m["letter"] for m in _LETTERED.finditer(text)]
    if len(letters) > 1 and letters == list("abcdefgh"[: len(letters)]):
        text = _LETTERED.sub("\n", text)
    return text
