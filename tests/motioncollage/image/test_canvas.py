"""Pixels of pictures whose edges meet, and where pieces start."""

import numpy as np
import pytest
import torch

from motioncollage.image.canvas import Canvas, Side


@pytest.mark.parametrize("meets", [True, False])
@pytest.mark.parametrize("length", [16, 21, 40])
def test_pieces_cover_a_side_and_every_pixel_has_one(meets: bool, length: int) -> None:
    side = Side(length, meets)
    for seed in range(6):
        starts = side.starts(8, np.random.default_rng(seed))
        covered = (starts[:, None] + torch.arange(8)).flatten()
        assert meets or (int(covered.min()), int(covered.max())) == (0, length - 1)
        assert len((covered % length).unique()) == length
        owner, within = side.owners(starts, 8)
        assert torch.equal((starts[owner] + within) % length, torch.arange(length))
        assert bool(((within >= 0) & (within < 8)).all())
        # In the middle half of a piece, but for what lies at an edge that meets nothing.
        edge = 0 if meets else 4
        assert bool(((within - 3.5).abs() <= 4)[edge : length - edge].all())


def test_squares_go_round() -> None:
    canvas = Canvas(Side(20, True), Side(26, True))
    corner = canvas.squares(torch.tensor([19]), torch.tensor([25]), 2)
    assert corner.tolist() == [[19 * 26 + 25, 19 * 26, 25, 0]]
