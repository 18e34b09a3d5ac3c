"""Constraints as known features: the published masks and values, who wins, and who is refused."""

import pytest
import torch
from kimodo_toys import VARIANTS, arrays, skeleton, statistics_of
from torch import Tensor

from mdm_adapter.models.kimodo.constraints import Constraint, GroundPath, Poses, known_features, observe
from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.skeletons import SOMA30

SOMA = Representation(SOMA30)


def published(variant: str) -> list[list[Constraint]]:
    """What the loop fixture says that its constraints were made from."""
    data = arrays(f"kimodo_features_{variant}.npz")
    rotations, _ = skeleton(variant).forward_kinematics(data["local_rot_mats"], data["root_positions"])
    joints, ground, angle = data["posed_joints"], data["smooth_root_pos"][..., [0, 2]], data["heading_angle"]

    def poses(clip: int, frames: list[int], limbs: tuple[str, ...] | None = None) -> Poses:
        there = torch.tensor(frames)
        return Poses(there, joints[clip, frames], rotations[clip, frames], ground[clip, frames], limbs)

    heading = torch.stack((angle.cos(), angle.sin()), dim=-1)
    path = [3, 4, 5]
    first: list[Constraint] = [
        poses(0, [0, 9]),
        GroundPath(torch.tensor(path), ground[0, path], heading[0, path]),
    ]
    second: list[Constraint] = [
        poses(2, [2, 6], ("LeftHand",)),
        poses(2, [7], ("RightFoot",)),
        GroundPath(torch.tensor([8]), ground[2, [8]]),
    ]
    return [first, second]


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_constraints(variant: str) -> None:
    data, representation = arrays(f"kimodo_loop_{variant}.npz"), Representation(skeleton(variant))
    statistics = statistics_of(arrays(f"kimodo_network_{variant}.npz"))
    mask = data["motion_mask"].bool()
    for number, constraints in enumerate(published(variant)):
        features, named = known_features(constraints, representation, 12)
        assert torch.equal(named, mask[number])
        assert ((features - data["observed_motion_unnormalized"][number]) * named).abs().max() < 1e-5
    observed = observe(published(variant), representation, statistics, 12)
    assert torch.equal(observed.mask, mask)
    assert ((observed.values - data["observed_motion"]) * mask).abs().max() < 1e-4
    assert float((observed.values * ~mask).abs().max()) == 0


def standing(frames: list[int], x: float = 0.0, limbs: tuple[str, ...] | None = None) -> Poses:
    joints = SOMA30.neutral + torch.tensor([x, 1.0, 0.0])
    eye = torch.eye(3).double().expand(len(frames), 30, 3, 3)
    return Poses(torch.tensor(frames), joints.expand(len(frames), 30, 3), eye, limbs=limbs)


def columns(mask: Tensor) -> int:
    return int(mask.sum())


def test_what_each_kind_names() -> None:
    layout = SOMA.layout
    _, mask = known_features([GroundPath(torch.tensor([1]), torch.zeros(1, 2))], SOMA, 3)
    assert mask[1].nonzero().flatten().tolist() == [0, 2]
    assert columns(mask) == 2
    _, mask = known_features([GroundPath(torch.tensor([1]), torch.zeros(1, 2), torch.ones(1, 2))], SOMA, 3)
    assert mask[1].nonzero().flatten().tolist() == [0, 2, 3, 4]
    _, mask = known_features([standing([0])], SOMA, 3)
    assert columns(mask) == 5 + 90
    assert columns(mask[:, layout.rotations]) == 0
    # A hand is two joints of SOMA, of which the first is turned; the root's place and facing come with it.
    _, mask = known_features([standing([0], limbs=("LeftHand",))], SOMA, 3)
    assert columns(mask) == 5 + 2 * 3 + 6
    _, mask = known_features([standing([0], limbs=("LeftHand", "Hips"))], SOMA, 3)
    assert columns(mask) == 5 + 3 * 3 + 2 * 6
    assert not mask[:, layout.velocities].any()
    assert not mask[:, layout.contacts].any()


def test_the_last_one_wins_and_places_follow_it() -> None:
    path = GroundPath(torch.tensor([1, 1]), torch.tensor([[5.0, 6.0], [7.0, 8.0]]))
    features, _ = known_features([standing([1], x=2.0), path], SOMA, 3)
    assert features[1, [0, 2]].tolist() == [7.0, 8.0]
    # The body stays where it is in the world, whatever the smooth root is.
    pose = SOMA.decode(features[1:2], by_positions=True)
    wanted = standing([1], x=2.0).joints[0].float()
    assert torch.allclose(pose.joints[0], wanted, atol=1e-5)
    features, _ = known_features([path, standing([1], x=2.0)], SOMA, 3)
    assert features[1, [0, 2]].tolist() == pytest.approx([2.0, 0.0])


def test_parts_of_a_motion() -> None:
    poses = standing([2, 5, 9])
    part = poses.within(4, 9)
    assert part.frames.tolist() == [1]
    assert len(part.joints) == len(part.rotations) == 1
    path = GroundPath(torch.tensor([2, 5, 9]), torch.arange(6.0).reshape(3, 2), torch.ones(3, 2))
    assert path.within(5, 10).frames.tolist() == [0, 4]
    assert path.within(5, 10).ground.tolist() == [[2.0, 3.0], [4.0, 5.0]]
    features, mask = known_features([poses.within(20, 30)], SOMA, 4)
    assert not mask.any()
    assert torch.equal(features, torch.zeros(4, 369))


def test_constraints_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="a constraint is on frame 9; the motion has 4: 0 to 3"):
        known_features([standing([9])], SOMA, 4)
    with pytest.raises(ValueError, match=r"ground has shape \[1, 3\] for 1 frames; expected \[1, 2\]"):
        GroundPath(torch.tensor([0]), torch.zeros(1, 3))
    with pytest.raises(ValueError, match="limb 'Tail' is unknown; choose from LeftFoot"):
        standing([0], limbs=("Tail",))
    with pytest.raises(ValueError, match="ground holds numbers that are not finite"):
        GroundPath(torch.tensor([0]), torch.full((1, 2), float("nan")))
    with pytest.raises(ValueError, match=r"frames have shape \[1\]"):
        GroundPath(torch.tensor([-1]), torch.zeros(1, 2))
    other = Poses(torch.tensor([0]), torch.zeros(1, 22, 3), torch.zeros(1, 22, 3, 3))
    with pytest.raises(ValueError, match="a constraint has 22 joints; soma30 has 30"):
        known_features([other], SOMA, 4)
