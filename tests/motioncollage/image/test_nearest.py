"""Nearest pieces, of which every one has its turn."""

import torch

from motioncollage.image.nearest import nearest, seen


def test_every_piece_has_its_turn() -> None:
    pieces = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 4.0]])
    # All are nearest to the first piece; the one that is least far from the third takes it instead.
    wanted = torch.tensor([[0.1, 0.0], [0.0, 0.1], [0.1, 0.9]])
    plain = torch.cdist(wanted, pieces).argmin(dim=1)
    assert plain.tolist() == [0, 0, 0]
    squared = torch.cdist(wanted, pieces).square()
    share = 0.01 * (pieces - pieces.mean(dim=0)).square().sum(dim=1).mean()
    expected = (squared / (squared.amin(dim=0) + share)).argmin(dim=1)
    assert nearest(wanted, pieces).tolist() == expected.tolist()
    assert 2 in expected.tolist()


def test_what_is_there_is_its_own_nearest() -> None:
    pieces = torch.randn(600, 12, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(600, generator=torch.Generator().manual_seed(1))
    assert torch.equal(nearest(pieces[order], pieces), order)


def test_pieces_are_compared_by_means_of_areas() -> None:
    square = torch.arange(16.0).repeat(16, 1).expand(1, 3, 16, 16).flatten(2)
    assert torch.allclose(seen(square, 16)[0, :8], torch.arange(0.5, 16, 2))
    small = torch.randn(2, 3, 64)
    assert torch.equal(seen(small, 8), small.flatten(1))


def test_bands_are_compared_with_their_own() -> None:
    pieces = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    wanted = pieces[[5, 25, 10, 50]]
    found = nearest(wanted, pieces, [(0, 30), (20, 60)])
    assert found[:2].tolist() == [5, 25]
    assert found[3] == 50
    assert 20 <= int(found[2]) < 60
    assert torch.equal(nearest(wanted, pieces, [(0, 60), (0, 60)]), nearest(wanted, pieces))
