import numpy as np
import pytest
import torch
from paths import golden

from eval.judges.corruptions import CORRUPTIONS, POSITIONS, VELOCITIES, joint_velocities
from mdm_adapter.representation.features import from_joints, to_joints

LENGTHS = torch.tensor([90, 60, 33])


def joints() -> torch.Tensor:
    return torch.from_numpy(np.load(golden("hml_clip_run.npz"))["uniform"]).double()


def clips() -> torch.Tensor:
    """Three real clips [3, 90, 263] with the lengths above, zero beyond."""
    features = torch.from_numpy(np.load(golden("hml_clip_run.npz"))["features"]).float()
    walk = torch.from_numpy(np.load(golden("hml_clip_walk.npz"))["features"]).float()
    salsa = torch.from_numpy(np.load(golden("hml_clip_salsa.npz"))["features"]).float()
    result = torch.zeros(3, 90, 263)
    for i, (source, length) in enumerate(zip((salsa, walk, features), LENGTHS)):
        result[i, :length] = source[:length]
    return result


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_shape_padding_and_generator(kind) -> None:
    features = clips()
    before = features.clone()
    spoilt = CORRUPTIONS[kind](features, LENGTHS, generator())
    assert spoilt.shape == features.shape
    assert torch.isfinite(spoilt).all()
    torch.testing.assert_close(features, before, rtol=0, atol=0)  # the input is left alone
    for row, length in zip(spoilt, LENGTHS):
        assert (row[length:] == 0).all()
        assert (row[:length] != 0).any()
    assert ((spoilt - features).abs().amax(dim=(1, 2)) > 1e-3).all()
    torch.testing.assert_close(CORRUPTIONS[kind](features, LENGTHS, generator()), spoilt, rtol=0, atol=0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_padding_never_leaks_in(kind) -> None:
    features = clips()
    dirty = features.clone()
    for row, length in zip(dirty, LENGTHS):
        row[length:] = 1000.0
    clean, spoilt = (CORRUPTIONS[kind](x, LENGTHS, generator()) for x in (features, dirty))
    torch.testing.assert_close(clean, spoilt, rtol=0, atol=0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_velocities_agree_with_positions(kind) -> None:
    spoilt = CORRUPTIONS[kind](clips(), LENGTHS, generator())
    for row, length in zip(spoilt, LENGTHS):
        implied = joint_velocities(row[None, :length])[0]
        torch.testing.assert_close(row[: length - 1, VELOCITIES], implied[:-1], rtol=1e-4, atol=1e-5)


def test_velocities_of_real_motion_are_found() -> None:
    for row, length in zip(clips(), LENGTHS):
        implied = joint_velocities(row[None, :length])[0]
        torch.testing.assert_close(row[: length - 1, VELOCITIES], implied[:-1], rtol=0, atol=1e-4)


def test_reversing_features_is_reversing_joints() -> None:
    features = from_joints(joints(), retarget=False).features[None]
    length = torch.tensor([features.shape[1]])
    backwards = CORRUPTIONS["reversed"](features, length, generator())
    forth, back = to_joints(features)[0], to_joints(backwards)[0]
    # same joints in the opposite order, up to where the path starts and which way it faces
    turned = back.flip(0)
    for pose in (0, 20, -1):
        for other in (10, 35):
            expected = (forth[pose, :, None] - forth[other, None, :]).norm(dim=-1)
            actual = (turned[pose, :, None] - turned[other, None, :]).norm(dim=-1)
            torch.testing.assert_close(actual, expected, rtol=0, atol=1e-6)
    twice = CORRUPTIONS["reversed"](backwards, length, generator())
    torch.testing.assert_close(twice[:, :-1, :193], features[:, :-1, :193], rtol=0, atol=1e-9)


def test_frozen_motion_does_not_move() -> None:
    spoilt = CORRUPTIONS["frozen"](clips(), LENGTHS, generator())
    path = to_joints(spoilt[:1])
    torch.testing.assert_close(path, path[:, :1].expand_as(path))
    torch.testing.assert_close(spoilt[0, :, VELOCITIES], torch.zeros(90, 66))


def test_noise_has_the_size_asked_for() -> None:
    features = clips()[:1].repeat(200, 1, 1)
    lengths = LENGTHS[:1].repeat(200)
    noise = (CORRUPTIONS["noisy"](features, lengths, generator()) - features)[..., POSITIONS]
    spread = noise.std(dim=(1, 2))
    assert 0.0095 < spread.min() < 0.012
    assert 0.042 < spread.max() < 0.0525


def test_shuffled_chunks_are_the_same_frames() -> None:
    features = clips()
    for seed in range(20):
        spoilt = CORRUPTIONS["shuffled"](features, LENGTHS, generator(seed))
        for row, source, length in zip(spoilt, features, LENGTHS):
            height = row[:length, 3]
            assert not torch.equal(height, source[:length, 3])
            torch.testing.assert_close(height.sort().values, source[:length, 3].sort().values)


def test_short_motions_are_shuffled_too() -> None:
    features = clips()[:1, :8]
    spoilt = CORRUPTIONS["shuffled"](features, torch.tensor([8]), generator())
    assert not torch.equal(spoilt[0, :, 3], features[0, :, 3])


def test_stitched_motion_is_a_beginning_and_an_end() -> None:
    features = clips()
    spoilt = CORRUPTIONS["stitched"](features, LENGTHS, generator())
    for i, length in enumerate(LENGTHS.tolist()):
        follower = (i + 1) % 3
        own = (spoilt[i, :length, POSITIONS] == features[i, :length, POSITIONS]).all(dim=-1)
        cut = int(own.int().cumprod(0).sum())
        assert 0.25 * length < cut < 0.75 * length
        last = features[follower, LENGTHS[follower] - 1, POSITIONS]
        torch.testing.assert_close(spoilt[i, length - 1, POSITIONS], last)
