"""A prompt as typed -> plain words: what asks for a motion is dropped, chat and slips are put right."""

from __future__ import annotations

import functools
import re
import unicodedata

from mdm_adapter.prompts import words
from mdm_adapter.prompts.english import correction
from mdm_adapter.prompts.verbs import MOTION_VERBS, inflect, is_motion, is_order, readings

_I = re.IGNORECASE
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′`´", "'"))
_PARTS = {
    "ACTORS": "|".join(sorted(words.ACTORS)),
    "WAY": "|".join(sorted(words.WAYS)),
    "BODY": "|".join(sorted(words.BODY)),
    "PICTURE": r"(?:animation|vid|video|motion|clip|sequence|recording|mocap|footage|scene|gif|movie)",
    "THING": r"(?:(?=(?:an?|the|some|another|two|three|four|five|\d+)\b(?! (?:\w+ )?(?:<ACTORS>)\b))"
    r"|(?=(?!(?:\w+ )?(?:<BODY>)\s*(?:[,.]|$))\w+(?: \w+)?s\s*(?:[,.]|$)))",
    "MOMENT": r"(?:while|moment|bit|pause|beat|(?:little |short )?time)",
}


def _pattern(text: str) -> re.Pattern[str]:
    while re.search(r"<[A-Z]+>", text):
        text = re.sub(r"<([A-Z]+)>", lambda m: _PARTS.get(m[1]) or _moves(), text)
    return re.compile(text, _I)


@functools.cache
def _moves() -> str:
    """What <MOVE> stands for; not made on import, since the dictionary of forms takes seconds to load."""
    return "|".join(sorted({inflect(base, form) for base in MOTION_VERBS for form in ("base", "s")}))


@functools.cache
def _table(text: str) -> list[tuple[re.Pattern[str], str]]:
    """Lines of "pattern => replacement"; "_" at an end is a blank, "-" alone is nothing."""
    rows = [line.strip().split(" => ") for line in text.strip().splitlines()]
    puts = ["" if put == "-" else put.replace("_", " ") for _, put in rows]
    return [(_pattern(re.sub("^_|_$", " ", find)), put) for (find, _), put in zip(rows, puts)]


_SHORT = """
    ur=your b4=before teh=the hte=the da=the dis=the thn=then tehn=then thne=then ovr=over thru=through 1st=first 2nd=second
    fwd=forward ppl=people smth=something wanna=want_to gimme=give_me gonna=going_to gotta=will im=i'm 4ward=forward rite=right shud=should arnd=around bk=back rly=really jus=just em=them
"""
_LONG = dict(pair.replace("_", " ").split("=") for pair in _SHORT.split())
# How people type: abbreviations, fillers, letters left out.
_CHAT = r"""
    (?<!\ba )(?<!\bthe )\bden\b(?= \w) => then
    (?<![\w"])(?:pl(?:ea)?s+e?|plz+|thx|thanks?(?: you)?(?=[.!,)]|$)|lol|lmao|omg|haha+|hey|yo|h+m+|u+mm*|u+hh*|er+m*|btw|idk)(?!\w)[,!]? => _
    \b(?:maybe|basically|kinda|literally|just (?=make|have|let)|like (?=totally|really|just)|(?<=then )like(?! an?\b| the\b))\b|\btotally (?=\w) => _
    ^\s*(?:(?:ok(?:ay)?|so|hi|well|alright)\b,?\s+)+(?=\w)(?!far) => -
    (?:^|(?<=\s))[:;]-?[)(DP](?=\s|$)|<3 => ,
    ,? (?:and )?that'?s (?:it|all)\b|,? (?:and|or) (?:stuff|smth|something|whatever)\b => -
    (?<![\w'])(?:n|nd|'n'|adn|nad|(?-i:an(?= [bcdfgjklmnpqrstvwxz][a-z])))(?= \w) => and
    \b(and|,) than\b|(?<=\w) than(?= \w+s\b)(?<!er than)(?<!more than)(?<!less than)(?<!other than) => \1 then
    \bu\b(?=\s) => you
    \b(sit|push|pull|chin|press|high) (ups|fives?)\b => \1-\2
    \bid (?=like|love) => i'd_
    'll (?!not\b|be\b) => _
    \bw/(?=\s) => with
    \b2(?= (?:the|an?|his|her|their|my|your)\b) => to
    \b((?:start|try|want|need|begin|get|goe?)s?) 2(?= (?!<ACTORS>)[a-z]) => \1 to
    (?<!['\w])l(?![\w')]) => left
    (?<=\w )(?:(?-i:R)\b|r(?=\s*(?:[;,.\n]|$))) => right
    (?<=\w )r(?= \w+ing?\b) => are
    \s&\s => _and_
    (?<=\w )it's (?=(?:<BODY>)\b) => its_
    (?<=\w )there (?=(?:<BODY>)\b) => their_
    \b(do|does|did|is|are|was|were|has|have|wo|ca|could|would|should)nt\b => \1n't
    \b(he|she|it)s(?= \w+ing?\b) => \1's
    \bx ?(\d+)\b|\b(\d+) ?x\b => \1\2 times
    \b(he|she|it|they) be (?=\w+ing?\b) => \1 is_
    \.(?:fbx|bvh|glb|anim|npz|mp4)\b => -
"""
# What only frames the motion, and what says in which order it comes: all of it ends as "then", "before", "after".
_FRAMES = r"""
    ^(?:i|we)\b[^:.\n]*:\s*(?=\w)|^(?:what if|in (?:this|the) <PICTURE>,?)_ => -
    ^the moment (?=(?:he|she|they|it|the|an?) ) => when_
    ^((?:an?|the) \w+|he|she|they), ((?:after|before) \w+ing\b[^,]*),_ => \2, \1_
    ^(?:it|(?:the|this) (?:<PICTURE>|dance|routine|workout)) (?:starts|begins|opens)(?: off)? (?=with) => start_
    \b(?:there|it|here)(?:'s| is| are) ((?:an?|the|some|one|two|three) (?:[\w-]+ ){1,3}?)(?:who|that) (?=\w) => \1
    \bthere(?:'s| is| are)_ => -
    \b(?<!right )after (?:that|this|which|doing so|a (?:short |brief |little |small |long )?<MOMENT>|(?:a few|some|several) (?:seconds|moments|minutes|beats|time))\b(?! of\b),? => then
    \b(?:a moment (?:later|after)|(?:once|when) (?:done|finished)|following that|before finally)\b,? => then
    (?:(?<=^)|(?<=[,;.!\n])\s*|(?<=\band )|(?<=\bthen ))(?:in the (?:end|beginning)|at the (?:end|beginning|start)|at (?:first|last)|to (?:finish|end|begin|start)(?: with)?|from (?:t?here)|(?:last|first) of all)\b,?(?= ) => _then
    _at first(?=\s*(?:[,.;]|and\b|then\b|$)) => -
    \b(?:just|shortly|immediately|soon|directly|straight|only) (?=(?:after|before)\b)|^right (?=(?:after|before)\b) => -
    (?P<lead>^|[,.;!\n]\s*(?:[-*•]\s*)?|^[-*•]\s*|\b(?:and|then) )(?:(?:first|second|third|last)(?:ly)?|fourth|next|later|eventually|now|initially)(?:,|(?= (?:he|she|they|it|i|you|we|<MOVE>)\b)|(?= (?:an?|the) \w+ \w+s\b)) => \g<lead>then
    (?P<lead>^|\bthen )to (?=(?:<MOVE>)\b) => \g<lead>
    , first (?=(?:<WAY>|to|with|on)\b) => _
    \bafter (?=having \w+) => -
    ^rather than [\w ]+,_ => -
    (\d ?(?:s|secs?|seconds?|minutes?)) (?:more|longer)(?=\s*(?:[,.;]|$)) => \1
    \bprior to (?=\w+ing\b) => before_
    (?P<lead>^|[,;.] |\bthen )(?:upon|on) (?=(?:reaching|arriving|landing|seeing|hearing|entering|finishing)\b) => \g<lead>after_
    (?P<lead>^|[,;.]\s*|\b(?:and|then)\s+)as soon as\b => \g<lead>after
    ,?(?: which| that)?(?: is| are| was)?(?: \w+ly)?(?: then)? followed by (?!(?:an?|the|two|his|her|their|another)?\s?(?:\w+ ){0,2}?(?:<ACTORS>)\b) => , then_
    , (?:which|whom) (he|she|they|it) ((?:then )?\w+)\b => , then \1 \2 it
    \b(?:starts?|begins?|opens?|starting|beginning)(?: off| out)? (?:by|with|off) (?:(?:him|her|them) )?(?=(?:(?:an?|the) (?:\w+ )?(?:<ACTORS>) )?[a-z]+ing\b) => -
    \b(?:starts|begins)(?: off)? with <THING> => does_
    \b(?:start|begin)(?: off)? with <THING> => do_
    (?:^|(?:,? ?\b(?:and|then))*,? )(?:end|finish|conclud|continu|clos(?=\w+ (?:by|with)))(?:e?s|ing|e)?(?: up| off)? (?:with|by|in) (?:<THING>|(?:(?:him|her|them) )?(?=[a-z]+ing\b)) => , then_
    (?:,? ?\b(?:and|then))*,? ends? up (?=[a-z]+ing\b) => , then_
    \bspends? (?=(?:about |around )?[\w.]+ (?:s|sec|seconds?|minutes?)\b) => :_
    ^(?:will|going to) (?=[a-z])|^(?:can|could|would) (?=(?:an?|the|my) ) => -
    (?<=\w) (?:should|must|could|might|needs? to|ha(?:s|ve) to|(?:(?:is|are) )?(?:supposed|going) to|will)(?: then)? (?!n[o']t\b|be\b)(?=[a-z]+) => _
    \b(is|are|was|were|can be) (?:seen|shown) (?=[a-z]+ing\b) => \1_
    ^lets |\blet(?:'s| us)\s+ => -
"""
_LABEL = _pattern(
    r"(?:^|(?<=\n))(?-i:(?:INT|EXT)\b[^a-z\n]*(?=[A-Z][a-z ]|\n))|(?:^|(?<=\n)|(?<=[.;] ))\s*(?:(?:text|input)?\s*prompt|text|description|caption|generate|animate|create"
    r"|show|make|give me|loop|routine|(?:dance )?moves|timeline|script|<PICTURE>|actions?|do (?:this|these|the following)|[a-z]+ing)\s*:\s*"
)
_LEAD = _pattern(
    r"^(?!like (?:an?|the)\b)(?P<polite>(?:can|could|would|will) you\s+)?(?P<ask>(?:(?:(?:i(?:'d| would|'m going to)?|we|let's|let me|my \w+(?: \w+)?) )?"
    r"(?:like|want|need|love|see)s?(?: you)?(?: to (?:see|have|get|make|show|generate|animate))?"
    r"|(?:can|could|may) (?:i|we) (?:get|have|see)|tell|ask|make|have|let|get|animate|generate|create|show"
    r"|give(?= me| us)|draw|render|produce|simulate|do|picture|imagine|(?:we|you) see)\s+(?:me\s+|us\s+)?(?:how\s+)?)?"
    r"(?P<picture>(?:an?\s+|the\s+)?(?:\w+\s+){0,2}?<PICTURE>\s+(?:of|where|in which|showing|shows|depicts|with)\s+)?"
)
_WHO = _pattern(
    r"(?P<who>(?:the )?(?:two|three|both|all|one) of (?:them|us)|him|her|them|it|me|us|(?:(?:an?|the|my|two|three|some|this|that|one|\d+)\s+(?:[a-z-]+\s+){0,2}?)"
    r"(?:<ACTORS>)|(?:<ACTORS>)|(?:some|any|every)(?:one|body)|(?:(?P<any>an?)|the|my)\s+(?P<unknown>[a-z]+))(?P<to>\s+to)?\s+(?P<verb>[a-z]+(?:-[a-z]+)?)"
)
_WHO_ONLY = re.compile(r"^((?:an?|the|some|one|two|three)\s+(?:[\w-]+\s+){1,3}?)(?:who|that)\s+(?=\w)", _I)
_CAUSED = re.compile(r"(?P<before>(?:\bthen|\band|[,;.])\s+)(?:make|have|let|get)\s+(?=\w)", _I)
_MAKES = re.compile(r"(?:make|have|let|get|draw|tell|ask|do)\b")
_HE = {"him": "he", "her": "she", "them": "they", "it": "it", "me": "i", "us": "we"}
_REPEATED = re.compile(r"\b([a-z]+)(?: \1)+\b", _I)


def tidy(text: str, notes: list[str]) -> str:
    """Plain words in lines; what was put right is added to `notes`."""
    # collapsing runs of blanks first also keeps every pattern linear
    text = re.sub(r" *\n[ \n]*", "\n", re.sub(r"[^\S\n]+", " ", text.translate(_QUOTES))).strip()
    pictures = {c for c in text if c == "\ufe0f" or unicodedata.category(c) in ("So", "Sk")} - {*"°`´^"}
    text = "".join(" " if c in pictures else c for c in text)
    text = _lower_if_shouted(text)
    text = _LABEL.sub("", text)
    text = re.sub(r"\b\w+\b", lambda m: _LONG.get(m[0].lower(), m[0]), text)
    text = _replace(text, _CHAT)
    text = _spell(text, notes)
    text = _unasked(text)
    text = _replace(text, _FRAMES)
    # "jump jump sit" and "then jump jump jump" are lists
    bare = text.lower().split(" ")
    listed = all(is_order(w) or w in words.MOVE_NOUNS for w in bare) and not {*bare} & words.MOVE_COMPOUNDS
    if len(bare) > 2 and listed:
        return ", ".join(bare)
    return _REPEATED.sub(lambda m: m[0].replace(" ", ", ") if is_motion(m[1].lower()) else m[0], text)


