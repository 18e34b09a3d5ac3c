"""Features both ways: the published numbers, and what moving, turning and decoding do to them."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kimodo_toys import VARIANTS, arrays, clip, skeleton, statistics_of

from mdm_adapter.models.kimodo.geometry import axis_angle_to_matrix
from mdm_adapter.models.kimodo.representation import Layout, Representation
from mdm_adapter.models.kimodo.skeletons import SOMA30

SOMA = Representation(SOMA30)
GROUPS = {
    "global_rot_data": "rotations",
    "local_joints_positions": "positions",
    "velocities": "velocities",
    "foot_contacts": "contacts",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_features(variant: str) -> None:
    data = arrays(f"kimodo_features_{variant}.npz")
    representation, lengths = Representation(skeleton(variant)), data["lengths"]
    counted = (torch.arange(data["features"].shape[1]) < lengths[:, None])[..., None]
    features = representation.encode(data["local_rot_mats"], data["root_positions"], lengths=lengths)
    limit = torch.full((representation.width,), 1e-5)
    limit[representation.layout.velocities] = 1e-4
    assert (((features - data["features"]).abs() * counted) <= limit).all()
    local = representation.local_root(data["features"][..., :5], lengths=lengths)
    assert ((local - data["local_root"]).abs() * counted).max() < 1e-4
    statistics = statistics_of(data)
    # Tiny deviations magnify rounding, so what is compared is the difference in metres.
    normalised = statistics.apply(data["features"])
    assert ((normalised - data["features_normalized"]) * statistics.scale).abs().max() < 1e-5
    assert (statistics.apply_local(data["local_root"]) - data["local_root_normalized"]).abs().max() < 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_decoding_of_noisy_features(variant: str) -> None:
    data = arrays(f"kimodo_features_{variant}.npz")
    representation = Representation(skeleton(variant))
    features = statistics_of(data).undo(data["decode_in_normalized"])
    pose = representation.decode(features)
    for found, wanted in (
        (pose.joints, "posed_joints_from_rotations"),
        (representation.decode(features, by_positions=True).joints, "posed_joints_from_positions"),
        (pose.local, "local_rot_mats"),
        (pose.rotations, "global_rot_mats"),
        (pose.root, "root_positions"),
        (pose.smooth_root, "smooth_root_pos"),
        (features[..., 3:5], "global_root_heading"),
    ):
        assert (found - data[f"decode_{wanted}"]).abs().max() < 1e-5, wanted
    assert torch.equal(pose.contacts, data["decode_foot_contacts"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_moves(variant: str) -> None:
    data = arrays(f"kimodo_features_{variant}.npz")
    representation = Representation(skeleton(variant))
    first = data["features"][:, :6]
    for found, wanted in (
        (representation.rotated(first, data["move_angle"]), "rotated"),
        (representation.translated(first, data["move_translation_2d"]), "translated"),
        (representation.canonical(first), "canonicalized"),
    ):
        assert (found - data[wanted]).abs().max() < 1e-5, wanted


def test_the_layout_leaves_nothing_out() -> None:
    layout = Layout(30)
    columns = [*range(5)]
    for part in (layout.positions, layout.rotations, layout.velocities, layout.contacts):
        columns += range(part.start, part.stop)
    assert columns == list(range(layout.width))
    assert layout.width == 369
    assert layout.body == slice(5, 369)


def test_features_come_back() -> None:
    local, root = clip(40, 0)
    features = SOMA.encode(local, root)
    pose = SOMA.decode(features)
    assert torch.allclose(pose.local, local, atol=1e-9)
    assert torch.allclose(pose.root, root, atol=1e-9)
    _, joints = SOMA30.forward_kinematics(local, root)
    assert torch.allclose(pose.joints, joints, atol=1e-9)
    assert torch.allclose(SOMA.decode(features, by_positions=True).joints, joints, atol=1e-9)
    velocities = features[:, SOMA.layout.velocities].unflatten(-1, (30, 3))
    assert torch.allclose(velocities[:-1], 30 * joints.diff(dim=0), atol=1e-9)
    assert torch.equal(velocities[-1], velocities[-2])


@settings(max_examples=10, deadline=None)
@given(st.floats(-4, 4), st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 50))
def test_moving_features_is_moving_the_body(angle: float, x: float, z: float, seed: int) -> None:
    """On velocities, heights, headings and contacts alike; and it is linear, so noise is moved as well."""
    local, root = clip(12, seed)
    features = SOMA.encode(local, root)
    turn = torch.tensor(angle, dtype=torch.float64)
    ground = torch.tensor([x, z], dtype=torch.float64)
    moved = SOMA.translated(SOMA.rotated(features, turn), ground)
    pose, before = SOMA.decode(moved), SOMA.decode(features)
    about = axis_angle_to_matrix(torch.tensor([0.0, angle, 0.0], dtype=torch.float64))
    assert torch.allclose(
        pose.joints,
        before.joints @ about.T + torch.tensor([x, 0.0, z], dtype=torch.float64),
        atol=1e-9,
    )
    headings = torch.atan2(moved[:, 4], moved[:, 3]) - torch.atan2(features[:, 4], features[:, 3])
    assert torch.allclose((headings - angle).sin(), torch.zeros(12).double(), atol=1e-9)
    # Contacts are copied: a foot at the very threshold of speed may round either way when made anew.
    again = SOMA.assemble(pose.joints, pose.rotations, moved[:, :3])
    assert torch.allclose(again[:, :-4], moved[:, :-4], atol=1e-8)
    assert torch.equal(moved[:, -4:], features[:, -4:])
    noise = torch.randn(12, SOMA.width, generator=torch.Generator().manual_seed(seed)).double()
    together = SOMA.rotated(features + noise, turn)
    assert torch.allclose(together, SOMA.rotated(features, turn) + SOMA.rotated(noise, turn), atol=1e-9)


def test_contacts_are_feet_that_rest() -> None:
    local = torch.eye(3, dtype=torch.float64).expand(20, 30, 3, 3)
    root = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64).repeat(20, 1)
    feet = SOMA.encode(local, root)[:, SOMA.layout.contacts]
    assert torch.equal(feet, torch.ones(20, 4, dtype=torch.float64))
    lifted = SOMA.encode(local, root + torch.tensor([0.0, 0.2, 0.0]))[:, SOMA.layout.contacts]
    assert float(lifted.sum()) == 0
    sliding = root + torch.arange(20).double()[:, None] * torch.tensor([0.006, 0.0, 0.0])
    assert float(SOMA.encode(local, sliding)[:, SOMA.layout.contacts].sum()) == 0


def test_headings_and_local_root() -> None:
    angle = torch.linspace(0, 5 * math.pi, 60, dtype=torch.float64)
    root = torch.zeros(60, 3, dtype=torch.float64)
    root[:, 0], root[:, 1] = 0.01 * torch.arange(60), 0.9
    features = torch.cat((root, angle.cos()[:, None], angle.sin()[:, None]), dim=1)
    local = SOMA.local_root(features)
    assert torch.allclose(local[:, 0], torch.full((60,), 30 * 5 * math.pi / 59).double())
    assert torch.allclose(local[:, 1], torch.full((60,), 0.3).double())
    assert torch.allclose(local[:, 3], torch.full((60,), 0.9).double())
    turned = SOMA30.neutral @ axis_angle_to_matrix(torch.tensor([0.0, 1.2, 0.0]).double()).T
    assert float(SOMA.heading_of(turned)) == pytest.approx(1.2, abs=1e-2)  # SOMA's hips stand a little askew


def test_padding_counts_for_the_last_frame_only() -> None:
    local, root = clip(20, 3)
    lengths = torch.tensor([20, 12])
    both = SOMA.encode(local.expand(2, -1, -1, -1, -1), root.expand(2, -1, -1), lengths=lengths)
    assert torch.equal(both[0, :11], both[1, :11])
    velocities = SOMA.layout.velocities
    assert torch.equal(both[1, 11, velocities], both[1, 10, velocities])
    assert not torch.equal(both[0, 11, velocities], both[0, 10, velocities])


def test_too_few_frames() -> None:
    local, root = clip(4, 0)
    with pytest.raises(ValueError, match="4 frames are too few for features; give at least 5"):
        SOMA.encode(local, root)
