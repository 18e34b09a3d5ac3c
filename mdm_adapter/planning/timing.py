"""When things happen: actions with or without lengths and starts become rows of seconds.

Most rows form a line: each begins where the one before ends, earlier (both are seen for a while) or later (between
them the model chooses). A row that begins and ends within the one before is laid on top of it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mdm_adapter.prompts import Action
from mdm_adapter.prompts.action import shorten

MAX_SECONDS = 3600.0
NOTICED = 0.025  # seconds; times that differ by less are the same

Duration = Callable[[str], float]


@dataclass(frozen=True)
class Row:
    """An action in time.

    Attributes:
        text: empty where the model chooses.
        start: seconds.
        end: seconds.
        transition: seconds over which it passes into the next row of the line; None for the usual overlap.
        guidance: of this text; None for that of all.
        repeats: pieces that it is cut into whatever its length, each under the sentence `once`.
        once: empty unless there are several.
    """

    text: str
    start: float
    end: float
    transition: float | None = None
    guidance: float | None = None
    repeats: int = 1
    once: str = ""


@dataclass(frozen=True)
class Timing:
    """Rows in time: `line` follow one another without gaps, `layers` lie on top of it."""

    line: tuple[Row, ...]
    layers: tuple[Row, ...] = ()

    @property
    def seconds(self) -> float:
        return self.line[-1].end


def lay_out(actions: Sequence[Action], natural: Duration, total: float | None = None) -> Timing:
    """Give every action its seconds.

    Args:
        actions: in order of their starts.
        natural: how long an action lasts when nobody says so.
        total: length of everything; what it leaves is shared by actions without a length of their own.

    Raises:
        ValueError: lengths that contradict each other, or that a motion cannot have.
    """
    if all(action.start is None for action in actions):
        lengths = resolve_seconds(actions, natural, total)
        return consecutive(actions, lengths)
    line: list[Row] = []
    layers: list[Row] = []
    for number, action in enumerate(actions):
        where = f"row {number + 1} ({shorten(action.text or 'a gap', 40)!r})"
        start = line[-1].end if action.start is None and line else action.start or 0.0
        following = next((a.start for a in actions[number + 1 :] if a.start is not None), None)
        if action.seconds is not None:
            length = action.seconds
        elif following is not None and number + 1 < len(actions) and actions[number + 1].start is not None:
            length = following - start
        elif total is not None and number + 1 == len(actions):
            length = total - start
        else:
            length = natural(action.text)
        row = Row(action.text, start, start + length, action.transition, action.guidance)
        if line and start < line[-1].start:
            raise ValueError(
                f"{where} starts at {start:g} s, before the row above it ({line[-1].start:g} s); put the rows in order"
            )
        if total is not None and start > total - NOTICED:
            raise ValueError(
                f"{where} starts at {start:g} s, but --seconds is {total:g}; leave one of the two out"
            )
        if length < NOTICED:
            raise ValueError(f"{where} lasts {length:g} s; let it start earlier or last longer")
        if not line and start > NOTICED:
            line.append(Row("", 0.0, start))
        if line and row.end <= line[-1].end + 1e-9 and row.start < line[-1].end - NOTICED:
            if row.transition is not None:
                raise ValueError(
                    f"{where} lies on top of another; a transition says nothing there, leave it out"
                )
            layers.append(row)
            continue
        if line and row.start > line[-1].end + NOTICED:
            _leave_free(line, row.start)
        _check_join(line, row, where)
        if not row.text and line and row.start >= line[-1].end - NOTICED:
            _leave_free(line, row.end)
            continue
        line.append(row)
    if total is not None and line[-1].end < total - NOTICED:
        _leave_free(line, total)
    if total is not None and line[-1].end > total + NOTICED:
        raise ValueError(
            f"the rows last {line[-1].end:g} s but --seconds is {total:g}; leave one of the two out"
        )
    _check_total(line[-1].end)
    return Timing(tuple(line), tuple(layers))


def _leave_free(line: list[Row], end: float) -> None:
    """Let a line go on to `end` without a text; one gap, however many rows made it."""
    if line[-1].text:
        line.append(Row("", line[-1].end, end))
    else:
        line[-1] = replace(line[-1], end=end)


def _check_join(line: Sequence[Row], row: Row, where: str) -> None:
    """Refuse rows that share time with one that is not their neighbour, or that say two things of one join."""
    if len(line) > 1 and row.start < line[-2].end - NOTICED:
        raise ValueError(
            f"{where} starts at {row.start:g} s, while two rows above it still go on; let the earlier one end"
            f" ({line[-2].end:g} s)"
        )
    if line and row.start < line[-1].end - NOTICED and line[-1].transition is not None:
        raise ValueError(
            f"{where} starts {line[-1].end - row.start:g} s before the row above it ends, which also has a transition;"
            " leave one of the two out"
        )


def consecutive(actions: Sequence[Action], lengths: Sequence[float]) -> Timing:
    """Actions one after the other, each of a given length in seconds."""
    rows, start = [], 0.0
    for action, length in zip(actions, lengths):
        rows.append(Row(action.text, start, start + length, action.transition, action.guidance))
        start += length
    return Timing(tuple(rows))


def boundaries(line: Sequence[Row]) -> list[float]:
    """Seconds at which each row of a line gives way to the next, and its end: rows that overlap share evenly."""
    inner = [(before.end + after.start) / 2 for before, after in zip(line, line[1:])]
    return [*inner, line[-1].end]


def shared(line: Sequence[Row]) -> list[float | None]:
    """Seconds that neighbours of a line were told to share; None where nobody said."""
    told: list[float | None] = []
    for before, after in zip(line, line[1:]):
        both = before.end - after.start
        told.append(both if both > NOTICED else before.transition)
    return [*told, line[-1].transition]


def resolve_seconds(actions: Sequence[Action], natural: Duration, total: float | None) -> list[float]:
    """Seconds of every action: its own, or its natural length; scaled to share what is left of `total`.

    Raises:
        ValueError: no room, or durations that contradict the total.
    """
    if total is not None:
        _check_seconds(total, "the whole motion")
    given = [action.seconds for action in actions]
    for action, seconds in zip(actions, given):
        if seconds is not None:
            _check_seconds(seconds, repr(action.text[:40]))
    wanted = [natural(action.text) if seconds is None else seconds for action, seconds in zip(actions, given)]
    if total is not None:
        fixed = sum(seconds for seconds in given if seconds is not None)
        free = sum(seconds for seconds, own in zip(wanted, given) if own is None)
        if free == 0 and abs(fixed - total) > NOTICED:
            raise ValueError(
                f"the actions last {fixed:g} s together but --seconds is {total:g}; leave one of the two out"
            )
        if free and (total - fixed) / free * min(w for w, own in zip(wanted, given) if own is None) < 0.5:
            raise ValueError(
                f"{len(actions)} actions do not fit into {total:g} s; give at least 0.5 s to each"
            )
        wanted = [w if own is not None else w * (total - fixed) / free for w, own in zip(wanted, given)]
    _check_total(sum(wanted))
    return wanted


def _check_total(seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise ValueError(f"the motion would last {seconds:g} s; at most {MAX_SECONDS:g} s are made at a time")


def _check_seconds(seconds: float, what: str) -> None:
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(f"seconds of {what} is {seconds:g}; give a number above 0")
    if seconds > MAX_SECONDS:
        raise ValueError(f"seconds of {what} is {seconds:g}; at most {MAX_SECONDS:g} s are made at a time")
