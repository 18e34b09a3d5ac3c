"""Where bodies of Kimodo's features go: read, led elsewhere, put where another motion ends."""

import math

import pytest
import torch
from kimodo_toys import clip
from torch import Tensor

from mdm_adapter.models.kimodo.ground import GroundWay
from mdm_adapter.models.kimodo.numbers import SMPLX, SOMA
from mdm_adapter.representation.named import meaning_of
from mdm_adapter.representation.protocol import StandingWay, Way

OWN = SOMA.own
WAY = SOMA.way


def features(frames: int = 40, seed: int = 1) -> Tensor:
    """A body that writhes along a random way [frames, width], float64."""
    return OWN.encode(*clip(frames, seed))


def test_it_is_a_way() -> None:
    way: Way = WAY
    assert isinstance(way, StandingWay)
    assert meaning_of({"representation": "kimodo-soma30"}) is SOMA
    assert meaning_of({"representation": "kimodo-smplx22"}) is SMPLX
    assert meaning_of({"representation": "nobody's"}) is None


def test_arrival_is_the_frame_after_the_last() -> None:
    whole = features(41)
    turn, place = WAY.arrival(whole[:40])
    pelvis = OWN.decode(whole).root
    heading = OWN.heading_of(OWN.decode(whole, by_positions=True).joints)
    assert place == pytest.approx((pelvis[40] - pelvis[0])[[0, 2]].tolist(), abs=1e-6)
    assert turn == pytest.approx(
        float((heading[40] - heading[0] + math.pi) % (2 * math.pi) - math.pi), abs=1e-6
    )


@pytest.mark.parametrize(("turn", "place"), [(1.2, (2.0, -1.0)), (None, (0.5, 3.0)), (-0.7, None)])
def test_led_motion_arrives_and_keeps_its_pose(turn: float | None, place: tuple[float, float] | None) -> None:
    before = features()
    led = WAY.project(before[None], turn, place)[0]
    found_turn, found_place = WAY.arrival(led)
    old_turn, _ = WAY.arrival(before)
    assert found_turn == pytest.approx(old_turn if turn is None else turn, abs=1e-6)
    if place is not None:
        assert found_place == pytest.approx(place, abs=1e-6)
    # The first frame stays where it is; the body keeps its shape, and velocities are what joints do.
    assert torch.allclose(led[0, OWN.layout.positions], before[0, OWN.layout.positions])
    here, there = OWN.decode(before, by_positions=True).joints, OWN.decode(led, by_positions=True).joints
    bones = [(j - j[:, :1]).norm(dim=-1) for j in (here, there)]
    assert torch.allclose(*bones, atol=1e-9)
    velocity = led[:, OWN.layout.velocities].unflatten(-1, (30, 3))
    assert torch.allclose(velocity[:-1], there.diff(dim=0) * OWN.fps, atol=1e-6)
    # What is right already is left alone.
    assert torch.allclose(WAY.project(led[None], turn, place)[0], led, atol=1e-9)


def test_put_behind_another_motion() -> None:
    whole = features(60)
    first, second = whole[:30], whole[30:]
    angle = torch.tensor(2.1, dtype=torch.float64)
    elsewhere = OWN.translated(OWN.rotated(second, angle), torch.tensor([4.0, -3.0], dtype=torch.float64))
    assert torch.allclose(WAY.onward(first, elsewhere, 0), second, atol=1e-6)
    batch = WAY.onward(first.expand(2, -1, -1), elsewhere.expand(2, -1, -1), 0)
    assert torch.allclose(batch[1], second, atol=1e-6)


def steady(frames: int) -> Tensor:
    """One metre a second along +z and a little to the side, in one pose."""
    local = torch.eye(3, dtype=torch.float64).expand(frames, 30, 3, 3)
    place = torch.arange(frames, dtype=torch.float64)[:, None] / OWN.fps
    return OWN.encode(local, place * torch.tensor([0.2, 0.0, 1.0]) + torch.tensor([0.0, 0.95, 0.0]))


def test_over_a_gap_it_goes_on_at_both_speeds() -> None:
    whole = steady(90)
    put = WAY.onward(whole[:30], OWN.rotated(whole[60:], torch.tensor(0.5, dtype=torch.float64)), 30)
    assert torch.allclose(OWN.decode(put).root, OWN.decode(whole[60:]).root, atol=1e-6)
    frame = WAY.lead_in(whole[60:], 30)
    assert torch.allclose(OWN.decode(frame[None]).root[0], OWN.decode(whole[30:31]).root[0], atol=1e-6)


def test_a_path_has_places_and_facings() -> None:
    path = torch.tensor([[1.0, 0.0], [1.0, 3.0], [4.0, 3.0]])
    rows = WAY.along(path, 60)
    assert rows.shape == (60, len(WAY.columns))
    assert rows[0].tolist() == pytest.approx([1.0, 0.0, 1.0, 0.0], abs=1e-5)
    assert rows[-1, 2:].tolist() == pytest.approx([0.0, 1.0], abs=1e-5)
    assert (rows[:, 2:].norm(dim=-1) - 1).abs().max() < 1e-5


def test_columns_of_a_joint_are_those_of_what_it_carries() -> None:
    assert SOMA.columns(0) == []
    wrist = SOMA.columns(20)
    # The hand and the ends of its fingers, each with place, rotation and velocity.
    names = OWN.skeleton.joints
    carried = [j for j, name in enumerate(names) if name.startswith("LeftHand")]
    assert len(wrist) == 3 * len(carried)
    assert len(SOMA.columns(7)) == 3 + 1
    everything = [part for joint in range(1, 22) for part in SOMA.columns(joint)]
    covered = torch.zeros(OWN.width)
    for part in everything:
        covered[part] += 1
    assert covered.max() == 1
    assert covered[5:].sum() == OWN.width - 5 - 12  # all but the pelvis and the root


def test_moving_shares_follow_the_speed() -> None:
    shares = WAY.moving(steady(30)[None])
    assert float(shares.sum()) == pytest.approx(1)
    assert isinstance(WAY, GroundWay)
