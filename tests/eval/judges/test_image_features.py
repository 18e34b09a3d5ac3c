import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from eval.judges.image_features import (
    INCEPTION_FILES,
    ImageFeatures,
    InceptionFeatures,
    OfflineFeatures,
    describe,
    find_inception_weights,
)
from eval.metrics.distribution import fid, kid

SIDE, COUNT = 32, 200


def landscapes(count: int, seed: int) -> Tensor:
    """Sky over land with an uneven horizon, both with filtered noise: [count, 3, 32, 32]."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    height = np.linspace(0, 1, SIDE)[:, None]
    pictures = []
    for _ in range(count):
        falloff = np.maximum(radius, 1 / SIDE) ** -rng.uniform(1.3, 2.0)
        noise = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(SIDE, SIDE))) * falloff, (SIDE, SIDE))
        noise /= noise.std()
        horizon = rng.uniform(0.35, 0.65) + 0.03 * noise[:1]
        land = 1 / (1 + np.exp((horizon - height) * SIDE / 1.5))
        sky = np.array([-0.3, 0.1, 0.6])[:, None, None] + rng.normal(0, 0.1, (3, 1, 1)) + 0.3 * height
        ground = np.array([-0.2, 0.1, -0.5])[:, None, None] + rng.normal(0, 0.1, (3, 1, 1))
        pictures.append((sky + 0.05 * noise) * (1 - land) + (ground + 0.2 * noise) * land)
    return torch.tensor(np.stack(pictures).clip(-1, 1), dtype=torch.float32)


@pytest.fixture(scope="module")
def offline() -> OfflineFeatures:
    return OfflineFeatures.fit(landscapes(COUNT, 0), components=32)


@pytest.fixture(scope="module")
def real() -> tuple[Tensor, Tensor]:
    both = landscapes(2 * COUNT, 1)
    return both[:COUNT], both[COUNT:]


def degraded(pictures: Tensor, how: str) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    n = len(pictures)
    if how == "blurred":
        return F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    if how == "noisy":
        return pictures + 0.04 * torch.randn(pictures.shape, generator=generator)
    if how == "upside down":
        return pictures.flip(2)
    if how == "colour shifted":
        return pictures + torch.tensor([0.15, 0.0, -0.15])[:, None, None]
    if how == "left joined with another's right":
        other = pictures.roll(1, 0)
        return torch.cat([pictures[..., : SIDE // 2], other[..., SIDE // 2 :]], -1)
    assert how == "blocks shuffled"
    side = SIDE // 4
    blocks = pictures.reshape(n, 3, 4, side, 4, side).permute(0, 2, 4, 1, 3, 5).reshape(n, 16, 3, side, side)
    mixed = torch.stack([picture[torch.randperm(16, generator=generator)] for picture in blocks])
    return mixed.reshape(n, 4, 4, 3, side, side).permute(0, 3, 1, 4, 2, 5).reshape(n, 3, SIDE, SIDE)


@pytest.mark.parametrize(
    "how",
    [
        "blurred",
        "noisy",
        "upside down",
        "colour shifted",
        "left joined with another's right",
        "blocks shuffled",
    ],
)
def test_bad_pictures_are_farther_from_real_ones_than_other_real_ones(offline, real, how) -> None:
    first, second = (offline.embed(part) for part in real)
    bad = offline.embed(degraded(real[1], how))
    assert fid(first, bad).value > 3 * fid(first, second).value
    assert kid(first, bad).value > 10 * abs(kid(first, second).value)


def test_mirrored_landscapes_are_as_good_as_real_ones(offline, real) -> None:
    first, second = (offline.embed(part) for part in real)
    mirrored = offline.embed(real[1].flip(3))
    assert fid(first, mirrored).value < 1.2 * fid(first, second).value


def test_more_of_the_same_damage_is_worse(offline, real) -> None:
    first = offline.embed(real[0])
    noise = torch.randn(real[1].shape, generator=torch.Generator().manual_seed(0))
    values = [fid(first, offline.embed(real[1] + level * noise)).value for level in (0, 0.02, 0.05, 0.1, 0.3)]
    assert values == sorted(values)


def test_no_group_of_features_dominates(real) -> None:
    """Each group carries a like share of the variance, however many numbers it has."""
    fitted = OfflineFeatures.fit(real[0], components=128)
    assert fitted.basis.shape[1] == 128
    sizes = [group.shape[1] for group in describe(real[0][:2]).values()]
    assert len(sizes) == 5
    shares = [
        np.square(part).sum() * sizes[i]
        for i, part in enumerate(np.split(fitted.basis, np.cumsum(sizes)[:-1]))
    ]
    total = np.square(fitted.embed(real[0]).numpy()).sum(1).mean()
    assert 2.0 < total < 5.0 + 1e-6  # of 5 groups with variance 1, compressed at the tails
    assert min(shares) > 1.0


def test_features_are_the_same_numbers_again_and_in_any_order_or_batch(offline, real) -> None:
    pictures = real[0][:40]
    again = OfflineFeatures.fit(landscapes(COUNT, 0), components=32)
    np.testing.assert_array_equal(again.basis, offline.basis)
    whole = offline.embed(pictures)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(offline.embed(pictures[order]), whole[order], rtol=0, atol=1e-4)
    torch.testing.assert_close(offline.embed(pictures[7:8]), whole[7:8], rtol=0, atol=1e-4)
    one_by_one, together = describe(pictures, batch=1), describe(pictures)
    for group, values in together.items():
        np.testing.assert_allclose(one_by_one[group], values, atol=1e-4)


def test_the_random_filters_never_change() -> None:
    """Numbers in two result files of the same name must come from the same filters."""
    waves = torch.cos(0.37 * torch.arange(3 * 24 * 24, dtype=torch.float64)).reshape(1, 3, 24, 24)
    values = describe(waves)["random"][0, [0, 40, 100, 200, 319]]
    np.testing.assert_allclose(values, [0.225612, 0.476996, 0.0936386, 0.0330184, 0.183799], rtol=1e-4)


@settings(deadline=None, max_examples=15)
@given(st.integers(24, 45), st.integers(24, 45), st.integers(1, 3), st.integers(0, 99))
def test_every_size_and_content_gives_finite_features_of_one_width(height, width, n, seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    level = float(seed % 4) / 3  # from plain grey to full noise
    pictures = (torch.rand((n, 3, height, width), generator=generator) * 2 - 1) * level
    groups = describe(pictures)
    assert [v.shape for v in groups.values()] == [(n, 57), (n, 48), (n, 76), (n, 16), (n, 320)]
    assert all(np.isfinite(v).all() for v in groups.values())


def test_a_change_in_what_real_pictures_never_change_is_seen() -> None:
    grey = landscapes(60, 5).mean(1, keepdim=True).repeat(1, 3, 1, 1)
    fitted = OfflineFeatures.fit(grey[:40], components=16)
    assert np.isfinite(fitted.embed(grey[40:]).numpy()).all()


def test_offline_features_say_what_they_are(offline) -> None:
    assert isinstance(offline, ImageFeatures)
    assert offline.name == "offline32"
    assert "not comparable with published FIDs" in offline.limits
    assert "no learnt network" in offline.source
    assert offline.count == COUNT
    assert offline.embed(landscapes(3, 9)).shape == (3, 32)


def test_wrong_pictures_are_refused(offline) -> None:
    good = landscapes(4, 0)
    for bad, message in [
        (good[0], r"must be \[N, 3, H, W\]"),
        (good[:, :1], r"must be \[N, 3, H, W\]"),
        (good[:0], "N at least 1"),
        (good[..., :24], r"are \[32, 24\] pixels, .* fitted to \[32, 32\]; crop or fit to one size"),
        ((good + 1) * 127.5, r"scale them to -1\.\.1"),
        (good * torch.nan, r"scale them to -1\.\.1"),
    ]:
        with pytest.raises(ValueError, match=message) as caught:
            offline.embed(bad)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="too small; give 24 or more"):
        OfflineFeatures.fit(good[..., :23], components=2)
    # what a sampler overshoots by is clipped
    torch.testing.assert_close(offline.embed(good * 0 + 1.2), offline.embed(good * 0 + 1.0))


def test_too_few_pictures_or_too_many_components_are_refused() -> None:
    with pytest.raises(ValueError, match="4 pictures cannot carry 4 components; give at least 5 pictures"):
        OfflineFeatures.fit(landscapes(4, 0), components=4)
    with pytest.raises(ValueError, match=r"components is 129; use 1 \.\.\. 128"):
        OfflineFeatures.fit(landscapes(4, 0), components=129)


# Inception: a stand-in with torch-fidelity's interface, since neither the package nor the weights may be there


class StandIn(nn.Module):
    """Takes what torch-fidelity 0.3 and 0.4 take, and answers as they do."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        assert features_list == ["2048"]
        self.table = nn.Parameter(torch.zeros(3, 2048), requires_grad=False)
        self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=True))

    def forward(self, pictures: Tensor) -> tuple[Tensor]:
        assert pictures.dtype == torch.uint8
        assert not self.training
        return (pictures.float().mean((2, 3)) @ self.table,)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("torch_fidelity")
    module = types.ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = StandIn
    monkeypatch.setitem(sys.modules, "torch_fidelity", package)
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", module)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    table = torch.zeros(3, 2048)
    table[0, 0] = table[1, 1] = table[2, 2] = 1.0
    torch.save({"table": table}, path)
    return path


