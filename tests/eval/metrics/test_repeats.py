"""Repeated structures: what is shown twice is found, a sky over a ground and chance are not."""

import pytest
import torch

from eval.metrics.repeats import repeats


def wide(seed: int = 0) -> torch.Tensor:
    """Blobs of 8 pixels, nowhere twice."""
    coarse = torch.randn(4, 3, 8, 64, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (64, 512), mode="nearest")


def test_what_is_shown_twice_is_found() -> None:
    once = wide()
    plain = repeats(once)
    twice = once.clone()
    twice[..., 256:320] = twice[..., 64:128]
    found = repeats(twice)
    assert found.value == pytest.approx(1, abs=0.02)  # but for the rows' means, which are the same in both
    assert plain.value < 0.6
    assert plain.value == pytest.approx(float(plain.details["floor"]), abs=0.1)
    assert found.details["floor"] == pytest.approx(plain.details["floor"], abs=0.05)
    assert found.direction == "lower"


def test_neighbours_and_layers_are_no_repetition() -> None:
    rows = torch.linspace(-1, 1, 64)[None, None, :, None].expand(2, 3, 64, 256)
    assert repeats(rows).value == 0
    near = wide(1)
    near[..., 96:128] = near[..., 64:96]  # nearer than a square is long
    assert repeats(near).value < 0.75


@pytest.mark.parametrize("shape", [(1, 3, 8, 64), (2, 3, 64, 100), (3, 64, 512)])
def test_images_that_cannot_be_compared(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least twice as wide as high"):
        repeats(torch.zeros(shape))
