"""The hard breaks of a prompt, found in the characters: lines, list markers, arrows, semicolons, game names."""

from __future__ import annotations

import re

from mdm_adapter.prompts.action import shorten

MAX_WORD = 100

_STEP = r"(?:step|action|part|clip|motion|scene)"
_COUNT = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten"
_NUMBERED = re.compile(
    rf"(?P<line>^|\n)[ \t]*(?:{_STEP}\s*(?P<word>{_COUNT})|[(\[#]?(?P<first>\d{{1,3}}))\s*[.):,\]-]+\s*(?=[^\W\d_]|[\"'])"
    rf"|(?<=[\s,;.])(?:{_STEP}\s+(?P<inner_word>{_COUNT})\s*[.):,\]-]\s*|[(\[#]?(?P<inner>\d{{1,3}})\s?[.):\]]\s*)(?=[^\W\d_]|[\"'])",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"(?:^|(?<=[\s,;.]))\(?(?P<letter>[a-h]|i{1,3}|iv|vi{0,3})\)\s+(?=[^\W\d_])")
_ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"]
_BREAK = re.compile(
    r"\s*(?:\n\s*(?:[-*•–—·●▪+>]+\s+)?|;|[•●▪]|[-–—=~]{1,4}>|[→⇒➜➔➝⟶»]|(?<=\s)[>+]+(?=\s)|(?<=\s)/+(?=\s)|>>+)\s*"
)
_QUOTED_ITEM = re.compile(r"\s*([\"'])([^\"']+)\1\s*(?:(?:[,.]|->?|,?\s*and then\b|,?\s*then\b|,?\s*and\b)\s*)?")
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
    """Cut a tidy text at lines, list markers, arrows and semicolons; the pieces are stripped and never empty."""
    text = _unquote(text)
    text = _join_wrapped_lines(text)
    text = _mark_numbers(text)
    text = re.sub(r"(?:^|(?<=\n))(?:first|second|third|fourth|fifth|last|finally|then|next)\s*:\s*", "", text, flags=re.I)
    # a run of one mark means no more than three of it, and the tokenizer needs quadratic time for long ones
    text = re.sub(r"([^\w\s])\1{3,}", r"\1\1\1", text)
    # "jumps.Then bows": a missing space would glue the two sentences into one word
    text = re.sub(r"(?<=[^\W\d_]{2})([.!?;,])(?=[^\W\d_]{2})", r"\1 ", text)
    pieces = [re.sub(r"^(?:[-*•–—·+>]+\s+)+", "", piece.strip()) for piece in _BREAK.split(text)]
    for word in (word for piece in pieces for word in piece.split()):
        if len(word) > MAX_WORD:
            raise ValueError(
                f"the word {shorten(word, 30)!r} has {len(word)} letters; put spaces between words"
            )
    return [" ".join(piece.split()) for piece in pieces if any(c.isalnum() for c in piece)]


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
        items.append(match[2])
        position = match.end()
    return "\n".join(items)


def _join_wrapped_lines(text: str) -> str:
    joined: list[str] = []
    for line in (line.strip() for line in text.split("\n")):
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
    names = [m["first"] or m["word"] or m["inner"] or m["inner_word"] for m in markers]
    words = _COUNT.split("|")
    numbers = [int(n) if n.isdigit() else words.index(n.lower()) for n in names]
    counts_up = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    if markers and (counts_up or all(m["line"] is not None for m in markers)):
        text = _NUMBERED.sub("\n", text)
    elif any(m["line"] is not None for m in markers):
        text = _NUMBERED.sub(lambda m: "\n" if m["line"] is not None else m[0], text)
    letters = [m["letter"] for m in _LETTERED.finditer(text)]
    if len(letters) > 1 and letters in (list("abcdefgh"[: len(letters)]), _ROMAN[: len(letters)]):
        text = _LETTERED.sub("\n", text)
    return text
