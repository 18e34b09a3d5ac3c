"""How long actions last and how fast they travel, where nobody says so: as long as in recordings, so many times as told.

A model with a vocabulary knows it from its training data (`models.vocabulary.KnownAction`); for others, and for what a
vocabulary does not know, there are the figures of ordinary people below, measured on the bundled model's data.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mdm_adapter.models.vocabulary import DEFAULT_SECONDS, KnownAction, Matcher
from mdm_adapter.planning.timing import Timing
from mdm_adapter.prompts import Action
from mdm_adapter.prompts.action import shorten
from mdm_adapter.prompts.counts import Count, read_count
from mdm_adapter.segments import Segment

SHORTEST = (
    1.2  # seconds; nothing shorter was trained on, and what is that short still happens between neighbours
)
MOST_SECONDS = 120.0  # of an action that is counted
# Seconds of a step, of a beat of a gesture (waves: 0.45 to 0.55 s), of any other repetition; and those in which a
# gesture begins and ends.
STEP, BEAT, REPETITION, LEAD = 0.55, 0.5, 1.5, 2.0

TRAVELS = 0.25  # metres a second; what is slower stays where it is
ABOVE_FASTEST = 1.5  # times the fastest second of its recordings is the most that is asked of an action
HUMAN = 10.0  # metres a second that nobody exceeds
# Speeds over the ground, usual and at their fastest, of sentences that no vocabulary knows.
_GAITS = (
    (re.compile(r"\b(?:sprint|dash|race)", re.I), 3.3, 4.7),
    (re.compile(r"\b(?:run|jog|chas|flee)", re.I), 2.8, 4.5),
    (re.compile(r"\b(?:crawl|creep|sneak|tiptoe)", re.I), 0.4, 0.6),
    (re.compile(r"\b(?:side[-\s]?step|shuffl|limp|stagger)", re.I), 0.4, 1.5),
    (re.compile(r"\b(?:skip|hop|leap)", re.I), 1.3, 2.2),
    (re.compile(r"\bwalk\w*\s+back|\bback(?:ward)?s?\s+walk", re.I), 0.8, 1.4),
    (re.compile(r"\b(?:walk|go(?:es)?\b|step|stroll|march|pace|move|carr|stride|wander)", re.I), 1.2, 2.0),
)
WALKING = (1.2, 2.0)


@dataclass(frozen=True)
class Expected:
    """What is expected of a sentence.

    Attributes:
        seconds: how long it lasts.
        repeats: pieces that it is made of where each does it once (or as often as a recording does).
        once: the sentence of such a piece.
        speed: usual metres a second over the ground; 0 where it stays.
        most: metres a second that can be asked of it.
        note: what was made of an unreasonable count; empty where there is nothing to say.
    """

    seconds: float
    repeats: int = 1
    once: str = ""
    speed: float = 0.0
    most: float = 0.0
    note: str = ""


Expectation = Callable[[str], Expected]


def expect(text: str, matcher: Matcher | None, longest: float) -> Expected:
    """What a model's recordings, or else ordinary people, say of a sentence.

    Args:
        longest: seconds of the longest piece that the model makes.
    """
    count = read_count(text)
    once = count.once if count and count.what == "repetition" else text
    match = matcher.match(once) if matcher else None
    known = match.action if match else None
    speed, most = _pace(text, known if match and match.familiar else None)
    seconds = min(longest, max(SHORTEST, known.seconds)) if known else DEFAULT_SECONDS
    if count is None:
        return Expected(seconds, speed=speed, most=most)
    wanted = _counted(count, known, seconds)
    if count.vague:
        wanted = max(wanted, seconds)
    lasts, note = min(wanted, MOST_SECONDS), ""
    if wanted > lasts:
        note = f"{shorten(text, 40)!r} would last {wanted:,.0f} s; it is made {lasts:g} s long (give its seconds for more)"
    repeats = 1
    if known and count.what == "repetition":
        repeats = max(1, round(lasts / max(SHORTEST, known.seconds)))
    return Expected(lasts, repeats, once if repeats > 1 else "", speed, most, note)


def _counted(count: Count, known: KnownAction | None, seconds: float) -> float:
    """Seconds of so many; never less than the shortest recording."""
    least = max(SHORTEST, (known.shortest or 0.0) if known else DEFAULT_SECONDS)
    if count.what == "whole":
        return count.times * seconds
    if count.what == "beat":
        return max(least, LEAD + count.times * BEAT)
    if count.what == "step":
        return max(least if known else SHORTEST, count.times * (known.step or STEP if known else STEP))
    unit = known.unit or known.seconds if known else REPETITION
    return max(least, count.times * unit)


def _pace(text: str, known: KnownAction | None) -> tuple[float, float]:
    """(usual speed, most that can be asked), metres a second."""
    gait = next((g for g in _GAITS if g[0].search(text)), None)
    # A gait that none of its captions names is another one: to crawl is not to walk.
    if known and known.speed is not None and (not gait or any(map(gait[0].search, known.captions))):
        if known.speed < TRAVELS:
            return 0.0, 0.0
        return known.speed, min(HUMAN, ABOVE_FASTEST * max(known.fastest or 0.0, known.speed))
    return (gait[1], ABOVE_FASTEST * gait[2]) if gait else (0.0, 0.0)


def with_repeats(timing: Timing, expected: Expectation) -> Timing:
    """Rows whose counts are met by a piece for each, where each has time for it."""

    def counted(text: str, seconds: float) -> tuple[int, str]:
        wanted = expected(text) if text else Expected(seconds)
        enough = wanted.repeats > 1 and seconds / wanted.repeats >= SHORTEST
        return (wanted.repeats, wanted.once) if enough else (1, "")

    rows = []
    for row in timing.line:
        repeats, once = counted(row.text, row.end - row.start)
        rows.append(replace(row, repeats=repeats, once=once))
    return replace(timing, line=tuple(rows))


def over(metres: float, actions: Sequence[Action], expected: Expectation) -> Callable[[str], float]:
    """How long each action lasts if together they go so far: those that travel as long as it takes at their speed.

    Where none of them travels, the whole is as long as walking would take, and no shorter than they are.
    """
    told = [(action, expected(action.text) if action.text else Expected(0.0)) for action in actions]
    free = [e for action, e in told if action.seconds is None]
    gone = sum((action.seconds or 0.0) * e.speed for action, e in told)
    ahead = sum(e.seconds * e.speed for e in free)
    if ahead:
        stretch = max(0.0, metres - gone) / ahead
        return lambda text: max(SHORTEST, (e := expected(text)).seconds * (stretch if e.speed else 1.0))
    walked = max(0.0, metres - gone) / WALKING[0]
    stretch = max(1.0, walked / max(1e-9, sum(e.seconds for e in free)))
    return lambda text: expected(text).seconds * (1.0 if gone else stretch)


def shares(segments: Sequence[Segment], frames: int, expected: Expectation) -> list[float]:
    """How much of a way each frame of a plan covers, relative to the others: a runner more than a walker.

    Who stands hardly moves; where nobody travels all share it alike.
    """
    speeds = [0.0] * frames
    for segment in segments:
        usual = expected(segment.text).speed
        speeds[segment.start : segment.end] = [max(usual, s) for s in speeds[segment.start : segment.end]]
    if not any(speeds):
        return [1.0] * frames
    return [max(speed, 0.01 * max(speeds)) for speed in speeds]


def check_speed(segments: Sequence[Segment], fps: float, metres: float, expected: Expectation) -> None:
    """Refuse a way that nobody covers in the time.

    Raises:
        ValueError: more metres a second than the actions allow; names the seconds that they would need.
    """
    told = [(segment, expected(segment.text)) for segment in segments]
    if not any(e.speed for _, e in told):
        told = [(s, replace(e, speed=WALKING[0], most=ABOVE_FASTEST * WALKING[1])) for s, e in told]
    seconds = [(segment.end - segment.start) / fps for segment, _ in told]
    furthest = sum(s * e.most for s, (_, e) in zip(seconds, told))
    if metres <= furthest + 1e-6:
        return
    # More time for those who travel, in their shares; who stands needs no more.
    usual = sum(s * e.speed for s, (_, e) in zip(seconds, told) if e.speed)
    moving, standing = (
        sum(s for s, (_, e) in zip(seconds, told) if bool(e.speed) is go) for go in (True, False)
    )
    least, easy = standing + moving * metres / furthest, standing + moving * metres / usual
    raise ValueError(
        f"{metres:.1f} m in {sum(seconds):g} s are too fast for {shorten(told[0][0].text, 40)!r}"
        f" ({furthest / moving:.1f} m/s at most); give at least {_rounded_up(least)} s, {_rounded_up(easy)} s at its usual pace"
    )


def _rounded_up(seconds: float) -> str:
    return f"{int(seconds * 10 + 0.999) / 10:g}"
