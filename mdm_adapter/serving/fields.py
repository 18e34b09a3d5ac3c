"""Fields of JSON objects: one table checks what comes in and is what the OpenAPI document says of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdm_adapter.serving.refusal import Refusal

_NAMES = {"string": "a string", "number": "a number", "integer": "a whole number", "boolean": "true or false",
          "array": "a list", "object": "an object"}  # fmt: skip

MAX_METRES = 10_000.0


@dataclass(frozen=True)
class Field:
    """One member of an object.

    Attributes:
        name: of the member.
        kind: its JSON type.
        help: what it means, for people.
        default: what holds where it is left out; None, too, may stand for that.
        low, high: bounds of numbers, and of the lengths of strings and lists.
        choices: all values, where there are few.
        schema: JSON schema of the inside of lists and objects.
    """

    name: str
    kind: str
    help: str
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None

    def check(self, value: Any, where: str = "") -> Any:
        """A value of the field as it stands, null for the default.

        Raises:
            Refusal: of another type, or out of bounds.
        """
        name = f"{where}{self.name}"
        if value is None:
            return self.default
        if not _is(self.kind, value):
            raise Refusal(f"{name} must be {_NAMES[self.kind]}")
        if self.choices and value not in self.choices:
            raise Refusal(f"{name} is {value[:40]!r}; choose one of {', '.join(self.choices)}")
        if self.kind in ("number", "integer"):
            _check_bounds(name, value, self.low, self.high)
            return value
        if self.kind in ("string", "array"):
            _check_bounds(f"the length of {name}", len(value), self.low, self.high)
        return value

    def describe(self) -> dict[str, Any]:
        """JSON schema."""
        told: dict[str, Any] = {"type": self.kind, "description": self.help, **(self.schema or {})}
        low, high = {
            "string": ("minLength", "maxLength"), "array": ("minItems", "maxItems"),
        }.get(self.kind, ("minimum", "maximum"))  # fmt: skip
        told |= {key: bound for key, bound in ((low, self.low), (high, self.high)) if bound is not None}
        if self.choices:
            told["enum"] = list(self.choices)
        if self.default is not None:
            told["default"] = self.default
        return told


def read_fields(value: Mapping[str, Any], fields: Sequence[Field], where: str = "") -> dict[str, Any]:
    """All fields of an object by name, defaults filled in.

    Raises:
        Refusal: a member that is no field, or one that is at fault.
    """
    known = {field.name for field in fields}
    for name in value:
        if name not in known:
            raise Refusal(f"{where}{name[:40]!r} is unknown; choose from {', '.join(sorted(known))}")
    return {field.name: field.check(value.get(field.name), where) for field in fields}


def object_schema(fields: Sequence[Field], required: Sequence[str] = ()) -> dict[str, Any]:
    """JSON schema of an object of fields."""
    told: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: field.describe() for field in fields},
        "additionalProperties": False,
    }
    return {**told, "required": list(required)} if required else told


def _is(kind: str, value: Any) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    types: dict[str, tuple[type, ...]] = {
        "string": (str,), "number": (int, float), "integer": (int,), "array": (list,), "object": (dict,),
    }  # fmt: skip
    return isinstance(value, types[kind])


def _check_bounds(name: str, value: float, low: float | None, high: float | None) -> None:
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    if not low <= value <= high or (isinstance(value, float) and not math.isfinite(value)):
        shown = f"{value:.6g}" if abs(value) < 1e100 else "huge"
        raise Refusal(f"{name} is {shown}; give {_range(low, high)}")


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return "a finite number" if math.isinf(low) else f"{low:g} or more"
    return f"{high:g} at most" if math.isinf(low) else f"{low:g} to {high:g}"


def read_place(value: Any) -> tuple[float, float]:
    """A place on the ground, [x, z] in metres.

    Raises:
        Refusal: it is none.
    """
    good = isinstance(value, list) and len(value) == 2
    good = good and all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in value)
    if not good or not all(abs(x) <= MAX_METRES for x in value):
        raise Refusal(f"{str(value)[:40]} is no place; give [x, z] in metres, at most {MAX_METRES:g}")
    return float(value[0]), float(value[1])
