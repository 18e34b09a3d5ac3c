"""How long, how often, how fast: closed forms with a vocabulary of four actions, and without one."""

import pytest

from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import KnownAction, Matcher, Vocabulary
from mdm_adapter.motion import Segment
from mdm_adapter.planning.lengths import (
    MOST_SECONDS,
    Expected,
    check_speed,
    expect,
    over,
    shares,
    with_repeats,
)
from mdm_adapter.planning.pieces import PlanSettings, plan_rows
from mdm_adapter.planning.timing import lay_out
from mdm_adapter.prompts import Action

KNOWN = Vocabulary(
    (
        KnownAction(
            "walk", ("a person walks.", "a person takes several steps."), 200, 6.75, 2.1, 1.1, 0.55, 1.2, 2.0
        ),
        KnownAction("jump", ("a person jumps.",), 6, 3.0, 2.6, 3.0, None, 0.05, 0.3),
        KnownAction("squat", ("a person squats.",), 6, 4.2, 4.0, 2.1, None, 0.02, 0.2),
        KnownAction("wave", ("a person waves.",), 100, 7.0, 4.0, 7.0, None, 0.01, 0.1),
        KnownAction("dance", ("a person dances.",), 4, 15.0),
        KnownAction("veer", ("a person veers off.",), 4, 0.9, 0.9, 0.9, 0.4, 3.0, 4.0),
    )
)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(KNOWN, load_text_encoder("static"))


@pytest.mark.parametrize(
    ("text", "seconds", "repeats", "once"),
    [
        ("A person jumps.", 3.0, 1, ""),
        ("A person jumps three times.", 9.0, 3, "A person jumps."),
        ("A person squats four times.", 8.4, 2, "A person squats."),
        ("A person takes twenty steps.", 11.0, 1, ""),
        ("A person takes three steps.", 2.1, 1, ""),  # the shortest recording
        ("A person takes several steps.", 6.75, 1, ""),
        ("A person waves ten times.", 7.0, 1, ""),
        ("A person waves twice.", 4.0, 1, ""),
        ("A person walks twice.", 13.5, 1, ""),
        ("A person dances.", 9.3, 1, ""),  # the longest piece
        ("A person veers off.", 1.2, 1, ""),  # the shortest
    ],
)
def test_lengths(matcher: Matcher, text: str, seconds: float, repeats: int, once: str) -> None:
    found = expect(text, matcher, 9.3)
    assert found.seconds == pytest.approx(seconds)
    assert (found.repeats, found.once, found.note) == (repeats, once, "")


def test_unreasonable_counts_are_bounded_and_said(matcher: Matcher) -> None:
    found = expect("A person jumps 1000 times.", matcher, 9.3)
    assert found.seconds == MOST_SECONDS
    assert found.repeats == 40
    assert found.note.startswith("'A person jumps 1000 times.' would last 3,000 s; it is made 120 s long")


def test_without_a_vocabulary() -> None:
    assert expect("A person jumps.", None, 9.3) == Expected(4.0)
    assert expect("A person jumps ten times.", None, 9.3).seconds == 15.0
    assert expect("A person takes twenty steps.", None, 9.3).seconds == pytest.approx(11.0)
    assert expect("A person walks.", None, 9.3).speed == 1.2
    assert expect("A person runs.", None, 9.3).speed == 2.8
    assert expect("A person waves.", None, 9.3).speed == 0.0


def test_speeds(matcher: Matcher) -> None:
    walk, wave = expect("A person walks.", matcher, 9.3), expect("A person waves.", matcher, 9.3)
    assert (walk.speed, walk.most) == (1.2, 3.0)
    assert (wave.speed, wave.most) == (0.0, 0.0)
    # No caption of the nearest action crawls.
    assert expect("A person crawls.", matcher, 9.3).speed == 0.4


def test_a_count_is_a_piece_for_each(matcher: Matcher) -> None:
    def expected(text: str) -> Expected:
        return expect(text, matcher, 9.3)

    actions = [Action("A person jumps three times."), Action("A person walks.")]
    timing = with_repeats(lay_out(actions, lambda text: expected(text).seconds), expected)
    plan = plan_rows(timing, PlanSettings())
    assert [piece.text for piece in plan.pieces] == ["A person jumps."] * 3 + ["A person walks."]
    assert [(s.text, s.end - s.start) for s in plan.segments] == [
        (a.text, n) for a, n in zip(actions, (180, 135))
    ]
    assert plan.joins == ("", "", "")
    assert all(piece.frames < 80 for piece in plan.pieces[:3])
    # Too little time for three of them: one piece, and the model does what it can.
    hurried = with_repeats(lay_out([Action("A person jumps three times.", 3.0)], lambda _: 4.0), expected)
    assert [piece.text for piece in plan_rows(hurried, PlanSettings()).pieces] == [
        "A person jumps three times."
    ]


def test_a_way_takes_its_time(matcher: Matcher) -> None:
    def expected(text: str) -> Expected:
        return expect(text, matcher, 9.3)

    def lasting(metres: float, *actions: Action) -> list[float]:
        return [row.end - row.start for row in lay_out(actions, over(metres, actions, expected)).line]

    walk, wave = Action("A person walks."), Action("A person waves.")
    assert lasting(6.0, walk) == pytest.approx([5.0])
    assert lasting(6.0, walk, wave) == pytest.approx([5.0, 7.0])
    assert lasting(6.0, walk, walk) == pytest.approx([2.5, 2.5])
    assert lasting(6.0, Action("A person walks.", 2.0), walk) == pytest.approx([2.0, 3.0])
    assert lasting(0.1, walk) == pytest.approx([1.2])
    # Nobody travels: as long as walking would take, and no shorter than they are.
    assert lasting(12.0, wave) == pytest.approx([10.0])
    assert lasting(6.0, wave) == pytest.approx([7.0])


def test_what_nobody_does_is_refused(matcher: Matcher) -> None:
    def expected(text: str) -> Expected:
        return expect(text, matcher, 9.3)

    walk = (Segment("A person walks.", 0, 20),)
    check_speed(walk, 20.0, 3.0, expected)
    with pytest.raises(
        ValueError, match=r"141\.0 m in 1 s are too fast for 'A person walks\.' \(3\.0 m/s at most\)"
    ) as told:
        check_speed(walk, 20.0, 141.0, expected)
    assert str(told.value).endswith("give at least 47 s, 117.5 s at its usual pace")
    check_speed((Segment("A person walks.", 0, 940),), 20.0, 141.0, expected)
    # Who waves gives nothing to the way.
    both = (Segment("A person walks.", 0, 20), Segment("A person waves.", 20, 200))
    with pytest.raises(ValueError, match="give at least 11 s"):
        check_speed(both, 20.0, 6.0, expected)


def test_shares_of_a_way(matcher: Matcher) -> None:
    def expected(text: str) -> Expected:
        return expect(text, matcher, 9.3)

    both = (Segment("A person walks.", 0, 2), Segment("A person waves.", 2, 4))
    assert shares(both, 4, expected) == pytest.approx([1.2, 1.2, 0.012, 0.012])
    assert shares(both[1:], 4, expected) == [1.0] * 4
