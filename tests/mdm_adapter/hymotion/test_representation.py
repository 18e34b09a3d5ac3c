"""HY-Motion's numbers both ways, turned, and led over the ground."""

import math

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.models.hymotion.representation import (
    BODY,
    HYMOTION,
    ROOT,
    facing,
    to_matrix,
    to_six_d,
    turned,
)
from mdm_adapter.representation.protocol import StandingWay, Way
from mdm_adapter.representation.rotations import matrix_about_y
from mdm_adapter.representation.skeleton import PARENTS


def walking(frames: int = 60) -> Tensor:
    """Joints of a recording [frames, 22, 3], float64."""
    with np.load(golden("hml_clip_walk.npz")) as archive:
        return torch.from_numpy(archive["joints"][:frames]).double()


def test_there_and_back() -> None:
    joints = walking()
    features = HYMOTION.from_joints(joints)
    assert features.shape == (60, 201)
    assert (HYMOTION.to_joints(features) - joints).abs().max() < 1e-5
    # Written down again, the numbers are the same.
    assert (HYMOTION.from_joints(HYMOTION.to_joints(features)) - features).abs().max() < 1e-5


def test_rotations_both_ways() -> None:
    matrices = to_matrix(torch.randn(7, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    assert torch.allclose(to_matrix(to_six_d(matrices)), matrices, atol=1e-9)
    assert to_six_d(torch.eye(3)).tolist() == [1, 0, 0, 1, 0, 0]
    assert torch.allclose(
        matrix_about_y(torch.tensor(math.pi / 2))[:, 2], torch.tensor([1.0, 0, 0]), atol=1e-6
    )


def test_rotations_point_bones_where_joints_are() -> None:
    joints = walking()
    features = HYMOTION.from_joints(joints)
    local = torch.cat((features[:, ROOT], features[:, BODY]), dim=-1).unflatten(-1, (22, 6))
    world = [to_matrix(local[:, 0])]
    for joint in range(1, 22):
        world.append(world[PARENTS[joint]] @ to_matrix(local[:, joint]))
    # A thigh points along its hip's own axis down.
    thigh = torch.nn.functional.normalize(joints[:, 4] - joints[:, 1], dim=-1)
    assert float((-(world[1][..., 1]) * thigh).sum(dim=-1).min()) > 0.99


def test_turning_turns_joints() -> None:
    features = HYMOTION.from_joints(walking())
    angle = torch.tensor(0.7, dtype=torch.float64)
    found = HYMOTION.to_joints(turned(features, angle.expand(60)))
    assert torch.allclose(found, walking() @ matrix_about_y(angle).T, atol=1e-9)
    after = facing(turned(features, angle.expand(60)))
    assert torch.allclose(torch.cos(after - facing(features)), torch.cos(angle).expand(60), atol=1e-9)


@pytest.mark.parametrize(("turn", "place"), [(1.0, (2.0, 1.0)), (None, (1.0, 1.0)), (-0.5, None)])
def test_led_motion_arrives(turn: float | None, place: tuple[float, float] | None) -> None:
    way: Way = HYMOTION.way
    assert isinstance(way, StandingWay)
    features = HYMOTION.from_joints(walking())
    led = way.project(features[None], turn, place)[0]
    found = way.arrival(led)
    if turn is not None:
        assert found[0] == pytest.approx(turn, abs=1e-3)
    if place is not None:
        assert found[1] == pytest.approx(place, abs=1e-6)
    assert torch.allclose(led[0], features[0], atol=1e-9)


def test_put_behind_another_motion() -> None:
    features = HYMOTION.from_joints(walking())
    first, second = features[:30], features[30:]
    elsewhere = turned(second, torch.tensor(1.3, dtype=torch.float64).expand(30)) + 0.0
    put = HYMOTION.way.onward(first, elsewhere, 0)
    # It goes on with the last step; the recording's own next one differs by little.
    assert (put[:, [0, 2]] - second[:, [0, 2]]).abs().max() < 0.05
    frame = HYMOTION.way.lead_in(second, 10)
    assert frame.shape == (201,)
    assert (frame[[0, 2]] - second[0, [0, 2]]).norm() > 0.05
