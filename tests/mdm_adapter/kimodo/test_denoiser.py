"""The network as a denoiser of windows of any length, under texts of any length or none."""

import pytest
import torch
from kimodo_toys import LEVEL, plain, sentence, toy_network

from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.text import TextEmbedding
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.collage.guidance import Conditioned


def noisy(rows: int, frames: int = 12) -> torch.Tensor:
    return torch.randn(rows, frames, 369, generator=torch.Generator().manual_seed(rows))


def test_rows_of_a_call_do_not_see_each_other() -> None:
    network = toy_network()
    denoiser, x = KimodoDenoiser(network), noisy(3)
    long = TextEmbedding(torch.randn(2, 8, generator=torch.Generator().manual_seed(0)), torch.zeros(2).bool())
    conditions, headings = [sentence("walk"), None, long], torch.tensor([0.0, 1.0, -2.0])
    together = denoiser(x, LEVEL, conditions, headings=headings)
    for row in range(3):
        one = slice(row, row + 1)
        alone = denoiser(x[one], LEVEL, conditions[one], headings=headings[one])
        assert torch.allclose(together[one], alone, atol=2e-5)
        assert torch.allclose(plain(network, x[one], headings[one], conditions[row]), alone, atol=2e-5)
    assert not together.requires_grad


def test_the_heading_is_0_unless_told() -> None:
    denoiser, x = KimodoDenoiser(toy_network()), noisy(2)
    assert torch.equal(
        denoiser(x, LEVEL, [None] * 2), denoiser(x, LEVEL, [None] * 2, headings=torch.zeros(2))
    )
    # It is a plain denoiser, so guidance of the core works on it.
    guided = Conditioned(denoiser, sentence("walk"), 2.0)(x, LEVEL)
    null, given = denoiser(x, LEVEL, [None] * 2), denoiser(x, LEVEL, [sentence("walk")] * 2)
    assert torch.allclose(guided, null + 2 * (given - null), atol=1e-5)


def test_constraints_are_read() -> None:
    denoiser, x = KimodoDenoiser(toy_network()), noisy(1)
    mask = torch.zeros(1, 12, 369, dtype=torch.bool)
    mask[:, 3] = True
    one, other = (
        denoiser(x, LEVEL, [None], observed=Observed(torch.full_like(x, v), mask)) for v in (0.0, 1.0)
    )
    assert not torch.allclose(one, other, atol=1e-3)
    changed = x.clone()
    changed[:, 3] = 7.0
    again = denoiser(changed, LEVEL, [None], observed=Observed(torch.zeros_like(x), mask))
    assert torch.equal(one, again)


def test_a_window_longer_than_the_training_is_refused() -> None:
    network = toy_network()
    x = torch.zeros(1, 301, 369)
    with pytest.raises(ValueError, match="a piece has 301 frames; this model was trained on at most 300"):
        KimodoDenoiser(network)(x, LEVEL, [None])
    assert KimodoDenoiser(network, beyond=True)(x, LEVEL, [None]).shape == x.shape


def test_bfloat16_is_used_above_a_little_noise_only() -> None:
    network, x = toy_network(), noisy(2)
    exact, half = KimodoDenoiser(network), KimodoDenoiser(network, precision="bfloat16")
    faint = NoiseLevel(0.99, 0.14, 60.0)
    assert torch.equal(half(x, faint, [None] * 2), exact(x, faint, [None] * 2))
    rough = half(x, LEVEL, [None] * 2)
    assert rough.dtype == torch.float32
    assert 0 < (rough - exact(x, LEVEL, [None] * 2)).abs().max() < 1.0
    with pytest.raises(ValueError, match="precision is 'half'"):
        KimodoDenoiser(network, precision="half")