def _replace(text: str, table: str) -> str:
    for pattern, put in _table(table):
        text = pattern.sub(put, text)
    return re.sub(r"[^\S\n]+", " ", text).strip()


def _lower_if_shouted(text: str) -> str:
    """Lower-case a text that is all capitals or In Title Case: both mislead the tagger."""
    letters = [c for c in text if c.isalpha()]
    found = [w for w in re.findall(r"[^\W\d_]+", text) if len(w) > 1]
    if len(found) < 2:
        return text.lower() if len(letters) > 2 and all(c.isupper() for c in letters) else text
    titled = sum(w[0].isupper() and w[1:].islower() for w in found)
    moves = len(found) > 2 and all(is_motion(w.lower()) for w in found)
    shouted = sum(c.isupper() for c in letters) > 0.7 * len(letters)
    return text.lower() if shouted or moves or (len(found) >= 4 and titled >= 0.75 * len(found)) else text


def _spell(text: str, notes: list[str]) -> str:
    """Put right the slips in words that no dictionary knows; capitals are left alone, they may be names."""

    def right(match: re.Match[str]) -> str:
        found = correction(match[0])
        if found:
            notes.append(f"{match[0]!r} read as {found!r}")
        return found or match[0]

    return re.sub(r"(?<![\w'-])[a-z]{3,25}(?![\w'-])", right, text)


