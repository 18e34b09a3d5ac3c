"""Folders of pictures: classes, crops and halves, and files that are no pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from motioncollage.image.data import Crops, Picture, PictureFolder, part_of, read_picture, read_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, size in (("sea/one.png", (90, 60)), ("sea/two.jpg", (120, 800)), ("sky/three.webp", (70, 64))):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).save(file)
    Image.new("RGB", (10, 10)).save(tmp_path / "sky" / "tiny.png")
    (tmp_path / "sky" / "broken.png").write_bytes(b"\x89PNG nothing")
    (tmp_path / "notes.txt").write_text("x")
    return tmp_path


def test_classes_are_folders_and_what_is_left_out_is_told(folder: Path) -> None:
    seen: list[int] = []
    found = read_pictures(folder, smallest=32, progress=lambda done, total: seen.append(total))
    assert found.classes == ("sea", "sky")
    assert sorted((p.name, p.label) for p in found.pictures) == [("one", 0), ("three", 1), ("two", 0)]
    assert next(p for p in found.pictures if p.name == "two").pixels.shape == (3, 512, 77)
    assert found.rejected["sky/tiny.png"] == "smaller than 32 pixels"
    assert "is no picture that can be read" in found.rejected["sky/broken.png"]
    assert set(seen) == {5}


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no folder"):
        read_pictures(tmp_path / "nowhere", smallest=32)
    with pytest.raises(ValueError, match=r"holds no picture of at least 32 pixels a side \(0 files\)"):
        read_pictures(tmp_path, smallest=32)


def test_colours_survive_reading(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10), (255, 0, 128)).save(tmp_path / "a.png")
    pixels = read_picture(tmp_path / "a.png")
    assert pixels.shape == (3, 10, 20)
    assert pixels[:, 0, 0].tolist() == [255, 0, 128]
    assert read_picture(tmp_path / "a.png", height=5).shape == (3, 5, 10)


def test_crops_know_their_place() -> None:
    """A picture whose rows tell their height: the extent of a crop can be read off it."""
    rows = torch.linspace(0, 255, 256).round().to(torch.uint8)
    picture = Picture(rows[None, :, None].expand(3, 256, 400), 0, "ramp")
    crops = Crops(size=64, zoom=(0.4, 0.9))
    generator = torch.Generator().manual_seed(0)
    heights = []
    for _ in range(60):
        square, (top, bottom), none = crops.draw(picture, generator)
        assert none is None
        assert square.shape == (3, 64, 64)
        heights.append(bottom - top)
        assert float(square[0, 0].mean() + 1) / 2 == pytest.approx(top, abs=0.02)
        assert float(square[0, -1].mean() + 1) / 2 == pytest.approx(bottom, abs=0.02)
        part, (upper, lower), _ = part_of(square, (top, bottom), None, (32, 64), generator)
        assert part.shape == (3, 32, 64)
        assert float(part[0, 0].mean() + 1) / 2 == pytest.approx(upper, abs=0.02)
        assert lower - upper == pytest.approx((bottom - top) / 2)
    assert min(heights) < 0.5 < 0.89 < max(heights) <= 0.905


def test_scenes_are_as_high_as_their_width_allows() -> None:
    rows = torch.linspace(0, 255, 256).round().to(torch.uint8)
    picture = Picture(rows[None, :, None].expand(3, 256, 384), 0, "ramp")
    generator, crops = torch.Generator().manual_seed(0), Crops(size=64)
    whole, extent, _ = crops.draw(picture, generator, (32, 48))
    assert whole.shape == (3, 32, 48)
    assert extent == (0.0, 1.0)
    for _ in range(10):
        wide, (top, bottom), _ = crops.draw(picture, generator, (32, 64))
        assert wide.shape == (3, 32, 64)
        assert bottom - top == pytest.approx(0.75)
        assert float(wide[0, 0].mean() + 1) / 2 == pytest.approx(top, abs=0.03)


def test_colours_vary_as_far_as_they_may() -> None:
    picture = Picture(
        torch.tensor([60, 80, 100], dtype=torch.uint8)[:, None, None].expand(3, 64, 64), 0, "blue"
    )
    generator, crops = torch.Generator().manual_seed(0), Crops(size=32, colour=0.2)
    drawn = torch.stack([crops.draw(picture, generator)[0][:, 0, 0] for _ in range(200)])
    light = (drawn.mean(dim=1) + 1) * 127.5 / 80
    strength = (drawn[:, 2] - drawn[:, 0]) * 127.5 / 40 / light
    for found in (light, strength):
        assert 0.8 <= float(found.min()) < 0.85
        assert 1.15 < float(found.max()) <= 1.2001
    with pytest.raises(ValueError, match="colour is 1"):
        Crops(colour=1.0)


def test_panoramas_and_pictures_held_out(tmp_path: Path) -> None:
    for name, size in (("sea/a.360.png", (128, 64)), ("sea/b.360.png", (100, 64)), ("sea/c.png", (80, 70))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (0, 90, 200)).save(tmp_path / name)
    (tmp_path / "held_out.txt").write_text("sea/c.png\n")
    found = read_pictures(tmp_path, smallest=32)
    assert [(p.name, p.sphere) for p in found.pictures] == [("a.360", True)]
    assert [p.name for p in found.held_out] == ["c"]
    assert "not twice as wide as high" in found.rejected["sea/b.360.png"]
    view, extent, _ = Crops(size=32).draw(found.pictures[0], torch.Generator().manual_seed(0))
    assert view.shape == (3, 32, 32)
    assert 0 <= extent[0] < extent[1] <= 1
    (tmp_path / "held_out.txt").write_text("sea/d.png\n")
    with pytest.raises(ValueError, match=r"names sea/d\.png, which is not there"):
        read_pictures(tmp_path, smallest=32)


def test_a_class_is_drawn_as_often_as_the_root_of_its_pictures() -> None:
    pixels = torch.zeros(3, 8, 8, dtype=torch.uint8)
    labels = [0] * 9 + [1] * 4 + [-1]
    folder = PictureFolder(tuple(Picture(pixels, label, "") for label in labels), ("a", "b"), {})
    balance = folder.balance
    assert [float(balance[:9].sum()), float(balance[9:13].sum()), float(balance[13])] == pytest.approx(
        [3, 2, 1]
    )


@pytest.mark.parametrize("zoom", [(0.0, 1.0), (0.8, 0.5), (0.5, 1.2)])
def test_zooms_that_make_no_sense(zoom: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="zoom is"):
        Crops(zoom=zoom)


def test_maps_are_cut_with_their_pictures(tmp_path: Path) -> None:
    """A picture whose pixels tell their label."""
    rng = np.random.default_rng(1)
    kinds = np.kron(rng.integers(0, 4, (6, 8)), np.ones((16, 16))).astype(np.uint8)
    Image.fromarray(np.repeat((kinds * 60)[..., None], 3, axis=2)).save(tmp_path / "a.png")
    Image.fromarray(kinds).save(tmp_path / "a.map.png")
    folder = read_pictures(tmp_path, smallest=32)
    assert [p.name for p in folder.pictures] == ["a"]
    assert folder.labels == 4
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        square, extent, labels = Crops(size=32, zoom=(0.5, 1.0)).draw(folder.pictures[0], generator)
        part, _, cut = part_of(square, extent, labels, (16, 32), generator)
        assert cut is not None
        told = ((part[0] + 1) * 127.5 / 60).round()
        assert float((told == cut).float().mean()) > 0.75  # but for edges, which the picture blurs
    (tmp_path / "a.map.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no picture"):
        read_pictures(tmp_path, smallest=32)
