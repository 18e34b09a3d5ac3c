"""The HumanML3D representation against clips converted by the published notebooks."""

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.representation import features, rotations, skeleton

CLIPS = ("012314", "cmu06", "run", "salsa", "walk")
PARTS = (
    features.YAW_VELOCITY, features.PLANAR_VELOCITY, features.ROOT_HEIGHT, features.POSITIONS,
    features.ROTATIONS, features.VELOCITIES, features.CONTACTS,
)  # fmt: skip


def arrays(name: str) -> dict[str, Tensor]:
    with np.load(golden(f"hml_{name}.npz")) as archive:
        return {
            key: torch.from_numpy(archive[key]) for key in archive.files if archive[key].dtype.kind == "f"
        }


def spinning(turns: float, frames: int = 120) -> Tensor:
    """A standing body that turns on the spot."""
    pose = skeleton.forward_kinematics(
        torch.eye(3, dtype=torch.float64).expand(22, 3, 3), torch.tensor([0.0, 0.9, 0.0], dtype=torch.float64)
    )
    angle = torch.linspace(0, 2 * torch.pi * turns, frames, dtype=torch.float64)
    return rotations.rotate(rotations.about_y(angle / 2)[:, None], pose)


def test_layout_covers_a_frame_once() -> None:
    covered = [i for part in PARTS for i in range(part.start, part.stop)]
    assert covered == list(range(features.WIDTH))


@pytest.mark.parametrize("clip", CLIPS)
def test_features_are_the_published_ones(clip: str) -> None:
    golden_clip = arrays(f"clip_{clip}")
    ours = features.from_joints(golden_clip["joints"], continuous_heading=False)
    assert ours.features.dtype == torch.float32
    for part in PARTS:
        tolerance = 2e-4 if part is features.ROTATIONS else 1e-4
        torch.testing.assert_close(
            ours.features[:, part], golden_clip["features"][:, part], atol=tolerance, rtol=0
        )
    torch.testing.assert_close(ours.joints, golden_clip["global_positions"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("clip", CLIPS)
def test_joints_are_recovered_as_published(clip: str) -> None:
    golden_clip = arrays(f"clip_{clip}")
    recovered = features.to_joints(golden_clip["features"])
    torch.testing.assert_close(recovered, golden_clip["recovered"], atol=1e-4, rtol=0)
    turned = features.to_joints_from_rotations(golden_clip["features"])
    torch.testing.assert_close(turned, golden_clip["recovered_from_rot"], atol=1e-4, rtol=0)


def test_official_pair_is_recovered() -> None:
    official = arrays("official_012314")
    joints = features.to_joints(official["new_joint_vecs"])
    torch.testing.assert_close(joints, official["recovered"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("clip", CLIPS)
def test_round_trip_returns_the_joints(clip: str) -> None:
    motion = features.from_joints(arrays(f"clip_{clip}")["joints"].double())
    torch.testing.assert_close(features.to_joints(motion.features), motion.joints[:-1], atol=1e-6, rtol=0)
    again = features.to_joints_from_rotations(motion.features)
    torch.testing.assert_close(again, motion.joints[:-1], atol=1e-5, rtol=0)


def test_batches_are_converted_clip_by_clip() -> None:
    one = arrays("clip_run")["features"]
    batch = torch.stack((one, one.flip(0)))[:, None]
    for convert in (features.to_joints, features.to_joints_from_rotations, features.joint_velocities):
        assert convert(batch).shape[:2] == (2, 1)
        torch.testing.assert_close(convert(batch)[1, 0], convert(one.flip(0)), atol=1e-6, rtol=0)


def test_first_frame_stands_at_the_origin_on_the_floor_facing_ahead() -> None:
    joints = arrays("clip_salsa")["joints"].double()
    turn = rotations.about_y(torch.tensor(0.7, dtype=torch.float64))
    moved = rotations.rotate(turn, joints) + torch.tensor([3.0, -2.0, 5.0], dtype=torch.float64)
    canonical = features.canonicalise(moved)
    assert canonical[..., 1].min().abs() < 1e-12
    assert canonical[0, 0, [0, 2]].abs().max() < 1e-12
    torch.testing.assert_close(
        skeleton.forward_direction(canonical[0]), torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    )
    torch.testing.assert_close(canonical, features.canonicalise(joints))


def test_continuous_heading_keeps_the_path_of_a_body_that_turns_around() -> None:
    joints = spinning(1.5)
    published = features.from_joints(joints, continuous_heading=False).features
    ours = features.from_joints(joints).features
    flipped = (published - ours).abs().amax(dim=1) > 1e-6
    assert flipped.sum() == 1
    torch.testing.assert_close(published[flipped, 0], -ours[flipped, 0])
    assert ours[:, 0].min() * ours[:, 0].max() > 0


@pytest.mark.parametrize("clip", CLIPS)
def test_joint_velocities_are_those_of_the_joints(clip: str) -> None:
    motion = features.from_joints(arrays(f"clip_{clip}")["joints"].double()).features
    heading, _ = features.root_motion(motion)
    joints = features.to_joints(motion)
    # Seen from the heading of the frame that is reached, in which the planar velocity is stored too.
    expected = rotations.rotate(heading[1:, None], joints[1:] - joints[:-1])
    torch.testing.assert_close(features.joint_velocities(motion), expected, atol=1e-9, rtol=0)


def test_contacts_mark_still_feet() -> None:
    joints = spinning(0.0, frames=4)
    joints[2:, list(skeleton.RIGHT_FEET)] += 0.1
    contacts = features.from_joints(joints, retarget=False).features[:, features.CONTACTS]
    assert contacts.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (torch.zeros(5, 21, 3), r"shape \(5, 21, 3\)"),
        (torch.zeros(1, 22, 3), r"frames >= 2"),
        (torch.zeros(2, 5, 22, 3), "expected"),
        (torch.full((5, 22, 3), torch.nan), "non-finite"),
    ],
)
def test_unusable_joints_are_refused(joints: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        features.from_joints(joints)
