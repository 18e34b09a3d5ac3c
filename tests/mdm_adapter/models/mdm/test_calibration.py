"""The layer that is fitted after the training: closed forms of Gaussian motion, padding, files."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mdm_adapter.models.mdm.calibration import BANDS, RATIOS, Calibration, calibrate, cosines
from mdm_adapter.models.mdm.checkpoint import build_network, load_checkpoint, save_model
from mdm_adapter.models.mdm.network import NetworkConfig

FRAMES, FEATURES = 40, 3
POWER = torch.tensor([9.0, 1.0, 0.04])  # of the features, alike at all frequencies
SMALL = NetworkConfig(
    arch="dit", text_encoder_type="static", layers=1, latent_dim=64, fine_dim=64, patch=2, feed_forward=64,
    diffusion_steps=50, max_frames=60, pos_embed_max_len=200, features=5, calibrated=True,
)  # fmt: skip


def gaussian_clips(count: int = 60) -> list[Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [POWER.sqrt() * torch.randn(FRAMES, FEATURES, generator=generator) for _ in range(count)]


def fitted(clips: list[Tensor], predict, said: slice = slice(0, 0)) -> Calibration:  # type: ignore[no-untyped-def]
    return calibrate(clips, predict, said=said, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("frames", [1, 2, 7, 196])
def test_cosines_are_orthonormal_and_begin_with_the_mean(frames: int) -> None:
    basis, bands = cosines(frames, torch.device("cpu"))
    torch.testing.assert_close(basis @ basis.T, torch.eye(frames), atol=1e-5, rtol=0)
    torch.testing.assert_close(basis[0], torch.full((frames,), frames**-0.5))
    assert bands[0] == 0
    assert (bands.diff() >= 0).all()
    assert bands[-1] <= len(BANDS)
    assert frames == 1 or bands[1] > 0


def test_the_prior_mean_becomes_the_wiener_filter() -> None:
    layer = fitted(gaussian_clips(), lambda observed, ratio, number: torch.zeros_like(observed))
    for level, ratio in enumerate(RATIOS):
        wiener = POWER / (POWER + ratio**2)
        # The highest band holds most of the 2,400 frames; what is left are the ridge (a fiftieth) and chance.
        torch.testing.assert_close(layer.seen[level, -1], wiener, atol=0.06, rtol=0.06)
    assert not layer.said.any()


def test_the_posterior_mean_is_left_alone() -> None:
    layer = fitted(
        gaussian_clips(), lambda observed, ratio, number: POWER / (POWER + ratio**2) * observed, slice(0, 3)
    )
    # Over its prediction the posterior mean has no error left that is linear in anything.
    assert layer.seen[:, -1].abs().max() < 0.12
    assert layer.said[:, -1].abs().max() < 0.12


def test_what_is_predicted_at_half_its_size_is_doubled() -> None:
    clips = gaussian_clips()
    layer = fitted(clips, lambda observed, ratio, number: clips[number] / 2, slice(0, 2))
    level = RATIOS.index(64.0)
    torch.testing.assert_close(layer.said[level, -1, :2], torch.ones(2), atol=0.08, rtol=0)
    assert layer.said[level, -1, 2] == 0
    ratio = torch.tensor([64.0])
    observed = clips[0] + 64 * torch.randn(FRAMES, FEATURES, generator=torch.Generator().manual_seed(5))
    alpha = (1 + ratio**2).rsqrt()
    corrected = layer(clips[0][None] / 2, (alpha * observed)[None], alpha, ratio * alpha)[0]
    # The lowest bands hold a number or two of each clip; all of them together are right within a tenth.
    error = (corrected - clips[0])[:, 0].square().mean() / clips[0][:, 0].square().mean()
    assert error < 0.1


def test_nothing_fitted_changes_nothing() -> None:
    clean, noisy = torch.randn(2, 2, 30, 4, generator=torch.Generator().manual_seed(1))
    level = torch.tensor([0.6, 0.8])
    assert torch.equal(Calibration(4)(clean, noisy, level, (1 - level**2).sqrt()), clean)


def test_padding_is_not_seen() -> None:
    layer = Calibration(4)
    generator = torch.Generator().manual_seed(2)
    layer.seen += torch.rand(layer.seen.shape, generator=generator)
    layer.said += torch.rand(layer.said.shape, generator=generator)
    clean, noisy = torch.randn(2, 3, 30, 4, generator=generator)
    alpha = torch.tensor([0.9, 0.6, 0.1])
    sigma = (1 - alpha**2).sqrt()
    lengths = [30, 12, 12]
    mask = torch.arange(30) < torch.tensor(lengths)[:, None]
    together = layer(clean, noisy, alpha, sigma, mask)
    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        alone = layer(clean[one, :length], noisy[one, :length], alpha[one], sigma[one])
        torch.testing.assert_close(together[one, :length], alone)


def test_what_has_a_floor_in_the_clips_stays_above_it() -> None:
    clips = [clip.abs() for clip in gaussian_clips()]
    sunken = calibrate(
        clips,
        lambda observed, ratio, number: torch.full_like(observed, -1.0),
        said=slice(0, 0),
        floored=[2],
        generator=torch.Generator().manual_seed(4),
    )
    lowest = torch.stack([clip[:, 2].min() for clip in clips]).min()
    below, level = torch.full((1, FRAMES, FEATURES), -1.0), torch.tensor([0.5])
    result = sunken(below, below, level, level)
    torch.testing.assert_close(result[..., 2], lowest.expand(1, FRAMES))
    assert (result[..., :2] < 0).all()


def test_it_travels_with_the_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network(SMALL).eval()
    torch.nn.init.normal_(network.patch_out.weight, std=0.02)
    with torch.no_grad():
        network.calibration.seen += 0.25  # type: ignore[operator, union-attr]
        network.calibration.lowest[1] = -0.1  # type: ignore[index, union-attr]
    save_model(tmp_path, network, None, {})
    loaded = load_checkpoint(tmp_path, device="cpu")
    assert loaded.config == SMALL
    x, text = torch.randn(2, 24, 5), torch.randn(2, 1, SMALL.text_width)
    level = torch.tensor([3, 40])
    with torch.no_grad():
        torch.testing.assert_close(
            loaded.network(x, level, text), network(x, level, text), atol=2e-3, rtol=2e-3
        )
        plain = build_network(replace(SMALL, calibrated=False)).eval()
        plain.load_state_dict(
            {k: v for k, v in network.state_dict().items() if not k.startswith("calibration.")}
        )
        before, alpha = plain(x, level, text), plain.levels(x.device)[level, 0, None, None]
        expected = before + 0.25 * (x / alpha - before)
        expected[..., 1].clamp_(min=-0.1)
        torch.testing.assert_close(network(x, level, text), expected)