def _unasked(text: str) -> str:
    """ "can you make him jump" is "he jump", "a video of a man walking" is "a man walking"."""
    lead = _LEAD.match(text)
    if lead and lead.end():
        rest = _WHO_ONLY.sub(r"\1", text[lead.end() :])
        ask = (lead["ask"] or "").lower().strip()
        who = _actor(rest, named=bool(_MAKES.match(ask)))
        moves = re.match(r"(?:an?|the|some|two|three|four|five|\d+)\s", rest, _I)
        if who is not None and ask:
            text = who
        elif lead["picture"] or not ask:
            text = rest if who is None else who
        elif (moves or rest.lower().startswith("to ")) and not _MAKES.match(ask):
            text = rest
        else:
            text = text[lead.end("polite") if lead["polite"] else 0 :]
    for match in reversed(list(_CAUSED.finditer(text))):
        who = _actor(text[match.end() :])
        if who is not None:
            text = text[: match.start()] + match["before"] + who
    return text


def _actor(rest: str, *, named: bool = True) -> str | None:
    """The words behind "make" or "a video of" as a clause, None when they do not name who moves.

    `named` says that "a" and an unknown noun are no actor: "make a quick turn".
    """
    match = _WHO.match(rest)
    if match is None:
        return None
    verb = match["verb"].lower()
    plain = any(form == "base" for _, form in readings(verb))
    low = match["who"].lower()
    unknown = match["unknown"] and (
        not (plain and is_motion(verb)) or (match["any"] and named) or is_motion(match["unknown"].lower())
    )
    if unknown or (low in _HE and not plain):
        return None
    if match["unknown"] or (plain and re.match(r"(?:an?|this|that|one|my) ", low)):
        verb = inflect(verb, "s")
    return f"{_HE.get(low, match['who'])} {verb}{rest[match.end('verb') :]}"