@pytest.mark.usefixtures("stand_in")
def test_inception_gets_bytes_and_gives_features_in_order(weights) -> None:
    features = InceptionFeatures(weights, batch=2)
    assert isinstance(features, ImageFeatures)
    levels = torch.tensor([-1.0, 0.0, 0.5, 1.0, 1.1])
    pictures = levels[:, None, None, None].repeat(1, 3, 8, 8)
    embedded = features.embed(pictures)
    assert embedded.shape == (5, 2048)
    assert embedded[:, 0].tolist() == [0.0, 128.0, 191.0, 255.0, 255.0]
    assert embedded[:, 3:].abs().max() == 0


@pytest.mark.usefixtures("stand_in")
def test_other_weights_are_not_called_the_published_ones(weights, monkeypatch) -> None:
    features = InceptionFeatures(weights)
    assert "but other weights (SHA-256 " in features.source
    assert "not the published weights" in features.limits
    monkeypatch.setattr("eval.judges.image_features.INCEPTION_SHA256", "")  # any file begins with this
    features = InceptionFeatures(weights)
    assert "other weights" not in features.source
    assert features.limits.startswith("published FIDs rest on 50,000 pictures")


@pytest.mark.usefixtures("stand_in")
def test_files_that_hold_something_else_are_refused_in_one_line(tmp_path) -> None:
    text, other, code = tmp_path / "text.pth", tmp_path / "other.pth", tmp_path / "code.pth"
    text.write_text("hello")
    torch.save({"nothing": torch.zeros(1)}, other)
    torch.save(Path("a pickled object that is no tensor"), code)
    for path in (text, other, code):
        with pytest.raises(
            ValueError, match=r"holds no Inception weights; give .* or use --features offline"
        ) as caught:
            InceptionFeatures(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", INCEPTION_FILES)
def test_weights_are_found_where_pytorch_keeps_downloads(tmp_path, monkeypatch, name) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"put it there from .* or use --features offline") as caught:
        find_inception_weights()
    assert str(tmp_path / "checkpoints") in str(caught.value)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / name).write_bytes(b"")
    assert find_inception_weights() == tmp_path / "checkpoints" / name


def test_a_given_file_that_is_missing_is_not_searched_elsewhere(tmp_path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no such file; give weights-inception.* or use --features offline"
    ):
        InceptionFeatures(tmp_path / "missing.pth")


def test_without_torch_fidelity_the_message_says_what_to_install(weights, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    monkeypatch.delitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", raising=False)
    with pytest.raises(ImportError, match="pip install torch-fidelity, or use --features offline"):
        InceptionFeatures(weights)
