"""Ways over the ground that a sentence asks for by their shape: "in a circle", "around the table", "in a zigzag"."""

import re
from dataclasses import dataclass

_SHAPES = (
    r"circles?|ovals?|figure[-\s](?:of[-\s])?(?:eights?|8)|squares?|rectangles?|triangles?|zig-?zags?|spirals?|arcs?|curves?"
    r"|loops?|semi-?circles?"
)
_WAY = re.compile(
    rf"\b(?:in|on|along|round|around)\s+(?:an?\s+|the\s+)?(?:[a-z]+\s+){{0,2}}?(?P<shape>{_SHAPES})\b"
    r"|\b(?:a?round)\s+(?:an?|the|some)\s+(?P<thing>[a-z]+)\b",
    re.I,
)
# "turns around the other way", "goes round the corner": no way round a thing.
_NOTHING = frozenset(["other", "opposite", "left", "right", "corner", "back", "same", "whole"])
# Ways of that shape, metres to the left and ahead, as `edit follow --path` takes them.
_CIRCLE = "0,0 1.4,0.6 2,2 1.4,3.4 0,4 -1.4,3.4 -2,2 -1.4,0.6 0,0"
_EIGHT = "0,0 1.4,0.6 2,2 1.4,3.4 0,4 -1.4,4.6 -2,6 -1.4,7.4 0,8 1.4,7.4 2,6 1.4,4.6 0,4 -1.4,3.4 -2,2 -1.4,0.6 0,0"
_ZIGZAG = "0,0 1,1.5 -1,3 1,4.5 -1,6"
_PATHS = {  # by the last word of the shape
    "circle": _CIRCLE, "loop": _CIRCLE, "oval": "0,0 1.1,1 1.5,3 1.1,5 0,6 -1.1,5 -1.5,3 -1.1,1 0,0",
    "square": "0,0 0,3 3,3 3,0 0,0", "rectangle": "0,0 0,5 3,5 3,0 0,0", "triangle": "0,0 0,3.5 3,1.7 0,0",
    "eight": _EIGHT, "8": _EIGHT, "zigzag": _ZIGZAG, "zag": _ZIGZAG,
}  # fmt: skip
_OTHER = "0,0 1,2 3,3"


@dataclass(frozen=True)
class Way:
    """What a sentence says of the way.

    Attributes:
        words: as they stand there, "in a small circle".
        shape: the word that names it, "circle".
        rest: the sentence without it, "A man walks".
    """

    words: str
    shape: str
    rest: str

    @property
    def path(self) -> str:
        """Such a way, or any other that a person may change, for `edit follow --path`."""
        return _PATHS.get(re.split(r"[\s-]", self.shape)[-1], _OTHER)


def way_over_ground(text: str) -> Way | None:
    """The first way that a sentence names by its shape, or by what it leads round; None without."""
    for found in _WAY.finditer(text):
        named = found["shape"] or found["thing"]
        if named.lower() not in _NOTHING:
            rest = f"{text[: found.start()].rstrip()}{text[found.end() :]}".strip().rstrip(".")
            return Way(found[0], named.lower().removesuffix("s"), rest)
    return None
