"""Rows of seconds: overlapping actions, gaps, actions on top of others, and what contradicts itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.planning.timing import Row, boundaries, lay_out, shared
from mdm_adapter.prompts import Action


def natural(text: str) -> float:
    return 4.0


def test_rows_without_starts_follow_one_another() -> None:
    timing = lay_out([Action("walk", 3.0, transition=0.5), Action("wave"), Action("", 1.0)], natural)
    assert timing.line == (Row("walk", 0, 3, 0.5), Row("wave", 3, 7), Row("", 7, 8))
    assert timing.seconds == 8
    assert boundaries(timing.line) == [3, 7, 8]
    assert shared(timing.line) == [0.5, None, None]


def test_starts_make_overlaps_and_gaps() -> None:
    timing = lay_out(
        [Action("walk", 6.0), Action("wave", 4.0, start=4.0), Action("bow", 2.0, start=10.0)], natural
    )
    assert timing.line == (Row("walk", 0, 6), Row("wave", 4, 8), Row("", 8, 10), Row("bow", 10, 12))
    assert boundaries(timing.line) == [5, 8, 10, 12]
    assert shared(timing.line) == [2, None, None, None]
    assert timing.layers == ()


def test_gaps_that_follow_one_another_are_one() -> None:
    rows = [
        Action("walk", 2.0),
        Action("", 1.0),
        Action("", 1.0),
        Action("bow", 2.0, start=6.0),
        Action("", 1.0),
    ]
    line = lay_out(rows, natural, 9.0).line
    assert line == (Row("walk", 0, 2), Row("", 2, 6), Row("bow", 6, 8), Row("", 8, 9))


def test_lengths_that_nobody_gave() -> None:
    # Up to the next start, to the end of everything, or as long as the action naturally lasts.
    assert [row.end for row in lay_out([Action("a"), Action("b", start=2.5)], natural).line] == [2.5, 6.5]
    assert [row.end for row in lay_out([Action("a"), Action("b", start=2.5)], natural, 5.0).line] == [2.5, 5]
    late = lay_out([Action("a", 2.0, start=1.0)], natural, 5.0).line
    assert late == (Row("", 0, 1), Row("a", 1, 3), Row("", 3, 5))


def test_a_row_inside_another_is_laid_on_top() -> None:
    rows = [Action("walk", 8.0), Action("wave", 2.0, start=3.0, guidance=4.0), Action("run", 3.0, start=8.0)]
    timing = lay_out(rows, natural)
    assert timing.line == (Row("walk", 0, 8), Row("run", 8, 11))
    assert timing.layers == (Row("wave", 3, 5, None, 4.0),)


@pytest.mark.parametrize(
    ("rows", "total", "message"),
    [
        (
            [Action("a", 4.0, start=3.0), Action("b", 4.0, start=2.0)],
            None,
            r"row 2 \('b'\) starts at 2 s, before the row above it \(3 s\); put the rows in order",
        ),
        ([Action("a"), Action("b", start=0.0)], None, r"row 1 \('a'\) lasts 0 s"),
        (
            [Action("a", 6.0), Action("b", 6.0, start=4.0), Action("c", 9.0, start=5.0)],
            None,
            r"row 3 \('c'\) starts at 5 s, while two rows above it still go on; let the earlier one end \(6 s\)",
        ),
        (
            [Action("a", 6.0, transition=1.0), Action("b", 6.0, start=4.0)],
            None,
            r"row 2 \('b'\) starts 2 s before the row above it ends, which also has a transition",
        ),
        ([Action("a", 6.0), Action("b", 2.0, 1.0, 0.5)], None, "a transition says nothing there"),
        ([Action("a", 6.0), Action("b", 6.0, start=6.0)], 9.0, "the rows last 12 s but --seconds is 9"),
        ([Action("a", 3000.0), Action("b", 3000.0, start=3000.0)], None, "the motion would last 6000 s"),
    ],
)
def test_rows_that_contradict_themselves(rows: list[Action], total: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lay_out(rows, natural, total)


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.floats(0.2, 9)), st.one_of(st.none(), st.floats(0, 20))),
        min_size=1,
        max_size=6,
    )
)
def test_the_line_has_no_holes(rows: list[tuple[float | None, float | None]]) -> None:
    actions = [Action(f"row {i}", seconds, start) for i, (seconds, start) in enumerate(rows)]
    try:
        timing = lay_out(actions, natural)
    except ValueError:
        return
    line = timing.line
    assert line[0].start <= 0.026
    assert all(after.start <= before.end + 0.026 for before, after in zip(line, line[1:]))
    # Whatever was asked for is there, on the line or on top of it.
    texts = sorted(row.text for row in (*line, *timing.layers) if row.text)
    assert texts == sorted(action.text for action in actions)
    for layer in timing.layers:
        assert any(row.start <= layer.start and layer.end <= row.end + 1e-6 for row in line)
