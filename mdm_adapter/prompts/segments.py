"""The hard breaks of a prompt, found in the characters: lines, list markers, arrows, semicolons, game names."""

from __future__ import annotations

import re

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import shorten
from mdm_adapter.prompts.verbs import inflect, is_motion, readings

MAX_WORD = 100

_STEP = r"(?:step|action|part|clip|motion|scene|prompt|animation|beat|shot|phase|stage)"
_COUNT = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten"
_NUMBERED = re.compile(
    rf"(?P<line>^|\n)[ \t]*(?:(?:{_STEP}\s*|#)(?P<word>{_COUNT})\b\s*[.):,\]-]*|[(\[]?(?P<first>\d{{1,3}})\s*[.):,\]-]+)"
    rf"\s*(?=[^\W\d_]|[\"']|\d+ ?s\b)"
    rf"|(?<=[\s,;.])(?:(?:{_STEP}\s*|#)(?P<inner_word>{_COUNT})\b\s*[.):,\]-]?\s*"
    rf"|[(\[]?(?P<inner>\d{{1,3}})\s?[.):\]]\s*)(?=[^\W\d_]|[\"']|\d+ ?s\b)",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"(?:^|(?<=[\s,;.]))\(?(?P<letter>[a-h]|i{1,3}|iv|vi{0,3})[).]\s+(?=[^\W\d_])")
_ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"]
_BREAK = re.compile(
    r"\s*(?:\n\s*(?:[-*•–—·●▪+>]+\s+)?|;|[•●▪]|[-–—=~]{1,4}>|[→⇒➜➔➝⟶»]|(?<=\s)[>+]+(?=\s)|(?<=[a-z])[>+](?=[a-z])|(?<!\band)(?<!\bhe)(?<!\bhis)(?<=[a-z]{2})/(?=[a-z]{2})|(?<=\s)/+(?=\s)|>>+)\s*"
)
_QUOTED_ITEM = re.compile(r"\s*([\"'])([^\"']+)\1\s*(?:(?:,?\s*(?:and )?then\b|,?\s*and\b|[,.]|->?)\s*)?")
# A line that ends or begins with one of these words goes on in the next one, or goes on with the one before.
_WRAPPED = re.compile(
    r"\b((?i:a|an|the|his|her|its|their|my|your|with|to|of|in|on|at|for|from|into|and|then|while|as|or|is|are))\n"
    r"|(?<![.!?:;,])\n(?=(?:forwards?|backwards?|left|right|around|up|down|with|on|in|to|into|onto|at|of|while|as"
    r"|using|towards?|from)\b)"
)
_ORDINAL = re.compile(r"(?:^|(?<=\n))(?:first|second|third|fourth|fifth|last|finally|then|next)\s*:\s*", re.I)

# "run_fwd_02" and "TurnLeft"
_CAMEL = r"(?:(?:[A-Z][a-z]+){2,}\d*|[A-Za-z]{3,}\d+)"
_GAME_NAME = re.compile(rf"(?<![\w'-])(?:[A-Za-z]+(?:_[A-Za-z0-9]+)+|{_CAMEL})(?![\w'-])")
_ABBREVIATIONS = """
    fwd=forward, fw=forward, bwd=backward, bck=backward, bkwd=backward, l=left, lft=left, r=right,
    rgt=right, rt=right, dn=down, atk=attack, death=die, dead=die, pickup=pick up, standup=stand up,
    sitdown=sit down, getup=get up, anim=, clip=, mocap=, loop=, a=, f=, m=, v=, char=, player=
"""
_GAME_PARTS = dict(pair.strip().split("=") for pair in _ABBREVIATIONS.strip().split(","))


def hard_segments(text: str) -> list[str]:
    """Cut a tidy text at lines, list markers, arrows and semicolons; the pieces are stripped and never empty."""
    text = _unquote(spell_out_names(text))
    text = _WRAPPED.sub(lambda m: f"{m[1] or ''} ", text)
    text = _mark_numbers(text)
    text = _ORDINAL.sub("", text)
    # a run of one mark means no more than three of it, and the tokenizer needs quadratic time for long ones
    text = re.sub(r"([^\w\s])\1{3,}", r"\1\1\1", text)
    # "jumps.Then bows": a missing space would glue the two sentences into one word
    text = re.sub(r"(?<=[^\W\d_]{2})([.!?;,])(?=[^\W\d_]{2})", r"\1 ", text)
    pieces = [re.sub(r"^(?:[-*•–—·+>]+\s+)+", "", piece.strip()) for piece in _BREAK.split(text)]
    for word in (word for piece in pieces for word in piece.split()):
        if len(word) > MAX_WORD:
            raise ValueError(f"the word {shorten(word, 30)!r} has {len(word)} letters; put spaces between")
    pieces = [" ".join(_closed(piece).split()) for piece in pieces if any(c.isalnum() for c in piece)]
    return [re.sub(r'^"([^"]+)"$', r"\1", piece) for piece in pieces]


