"""JSON that a stranger sent: bounded before it is read, and plain in every respect."""

import json
import re
from typing import Any

from mdm_adapter.serving.refusal import Refusal

MAX_BYTES = 1 << 20
MAX_DEPTH = 8
# A string to its end, or to that of the text.
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(r"[][{}]")


def read_object(body: bytes, most: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object that a body is.

    Args:
        most: bytes.

    Raises:
        Refusal: too long (413), or no JSON, too deep, numbers that are not finite, a name twice, no object (400).
    """
    if len(body) > most:
        raise Refusal(f"the body has more than {most >> 20} MB", status=413)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(f"the body is not UTF-8 (byte {error.start})") from error
    if depth(text) > MAX_DEPTH:
        raise Refusal(f"the JSON is nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_not_finite)
    except Refusal:
        raise
    except ValueError as error:
        raise Refusal(f"the body is not JSON: {' '.join(str(error).split())[:100]}") from error
    if not isinstance(value, dict):
        raise Refusal('the body must be a JSON object, such as {"prompt": "a person walks"}')
    return value


def depth(text: str) -> int:
    """How deep brackets are nested outside strings, whether it is JSON or not."""
    deepest = now = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        now += 1 if bracket in "[{" else -1
        deepest = max(deepest, now)
    return deepest


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal(f"the JSON has {twice[:40]!r} twice in one object; keep one")
    return found


def _not_finite(name: str) -> Any:
    raise Refusal(f"the JSON has the number {name}; give finite numbers")
