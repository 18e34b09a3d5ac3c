"""Captions seen in a mirror: left and right exchanged."""

import re

_OPPOSITES = {
    "left": "right",
    "right": "left",
    "leftward": "rightward",
    "rightward": "leftward",
    "leftwards": "rightwards",
    "rightwards": "leftwards",
    "clockwise": "counterclockwise",
    "counterclockwise": "clockwise",
    "counter-clockwise": "clockwise",
    "anticlockwise": "clockwise",
    "anti-clockwise": "clockwise",
}
_WORDS = re.compile(
    r"(?<![\w])(" + "|".join(sorted(map(re.escape, _OPPOSITES), key=len, reverse=True)) + r")(?!\w)",
    re.IGNORECASE,
)


def mirror_text(text: str) -> str:
    """Exchange the words of side in a sentence, keeping a capital first letter."""

    def swap(match: re.Match[str]) -> str:
        word = match.group(0)
        other = _OPPOSITES[word.lower()]
        return other.capitalize() if word[0].isupper() else other

    return _WORDS.sub(swap, text)
