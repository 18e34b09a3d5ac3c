"""The network as a denoiser of windows of any length, under texts of any length or none."""

import pytest
import torch

from mdm_adapter.models.mdm.denoiser import MDMDenoiser
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import TextEmbedding
from motioncollage.collage.denoiser import NoiseLevel

LEVEL = NoiseLevel(0.8, 0.6, 300.0)


def network(**changes: object) -> MDM:
    torch.manual_seed(0)
    config = NetworkConfig(
        **{"text_encoder_type": "static", "layers": 2, "latent_dim": 32, "max_frames": 60, **changes}  # type: ignore[arg-type]
    )
    return MDM(config).eval()


def text(tokens: int, seed: int, width: int) -> TextEmbedding:
    generator = torch.Generator().manual_seed(seed)
    return TextEmbedding(
        torch.randn(tokens, width, generator=generator), torch.zeros(tokens, dtype=torch.bool)
    )


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, (1, 1)),
        ({"arch": "trans_dec", "text_encoder_type": "bert"}, (3, 7)),
        ({"arch": "trans_dec", "text_encoder_type": "bert", "emb_trans_dec": True}, (5, 2)),
    ],
)
def test_rows_of_a_call_do_not_see_each_other(changes: dict[str, object], counts: tuple[int, int]) -> None:
    model = network(**changes)
    denoiser = MDMDenoiser(model)
    width = model.config.text_width
    x = torch.randn(3, 24, 263, generator=torch.Generator().manual_seed(1))
    conditions = [text(counts[0], 0, width), None, text(counts[1], 1, width)]
    together = denoiser(x, LEVEL, conditions)
    for row in range(3):
        alone = denoiser(x[row : row + 1], LEVEL, conditions[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, atol=2e-6, rtol=1e-5)
    assert (together[0] - denoiser(x[:1], LEVEL, [None])[0]).abs().max() > 1e-3
    assert not together.requires_grad


def test_a_window_longer_than_the_training_is_refused() -> None:
    denoiser = MDMDenoiser(network())
    assert denoiser(torch.zeros(1, 60, 263), LEVEL, [None]).shape == (1, 60, 263)
    with pytest.raises(ValueError, match=r"a piece has 61 frames; this model was trained on at most 60"):
        denoiser(torch.zeros(1, 61, 263), LEVEL, [None])


def test_bfloat16_is_used_above_a_little_noise_only() -> None:
    model = network()
    x = torch.randn(2, 24, 263, generator=torch.Generator().manual_seed(1))
    exact, half = MDMDenoiser(model), MDMDenoiser(model, precision="bfloat16")
    noisy, faint = NoiseLevel(0.8, 0.6, 300.0), NoiseLevel(0.99, 0.14, 60.0)
    assert torch.equal(half(x, faint, [None] * 2), exact(x, faint, [None] * 2))
    rough = half(x, noisy, [None] * 2)
    assert rough.dtype == torch.float32
    difference = (rough - exact(x, noisy, [None] * 2)).abs().max()
    assert 0 < difference < 0.1
    with pytest.raises(ValueError, match="precision is 'half'"):
        MDMDenoiser(model, precision="half")
