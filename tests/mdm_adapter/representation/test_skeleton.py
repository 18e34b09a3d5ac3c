"""The skeleton against the tables and clips of the published code."""

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.representation import rotations, skeleton

CLIPS = ("012314", "cmu06", "run", "salsa", "walk")


def clip_array(clip: str, key: str) -> Tensor:
    with np.load(golden(f"hml_clip_{clip}.npz")) as archive:
        return torch.from_numpy(archive[key]).double()


def test_tables_are_the_published_ones() -> None:
    with np.load(golden("hml_skeleton.npz")) as archive:
        tables = dict(archive)
    assert tuple(tables["parents"].tolist()) == skeleton.PARENTS
    chains = tuple(tuple(j for j in chain if j >= 0) for chain in tables["kinematic_chain"].tolist())
    assert chains == skeleton.CHAINS
    assert np.array_equal(tables["raw_offsets"], skeleton.BONE_DIRECTIONS.numpy())
    offsets = skeleton.BONE_DIRECTIONS * skeleton.BONE_LENGTHS[:, None]
    np.testing.assert_allclose(offsets.numpy(), tables["target_offsets"], atol=1e-6)
    assert tuple(tables["fid_l"].tolist()) == skeleton.LEFT_FEET
    assert tuple(tables["fid_r"].tolist()) == skeleton.RIGHT_FEET
    assert tuple(tables["l_idx"].tolist()) == skeleton.SCALE_BONES
    reference = torch.from_numpy(tables["ref_000021_frame0"])
    torch.testing.assert_close(skeleton.bone_lengths(reference), skeleton.BONE_LENGTHS, atol=1e-6, rtol=0)


def test_names_agree_with_hierarchy_and_mirror() -> None:
    names = skeleton.JOINTS
    assert len(names) == len(set(names)) == skeleton.JOINT_COUNT == len(skeleton.PARENTS) == 22
    for joint, partner in enumerate(skeleton.MIRROR):
        swapped = names[joint].replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")
        assert names[partner] == swapped
        parent, partner_parent = skeleton.PARENTS[joint], skeleton.PARENTS[partner]
        assert (parent < 0 and partner_parent < 0) or skeleton.MIRROR[parent] == partner_parent
    assert [names[j] for j in skeleton.FEET] == ["left_ankle", "left_foot", "right_ankle", "right_foot"]


@pytest.mark.parametrize("clip", CLIPS)
def test_retarget_gives_the_published_positions(clip: str) -> None:
    retargeted = skeleton.retarget(clip_array(clip, "joints"))
    torch.testing.assert_close(retargeted, clip_array(clip, "uniform"), atol=1e-4, rtol=0)
    lengths = skeleton.bone_lengths(retargeted)
    torch.testing.assert_close(lengths, skeleton.BONE_LENGTHS.expand_as(lengths), atol=1e-9, rtol=0)


def test_retarget_ignores_the_unit_and_is_idempotent() -> None:
    joints = clip_array("run", "joints")
    once = skeleton.retarget(joints)
    torch.testing.assert_close(skeleton.retarget(joints * 100), once)
    torch.testing.assert_close(skeleton.retarget(once), once)


def test_retarget_refuses_a_body_without_legs() -> None:
    with pytest.raises(ValueError, match="leg length is 0 m in frame 0"):
        skeleton.retarget(torch.zeros(3, 22, 3))


def test_forward_direction_follows_the_body() -> None:
    pose = clip_array("walk", "global_positions")[0]
    forward = skeleton.forward_direction(pose)
    torch.testing.assert_close(forward, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), atol=1e-4, rtol=0)
    # A quarter turn to the body's left takes +z to +x.
    quarter = rotations.about_y(torch.tensor(torch.pi / 4, dtype=torch.float64))
    turned = skeleton.forward_direction(rotations.rotate(quarter, pose))
    torch.testing.assert_close(turned, rotations.rotate(quarter, forward))
    assert turned[0] > 0.99


def test_smoothed_heading_is_a_turn_about_the_vertical() -> None:
    joints = clip_array("salsa", "global_positions")
    heading = skeleton.smoothed_heading(joints)
    assert heading.shape == (len(joints), 4)
    torch.testing.assert_close(heading.norm(dim=-1), torch.ones(len(joints), dtype=torch.float64))
    assert heading[:, [1, 3]].abs().max() < 1e-12
    assert (heading[:, 0] >= 0).all()


@pytest.mark.parametrize("clip", CLIPS)
def test_forward_kinematics_undoes_inverse_kinematics(clip: str) -> None:
    joints = skeleton.retarget(clip_array(clip, "joints"))
    local = skeleton.inverse_kinematics(joints, skeleton.smoothed_heading(joints))
    torch.testing.assert_close(local.norm(dim=-1), torch.ones(local.shape[:-1], dtype=torch.float64))
    placed = skeleton.forward_kinematics(rotations.to_matrix(local), joints[:, 0])
    torch.testing.assert_close(placed, joints, atol=1e-6, rtol=0)


def test_forward_kinematics_of_no_rotation_is_the_rest_pose() -> None:
    matrices = torch.eye(3).expand(2, 3, 22, 3, 3)
    pose = skeleton.forward_kinematics(matrices, torch.zeros(2, 3, 3))
    assert pose.shape == (2, 3, 22, 3)
    assert pose[0, 0, 1, 0] > 0 > pose[0, 0, 2, 0]
    assert pose[0, 0, 15, 1] > 0.4 > -0.8 > pose[0, 0, 10, 1]


def test_mirror_is_its_own_inverse_and_keeps_the_facing() -> None:
    joints = clip_array("run", "global_positions")
    mirrored = skeleton.mirror(joints)
    assert torch.equal(skeleton.mirror(mirrored), joints)
    expected = skeleton.forward_direction(joints) * torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(skeleton.forward_direction(mirrored), expected)
    assert torch.equal(mirrored[:, 7, 1], joints[:, 8, 1])