def _closed(text: str) -> str:
    """A text without the quotes and brackets of which one is missing."""
    odd = text.count('"') % 2 or text.count("(") != text.count(")") or text.count("[") != text.count("]")
    return re.sub(r'["()\[\]]', " ", text) if odd else text


def spell_out_names(text: str) -> str:
    """Game-style names of clips as orders, each on its line: "run_fwd, idle_02" is "run forward", "stand idle"."""
    camels = all(re.fullmatch(f"{_CAMEL}|[A-Z][a-z]+", item) for item in re.split(r"\W+", text))
    camels = camels and bool(re.search(r"\b[A-Z][a-z]+[A-Z]|[a-z]\d", text))
    if not camels and not re.search(r"[a-z]_[a-z0-9]", text, re.IGNORECASE):
        return text
    items = [item.strip() for item in re.split(r"\s*(?:[,;\n]|->)\s*", text) if item.strip()]
    if len(items) == 1 and all(_GAME_NAME.fullmatch(item) for item in text.split()):
        items = text.split()
    parts = [re.findall(r"[A-Z]?[a-z]+(?=_|[A-Z])", item)[:1] for item in items]
    same = len(items) > 1 and parts[0] != [] and parts.count(parts[0]) == len(items)
    if same and not is_motion(parts[0][0].lower()):
        items = [item[len(parts[0][0]) :].lstrip("_") for item in items]  # "emote_wave, emote_bow"
    if any(" " in item for item in items):
        return _GAME_NAME.sub(lambda m: _spell_out(m[0]), text)
    return "\n".join(_spell_out(item) for item in items)


def _spell_out(name: str) -> str:
    parts = re.findall(r"\d+|[A-Z]?[a-z]+|[A-Z]+", name)
    parts = [_GAME_PARTS.get(p.lower(), p.lower()) for p in parts]
    # "turn left 90" is an angle, "idle 02" the second of several
    parts = [p + " degrees" if p.isdigit() and len(p) > 1 and p[0] != "0" else p for p in parts if p]
    parts = [p for p in parts if not p.isdigit()]
    if len(parts) > 1 and parts[0] == "idle" and parts[1] != "to":
        parts.insert(0, "stand")
    if len(parts) == 3 and parts[1] == "to" and is_motion(parts[0]) and is_motion(parts[2]):
        parts = ["go from", inflect(parts[0], "ing"), "to", inflect(parts[2], "ing")]
    elif len(parts) > 1 and parts[-1] in ("land", "start", "stop", "end"):
        verb = {"land": "land from a", "start": "start to", "stop": "stop to", "end": "finish the"}[parts[-1]]
        parts = [verb, *parts[:-1]]
    elif len(parts) > 1 and parts[-1] == "idle" and parts[0] != "stand":
        parts = parts[:-1] if is_motion(parts[0]) else ["stand", *parts]
    elif parts and parts[-1] in words.BODY - words.WAYS:
        parts.insert(-1, "their")
    if parts and not any(readings(p) for p in parts):
        parts.insert(0, "do a")  # "knockdown"
    phrase = " ".join(parts).replace("hit react", "react to a hit")
    return {"idle": "stand idle", "land": "land from a jump"}.get(phrase, phrase)


def _unquote(text: str) -> str:
    """Remove quotes round the whole text, and turn a row of quoted or bracketed items into lines."""
    bare = text.strip()
    if re.fullmatch(r"(?:[\[(][^\[\]()]*[\])][\s,;]*){2,}", bare):
        return re.sub(r"[\[\]()][\s,;]*", "\n", bare)
    if len(bare) > 2 and bare[0] == bare[-1] == "'" and bare.count("'") == 2:
        return bare[1:-1]
    if re.fullmatch(f"(?:{_QUOTED_ITEM.pattern})+", bare):
        return "\n".join(item[2] for item in _QUOTED_ITEM.finditer(bare))
    return bare


def _mark_numbers(text: str) -> str:
    """Turn list markers into line breaks: those at a line's start, and inner ones that count 1, 2, 3..."""
    markers = list(_NUMBERED.finditer(text))
    names = [m["first"] or m["word"] or m["inner"] or m["inner_word"] for m in markers]
    spoken = _COUNT.split("|")
    numbers = [int(n) if n.isdigit() else spoken.index(n.lower()) for n in names]
    counts_up = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    if markers and (counts_up or all(m["line"] is not None for m in markers)):
        text = _NUMBERED.sub("\n", text)
    elif any(m["line"] is not None for m in markers):
        text = _NUMBERED.sub(lambda m: "\n" if m["line"] is not None else m[0], text)
    letters = [m["letter"] for m in _LETTERED.finditer(text)]
    if len(letters) > 1 and letters in (list("abcdefgh"[: len(letters)]), _ROMAN[: len(letters)]):
        text = _LETTERED.sub("\n", text)
    return text
