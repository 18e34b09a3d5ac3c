"""From seconds to pieces: every frame owned by its action, no piece longer than the model knows."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_adapter.planning.pieces import Piece, PlanSettings, plan_pieces, plan_rows
from mdm_adapter.planning.timing import lay_out, resolve_seconds
from mdm_adapter.prompts import Action

SECOND = PlanSettings(overlap=20)


def actions(*seconds: float | None) -> list[Action]:
    return [Action(f"action {i}", value) for i, value in enumerate(seconds)]


@settings(max_examples=200, deadline=None)
@given(
    seconds=st.lists(st.floats(0.5, 40.0), min_size=1, max_size=6),
    piece=st.integers(40, 196),
    overlap=st.integers(2, 39),
    loop=st.booleans(),
)
def test_plans_cover_time_and_respect_the_model(
    seconds: list[float], piece: int, overlap: int, loop: bool
) -> None:
    chosen = PlanSettings(piece=piece, overlap=overlap, limit=196)
    plan = plan_pieces(actions(*seconds), seconds, chosen, loop=loop)
    assert plan.frames == round(20 * sum(seconds))
    assert max(p.frames for p in plan.pieces) <= 196
    assert plan.segments[0].start == 0
    assert plan.segments[-1].end == plan.frames
    assert all(a.end == b.start for a, b in pairwise(plan.segments))
    assert [s.text for s in plan.segments] == [f"action {i}" for i in range(len(seconds))]
    # The graph checks that every site counts once and that overlaps are those of neighbours.
    graph = plan.graph
    assert graph.site_shape == (plan.frames,)
    assert graph.factors == len(plan.pieces)
    # Boundaries of actions lie in the middle of overlaps.
    for (before, after), overlap_frames in zip(pairwise(plan.pieces), plan.overlaps, strict=False):
        assert before.start + before.frames - after.start == overlap_frames
        if before.text != after.text:
            middle = after.start + overlap_frames // 2
            assert middle in {segment.start for segment in plan.segments}


def test_the_usual_lengths() -> None:
    one = plan_pieces(actions(6.0), [6.0], SECOND)
    assert [(p.start, p.frames) for p in one.pieces] == [(0, 120)]
    assert one.overlaps == ()
    four = plan_pieces(actions(4, 4, 4, 4), [4.0] * 4, SECOND)
    assert [(p.start, p.frames) for p in four.pieces] == [(0, 90), (70, 100), (150, 100), (230, 90)]
    assert four.overlaps == (20, 20, 20)
    assert four.describe() == "4 pieces of 4.5, 5, 5, 4.5 s, overlapping by 1 s"
    long = plan_pieces(actions(24.0), [24.0], SECOND)
    assert {p.text for p in long.pieces} == {"action 0"}
    assert len(long.segments) == 1
    assert max(p.frames for p in long.pieces) <= 120
    minutes = plan_pieces(actions(600.0), [600.0], SECOND).describe()
    assert len(minutes) < 80
    assert " to " in minutes or minutes.count(",") == 1
    assert plan_pieces(actions(3.0), [3.0], SECOND).describe() == "1 piece of 3 s"
    assert four.shift == 0
    around = plan_pieces(actions(8), [8.0], SECOND, loop=True)
    assert [(p.start, p.frames) for p in around.pieces] == [(-10, 100), (70, 100)]
    assert around.shift == -50
    round_trip = plan_pieces(actions(4, 4), [4.0, 4.0], SECOND, loop=True)
    assert round_trip.overlaps == (20, 20)
    assert round_trip.pieces[0].start == round_trip.shift == -10


def test_lengths_of_actions() -> None:
    def natural(text: str) -> float:
        return 2.0 if text.endswith("0") else 6.0

    assert resolve_seconds(actions(None, None), natural, None) == [2.0, 6.0]
    assert resolve_seconds(actions(None, 3.0), natural, None) == [2.0, 3.0]
    assert resolve_seconds(actions(None, None), natural, 16.0) == [4.0, 12.0]
    assert resolve_seconds(actions(None, 3.0), natural, 10.0) == [7.0, 3.0]
    assert resolve_seconds(actions(4.0, 3.0), natural, 7.0) == [4.0, 3.0]


@pytest.mark.parametrize(
    ("seconds", "total", "message"),
    [
        ([None], 0.0, "seconds of the whole motion is 0; give a number above 0"),
        ([None], -3.0, "seconds of the whole motion is -3"),
        ([None], math.nan, "seconds of the whole motion is nan"),
        ([None], math.inf, "seconds of the whole motion is inf"),
        ([None], 1e6, "at most 3600 s are made at a time"),
        ([math.nan], None, "the action 'action 0' lasts nan seconds"),
        ([4.0, 4.0], 10.0, r"the actions last 8 s together but --seconds is 10; leave one of the two out"),
        ([None] * 6, 1.0, r"6 actions do not fit into 1 s; give at least 0\.5 s to each"),
        ([3000.0, 3000.0], None, "the motion would last 6000 s"),
        ([8.0, None], 5.0, "2 actions do not fit into 5 s"),
    ],
)
def test_seconds_that_make_no_sense(seconds: list[float | None], total: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve_seconds(actions(*seconds), lambda text: 4.0, total)


def test_pieces_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match=r"piece is 200 frames; this model knows at most 196 \(9\.8 s\)"):
        PlanSettings(piece=200)
    with pytest.raises(ValueError, match=r"overlap is 120 frames \(6 s\); it must be at least 2 and shorter"):
        PlanSettings(overlap=120)
    with pytest.raises(ValueError, match="lasts 2 frames"):
        plan_pieces(actions(0.1), [0.1], SECOND)


def test_rows_that_share_time_overlap_by_it() -> None:
    rows = [Action("walk", 6.0, guidance=4.0), Action("wave", 4.0, start=4.0), Action("bow", 2.0, start=9.0)]
    plan = plan_rows(lay_out(rows, lambda text: 4.0), PlanSettings(overlap=20, style="sad"))
    assert [(p.text, p.start, p.frames) for p in plan.pieces] == [
        ("walk", 0, 120),
        ("wave", 80, 90),
        ("", 150, 40),
        ("bow", 170, 50),
    ]
    assert plan.overlaps == (40, 20, 20)
    # Gaps have no caption; boundaries lie in the middle of what is shared.
    assert [(s.text, s.start, s.end) for s in plan.segments] == [
        ("walk", 0, 100),
        ("wave", 100, 160),
        ("bow", 180, 220),
    ]
    assert [node.text for node in plan.nodes] == ["walk", "wave", "", "bow", "sad", "sad", "sad"]
    assert plan.nodes[0].guidance == 4.0
    assert len(plan.graph.nodes) == 7


def test_transitions_are_as_long_as_told() -> None:
    rows = [Action("a", 4.0, transition=2.0), Action("b", 4.0, transition=0.2), Action("c", 4.0)]
    timing = lay_out(rows, lambda text: 4.0)
    plan = plan_rows(timing, SECOND)
    assert plan.overlaps == (40, 4)
    assert plan.seams == (80, 160)
    around = plan_rows(timing, SECOND, loop=True)
    assert around.overlaps == (40, 4, 20)
    with pytest.raises(ValueError, match="'a' and 'b' share 9 s, but the shorter has 4 s"):
        plan_rows(lay_out([Action("a", 4.0, transition=9.0), Action("b", 4.0)], lambda t: 4.0), SECOND)


def test_layers_count_and_are_taken_back() -> None:
    rows = [Action("walk", 8.0), Action("wave", 2.0, start=3.0, guidance=4.0)]
    plan = plan_rows(lay_out(rows, lambda text: 4.0), SECOND)
    assert plan.layers == (Piece("wave", 60, 40, 4.0),)
    assert [(s.text, s.start, s.end) for s in plan.segments] == [("walk", 0, 160), ("wave", 60, 100)]
    assert [(node.text, node.guidance) for node in plan.nodes] == [
        ("walk", None),
        ("wave", 4.0),
        ("", None),
    ]
    nodes = plan.graph.nodes
    above, below = nodes[1].site_weights(), nodes[2].site_weights()
    assert nodes[1].region == nodes[2].region
    assert (above + below).abs().max() == 0
    assert above.max() == 1
    assert above[0] == 0.05  # it fades in and out over half an overlap
    assert above[-1] == 0.05
    with pytest.raises(ValueError, match=r"lies on top of another for 12 s; this model knows at most 9\.8 s"):
        plan_rows(lay_out([Action("walk", 30.0), Action("wave", 12.0, start=2.0)], lambda t: 4.0), SECOND)


def test_overlaps_within_an_action_may_carry_its_text() -> None:
    plan = plan_pieces(actions(24.0, 4.0), [24.0, 4.0], PlanSettings(own_text=True))
    own, last = plan.joins[:-1], plan.joins[-1]
    assert set(own) == {"action 0"}
    assert last == ""
    assert len(plan.joins) == len(plan.overlaps) == len(plan.pieces) - 1
    crossfade = plan_pieces(actions(24.0), [24.0], PlanSettings(taper=1.0, own_text=True))
    assert len(crossfade.nodes) == len(crossfade.pieces) == len(crossfade.graph.nodes)
