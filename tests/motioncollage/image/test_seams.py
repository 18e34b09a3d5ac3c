"""Seams are found where they are: what is put there shows, what is put elsewhere does not."""

import numpy as np
import pytest
import torch

from eval.metrics.images import pair_energy
from motioncollage.image.plans import PieceSettings, plan_cube, plan_image
from motioncollage.image.seams import (
    Compared,
    cube_seams,
    grid_seams,
    panorama_seams,
    piece_ends,
    texture_seams,
)

CUT = PieceSettings(32, 8)
PANORAMA = plan_image(32, 96, CUT, wrapped=True)
GRID = plan_image(56, 80, CUT)
CUBE = plan_cube(32, CUT)


def energies(compared: Compared, images: torch.Tensor) -> dict[str, float]:
    return {name: pair_energy(images, *seam, *rest).value for name, (seam, rest) in compared.items()}


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(48, 3, *shape, generator=torch.Generator().manual_seed(0)) * 0.1


def test_where_pieces_start_and_end() -> None:
    assert piece_ends(PANORAMA, 1) == [0, 8, 24, 32, 48, 56, 72, 80]
    assert piece_ends(GRID, 1) == [24, 32, 48, 56]
    assert piece_ends(GRID, 0) == [24, 32]


def test_noise_has_no_seams() -> None:
    for compared, shape in (
        (panorama_seams(PANORAMA), (32, 96)),
        (grid_seams(GRID), (56, 80)),
        (cube_seams(CUBE), (6, 32, 32)),
    ):
        for name, value in energies(compared, noise(*shape)).items():
            assert value == pytest.approx(1, abs=0.03), name


def test_a_panorama_that_does_not_close() -> None:
    ramp = noise(32, 96) + torch.arange(96) / 96
    found = energies(panorama_seams(PANORAMA), ramp)
    assert found["panorama: left edge at right edge"] > 50
    stepped = noise(32, 96)
    stepped[..., 32:48] += 0.2
    found = energies(panorama_seams(PANORAMA), stepped)
    assert found["panorama: ends of pieces"] > 2
    assert found["panorama: left edge at right edge"] == pytest.approx(1, abs=0.1)


def test_corners_of_a_grid() -> None:
    images = noise(56, 80)
    images[..., 24:32, 24:32] += 0.2
    images[..., 24:32, 48:56] += 0.2
    assert energies(grid_seams(GRID), images)["grid: corners"] > 2
    # What runs along a row is no fault of the corners.
    images = noise(56, 80)
    images[..., 24:32, :] += 0.2
    assert energies(grid_seams(GRID), images)["grid: corners"] == pytest.approx(1, abs=0.03)
    assert energies(grid_seams(GRID), images)["grid: rows"] > 2


def test_all_twelve_edges_of_a_cube_count() -> None:
    """Faces of six shades differ across every edge and nowhere else."""
    images = torch.arange(6.0)[:, None, None].expand(1, 3, 6, 32, 32) ** 2
    seam, rest = cube_seams(CUBE)["cube: twelve edges"]
    assert len(seam[0]) == 12 * 32
    flat = images.flatten(2).numpy()
    assert (flat[..., seam[0]] != flat[..., seam[1]]).all()
    assert (flat[..., rest[0]] == flat[..., rest[1]]).all()
    faces = {tuple(sorted(pair)) for pair in zip(seam[0] // 1024, seam[1] // 1024)}
    assert len(faces) == 12
    assert np.unique(np.concatenate(seam)).size > 6 * (4 * 32 - 4) - 1


def test_a_texture_that_does_not_close() -> None:
    images = noise(64, 96)
    assert all(v == pytest.approx(1, abs=0.05) for v in energies(texture_seams(64, 96), images).values())
    across, down = energies(texture_seams(64, 96), images + torch.arange(96) / 96).values()
    assert across > 50
    assert down == pytest.approx(1, abs=0.1)
    across, down = energies(texture_seams(64, 96), images + torch.arange(64)[:, None] / 64).values()
    assert down > 50
    assert across == pytest.approx(1, abs=0.1)
