"""Between Kimodo's bodies and our 22 joints."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kimodo_toys import arrays, clip
from paths import golden
from torch import Tensor

from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.retarget import SOMA_NAMES, from_smpl, resample, smpl_joints, to_smpl
from mdm_adapter.models.kimodo.skeletons import SOMA30, SOMA77, smplx22
from mdm_adapter.representation import skeleton as smpl

SOMA = Representation(SOMA30)


def test_names_are_found_in_both_somas_and_sides_are_kept() -> None:
    assert set(SOMA_NAMES) == set(smpl.JOINTS)
    for body in (SOMA30, SOMA77):
        found = smpl_joints(body)
        assert len(set(found)) == 22
        place = body.neutral[list(found)]
        for number, name in enumerate(smpl.JOINTS):
            if name.startswith("left"):
                assert place[number, 0] > 0, name
                assert body.joints[found[number]].startswith("Left")
    assert to_smpl(SOMA77.neutral, SOMA77).shape == (22, 3)
    assert torch.equal(to_smpl(SOMA77.neutral, SOMA77), to_smpl(SOMA30.neutral, SOMA30))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_motion_of_the_same_body_comes_back(seed: int) -> None:
    """Bones keep their directions, so on the same body joints are where they were; all but the head, which hangs on
    two joints of SOMA's neck and on one of ours."""
    local, root = clip(30, seed)
    joints = to_smpl(SOMA30.forward_kinematics(local, root)[1], SOMA30)
    again = to_smpl(SOMA.decode(from_smpl(joints, SOMA)).joints, SOMA30)
    head = smpl.JOINTS.index("head")
    others = [joint for joint in range(22) if joint != head]
    assert (again - joints)[:, others].abs().max() < 1e-6
    assert (again - joints)[:, head].norm(dim=-1).max() < 0.05


def test_a_captured_walk_keeps_its_directions_and_its_feet_on_the_floor() -> None:
    data = np.load(golden("hml_clip_walk.npz"))
    joints = torch.from_numpy(data["global_positions"]).double()
    features = from_smpl(joints, SOMA, fps=20)
    pose = SOMA.decode(features)
    found = to_smpl(pose.joints, SOMA30)
    wanted = resample(joints, 20, 30)
    assert found.shape == wanted.shape
    assert len(found) == (len(joints) - 1) * 3 // 2 + 1
    parents = list(smpl.PARENTS[1:])
    mine, theirs = found[:, 1:] - found[:, parents], wanted[:, 1:] - wanted[:, parents]
    alike = torch.nn.functional.cosine_similarity(mine, theirs, dim=-1)
    limbs = [
        j - 1
        for j, name in enumerate(smpl.JOINTS)
        if any(p in name for p in ("knee", "ankle", "elbow", "wrist"))
    ]
    assert alike[:, limbs].min() > 1 - 1e-6
    assert alike.mean() > 0.97
    assert abs(float(found[..., 1].min())) < 0.01
    # SOMA's legs are longer, so its steps are; its path is the same one.
    lengths = found[-1, 0, [0, 2]].norm() / wanted[-1, 0, [0, 2]].norm()
    legs = smpl.bone_lengths(joints[0])[[4, 7]].sum()
    assert float(lengths) == pytest.approx(SOMA30.leg_length / float(legs), rel=1e-3)
    bones = (pose.joints[:, 1:] - pose.joints[:, list(SOMA30.parents[1:])]).norm(dim=-1)
    assert torch.allclose(bones, SOMA30.offsets[1:].norm(dim=-1).expand_as(bones), atol=1e-6)
    assert 0.1 < pose.contacts.double().mean() < 0.9


def test_smplx_is_our_skeleton() -> None:
    body = smplx22(arrays("kimodo_skeletons.npz")["smplx22/neutral_joints"])
    assert smpl_joints(body) == tuple(range(22))
    representation = Representation(body)
    local = clip(20, 2)[0][:, :22]
    joints = body.forward_kinematics(local, torch.tensor([0.0, 1.0, 0.0]).double().repeat(20, 1))[1]
    assert (representation.decode(from_smpl(joints, representation)).joints - joints).abs().max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 40), st.sampled_from([10.0, 20.0, 25.0, 30.0, 60.0]), st.sampled_from([20.0, 30.0, 24.0])
)
def test_other_frame_rates(frames: int, fps: float, wanted: float) -> None:
    times = torch.arange(frames).double() / fps
    joints = times[:, None, None].expand(frames, 22, 3)
    found = resample(joints, fps, wanted)
    instants = torch.arange(len(found)).double() / wanted
    assert torch.allclose(found[:, 0, 0], instants, atol=1e-9)
    assert float(times[-1]) - 1 / wanted < float(found[-1, 0, 0]) <= float(times[-1]) + 1e-9


def test_motions_that_are_none() -> None:
    good = to_smpl(SOMA30.neutral, SOMA30).expand(10, 22, 3)

    def refused(joints: Tensor, message: str, **changes: float) -> None:
        with pytest.raises(ValueError, match=message):
            from_smpl(joints, SOMA, **changes)

    refused(good[:, :21], r"joints have shape \[10, 21, 3\]")
    refused(good * torch.nan, "give finite metres")
    refused(torch.zeros(10, 22, 3), "the left leg is 0 m long in frame 0")
    refused(good, "frame rates are 0 and 30", fps=0)
    refused(good[:3], "3 frames are too few")
