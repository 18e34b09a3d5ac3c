"""A prompt as typed -> plain words: what asks for a motion is dropped, chat and slips are put right."""

from __future__ import annotations

import re
import unicodedata

from mdm_adapter.prompts import words
from mdm_adapter.prompts.english import correction
from mdm_adapter.prompts.verbs import is_motion, readings

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′`´", "'"))
_I = re.IGNORECASE


def _table(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, _I), put) for pattern, put in rows)


_ACTORS = "|".join(sorted(words.ACTORS))
_PICTURE = r"(?:animation|video|motion|clip|sequence|recording|mocap|footage|scene|gif|movie)"
_LABEL = re.compile(
    rf"(?:^|(?<=\n)|(?<=[.;] ))\s*(?:(?:text|input)?\s*prompt|text|description|caption|generate|animate|create|show|make|loop|routine|timeline|script|{_PICTURE}|actions?)\s*:\s*",
    _I,
)
_CHAT = _table(
    (
        r"(?<!\w)(?:pl(?:ea)?s+e?|plz+|thx|thanks?(?: you)?|lol|haha+|hey|umm*|uhh*|btw|ok(?:ay)?(?= so\b|,? (?:make|let)))(?!\w)[,!]?",
        " ",
    ),
    (r"^\s*(?:ok(?:ay)?|so|hi|well)\b,?(?=\s+\w)(?!\s+far)", ""),
    (r"(?<=\s)[:;]-?[)(DP](?=\s|$)|<3", " "),
    (r"(?<![\w'])(?:n|nd|'n'|(?-i:an(?= [bcdfgjklmnpqrstvwxz][a-z])))(?= \w)", "and"),
    (
        r"\b(and|,) (?:than|den)\b|(?<=\w) than(?= \w+s\b)(?<!er than)(?<!more than)(?<!less than)(?<!other than)",
        r"\1 then",
    ),
    (r"\bu\b(?=\s)", "you"),
    (r"\bur\b", "your"),
    (r"\bb4\b", "before"),
    (r"\b(?:teh|hte|da)\b", "the"),
    (r"\b(?:adn|nad|annd)\b", "and"),
    (r"\b(?:thn|tehn|thne)\b", "then"),
    (r"\bovr\b", "over"),
    (r"\bthru\b", "through"),
    (r"\b1st\b", "first"),
    (r"\bfwd\b", "forward"),
    (r"\bppl\b", "people"),
    (r"\b((?:wo)?man)s(?= \w+s\b)", r"\1"),
    (r"'ll (?!not\b|be\b)", " "),
    (r"\bw/(?=\s)", "with"),
    (r"\b2(?= (?:the|an?|his|her|their|my|your)\b)", "to"),
    (r"\b((?:start|try|want|need|begin|get)s?) 2(?= [a-z])", r"\1 to"),
    (r"\b(do|does|did|is|are|was|were|has|have|wo|ca|could|would|should)nt\b", r"\1n't"),
    (r"\bim(?= \w+ing\b)", "i'm"),
    (r"\b(he|she|it)s(?= \w+ing?\b)", r"\1's"),
    (r"\blets\b", "let's"),
    (r"\bwanna\b", "want to"),
    (r"\b(?:gonna|gotta)\b", "will"),
    (r",? or (?:smth|something|whatever)\b", ""),
    (r"\bsmth\b", "something"),
    (r"\bx ?(\d+)\b|\b(\d+) ?x\b", r"\1\2 times"),
    (r"\b(he|she|it|they) be (?=\w+ing?\b)", r"\1 is "),
)
_ASK = (
    r"(?:(?:i(?:'d| would)? (?:like|want|need|love)(?: you)?|we (?:need|want))(?: to (?:see|have|get|make|show|generate"
    r"|animate))?|tell|ask|make|have|let|get|animate|generate|create|show|give(?= me| us)|draw|render|produce|simulate|do|picture"
    r"|imagine|(?:we|you) see)"
)
_LEAD = re.compile(
    rf"^(?:(?:can|could|would|will) you\s+)?(?P<ask>{_ASK}\s+(?:me\s+|us\s+)?)?"
    rf"(?P<picture>(?:an?\s+|the\s+)?(?:\w+\s+){{0,2}}?{_PICTURE}\s+(?:of|where|in which|showing|with)\s+)?",
    _I,
)
_WHO = re.compile(
    rf"(?P<who>him|her|them|it|me|us|(?:(?:an?|the|my|two|three|some|this|that|one)\s+(?:[a-z-]+\s+){{0,2}}?)"
    rf"(?:{_ACTORS})|(?:some|any|every)(?:one|body)|(?:the|my)\s+(?P<unknown>[a-z]+))(?P<to>\s+to)?\s+(?P<verb>[a-z]+)",
    _I,
)
_CAUSED = re.compile(r"(?P<before>(?:\bthen|\band|[,;.])\s+)(?:make|have|let|get)\s+(?=\w)", _I)
_HE = {"him": "he", "her": "she", "them": "they", "it": "it", "me": "i", "us": "we"}

_MOMENT = r"(?:while|moment|bit|pause|beat|(?:little |short )?time)"
_THEN = _table(
    (
        rf"\b(?<!right )after (?:that|this|which|doing so|a (?:short |brief |little |small |long )?{_MOMENT}"
        r"|(?:a few|some|several) (?:seconds|moments|minutes|beats|time))\b(?! of\b),?",
        "then",
    ),
    (
        r"\b(?:a moment (?:later|after)|(?:once|when) (?:done|finished)|following that|before finally)\b,?",
        "then",
    ),
    (
        r"(?:(?<=^)|(?<=[,;.!\n])\s*|(?<=\band )|(?<=\bthen ))(?:in the (?:end|beginning)|at the (?:end|beginning|start)"
        r"|at (?:first|last)|to (?:finish|end|begin|start)(?: with)?|from (?:t?here)|(?:last|first) of all)\b,?(?= )",
        " then",
    ),
    (r" at first(?=\s*(?:[,.;]|$))", ""),
    (r"(?<![a-z] )\b(?:first|second|third|fourth|last)(?:ly)? thing\b,?", "then"),
    (r"\b(?:immediately|right) (?=(?:after|before) \w+ing\b)", ""),
    (r"\bprior to (?=\w+ing\b)", "before "),
    (r"\b(?:upon|on) (?=(?:reaching|arriving|landing|seeing|hearing|entering|finishing)\b)", "after "),
    (r"(?P<lead>^|[,;.]\s*|\b(?:and|then)\s+)as soon as\b", r"\g<lead>after"),
    (r"\b(?:starts?|begins?|starting|beginning)(?: off| out)? (?:by|with|off) (?=[a-z]+ing\b)", ""),
    (r"\b(?:starting|beginning)(?: off)? with (?=an?\b|the\b|some\b)", "doing "),
    (r"\b(?:starts|begins)(?: off)? with (?=an?\b|the\b|some\b)", "does "),
    (r"\b(?:start|begin)(?: off)? with (?=an?\b|the\b|some\b)", "do "),
    (
        r"(?:,? ?\b(?:and|then))*,? (?:end|finish|conclud|continu)(?:e?s|ing|e)?(?: up| off)? (?:with|by|in) (?=an?\b|the\b|some\b|another\b|[a-z]+ing\b)",
        ", then ",
    ),
    (r"(?:,? ?\b(?:and|then))*,? ends? up (?=[a-z]+ing\b)", ", then "),
    (r"\bspends? (?=(?:about |around )?[\w.]+ (?:s|sec|seconds?|minutes?)\b)", ""),
    (r"^(?:one|1),? (?:two|2),? (?:three|3)[,.!:]* (?=[a-z])|\bfirst things first\b[:,]? ?|\bonce upon a time,? ", ""),
    (r"^(?:will|going to) (?=[a-z])", ""),
    (
        r",? ?\b(?:but )?before (?:that|this|doing so)\b,? (?=he |she |they |it |i |you |an? |the )",
        ", after ",
    ),
    (
        r"(?<=\w) (?:should|must|needs? to|ha(?:s|ve) to|(?:is|are) (?:supposed|going) to|will)(?: then)? (?!n[o']t\b|be\b)(?=[a-z]+)",
        " ",
    ),
    (rf"\b({_ACTORS}|he|she|it) first (?=\w+s\b)", r"\1 "),
    (r"\b(is|are|was|were|can be) (?:seen|shown) (?=[a-z]+ing\b)", r"\1 "),
    (r"\b(sit|push|pull|chin|press) ups\b", r"\1-ups"),
    (r"\blet(?:'s| us)\s+", ""),
)


# "jump jump jump"
_REPEATED = re.compile(r"\b([a-z]+)(?: \1)+\b", _I)
# "a man who walks", of which a picture is asked for: he just walks
_WHO_ONLY = re.compile(r"^((?:an?|the|some|one|two|three)\s+(?:[\w-]+\s+){1,3}?)(?:who|that)\s+(?=\w)", _I)


def tidy(text: str, notes: list[str]) -> str:
    """Plain words in lines; what was put right is added to `notes`."""
    # collapsing runs of blanks first also keeps every pattern below linear
    text = re.sub(r" *\n[ \n]*", "\n", re.sub(r"[^\S\n]+", " ", text.translate(_QUOTES))).strip()
    text = "".join(" " if unicodedata.category(c) == "So" and c != "°" else c for c in text)
    text = _lower_if_shouted(text)
    text = _LABEL.sub("", text)
    text = _replace(text, _CHAT)
    text = _spell(text, notes)
    text = _unasked(text)
    text = _replace(text, _THEN)
    return _REPEATED.sub(lambda m: m[0].replace(" ", ", ") if is_motion(m[1].lower()) else m[0], text)


def _replace(text: str, table: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, put in table:
        text = pattern.sub(put, text)
    return re.sub(r"[^\S\n]+", " ", text).strip()


def _lower_if_shouted(text: str) -> str:
    """Lower-case a text that is all capitals or In Title Case: both mislead the tagger."""
    letters = [c for c in text if c.isalpha()]
    found = [w for w in re.findall(r"[^\W\d_]+", text) if len(w) > 1]
    if len(found) < 2:
        return text.lower() if len(letters) > 2 and all(c.isupper() for c in letters) else text
    if sum(c.isupper() for c in letters) > 0.7 * len(letters):
        return text.lower()
    titled = sum(w[0].isupper() and w[1:].islower() for w in found)
    return text.lower() if len(found) >= 4 and titled >= 0.75 * len(found) else text


def _spell(text: str, notes: list[str]) -> str:
    """Put right the slips in words that no dictionary knows; capitals are left alone, they may be names."""

    def right(match: re.Match[str]) -> str:
        found = correction(match[0])
        if found:
            notes.append(f"{match[0]!r} read as {found!r}")
        return found or match[0]

    return re.sub(r"(?<![\w'-])[a-z]{4,25}(?![\w'-])", right, text)


def _unasked(text: str) -> str:
    """ "can you make him jump" is "he jump", "a video of a man walking" is "a man walking"."""
    lead = _LEAD.match(text)
    rest = text[lead.end() :] if lead else text
    if lead and (lead["ask"] or lead["picture"]):
        ask = (lead["ask"] or "").split()[0].lower() if lead["ask"] else ""
        rest = _WHO_ONLY.sub(r"\1", rest)
        who = _actor(rest)
        if who is not None:
            text = who
        elif lead["picture"]:
            text = rest
        elif ask in ("i", "i'd", "we", "you") and rest.lower().startswith("to "):
            text = rest[3:]
        elif ask in (
            "show",
            "give",
            "animate",
            "generate",
            "create",
            "simulate",
            "picture",
            "imagine",
            "we",
            "i",
            "i'd",
            "render",
        ) and re.match(r"(?:an?|the|some|two|three|four|five|\d+)\s", rest, _I):
            text = rest
    elif lead and lead.end():
        text = rest
    position = 0
    while match := _CAUSED.search(text, position):
        who = _actor(text[match.end() :])
        if who is not None:
            text = text[: match.start()] + match["before"] + who
        position = match.end()
    return text


def _actor(rest: str) -> str | None:
    """The words behind "make" or "a video of" as a clause, None when they do not name who moves."""
    match = _WHO.match(rest)
    if match is None:
        return None
    verb = match["verb"].lower()
    plain = any(form == "base" for _, form in readings(verb))
    low = match["who"].lower()
    if low in _HE and not plain:
        return None
    if match["unknown"] and not (plain and is_motion(verb)):
        return None
    return _HE.get(low, match["who"]) + rest[match.end("to") if match["to"] else match.end("who") :]
