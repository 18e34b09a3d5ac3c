"""`motioncollage image texture` as users meet it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from PIL import Image

from motioncollage.image.network import ImageConfig, ImageNetwork, save_network
from motioncollage.models import folder_of

FAST = ("--steps", 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("image") / "toy"
    save_network(folder, ImageNetwork(ImageConfig(32, ("sea", "sky"), (16, 16, 16), width=8)), {})
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(60, 190, (128, 136, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize("offset", ["none", "brick", "hexagonal"])
def test_a_texture_of_a_class_and_how_it_tiles(
    command: Command, model: Path, tmp_path: Path, offset: str
) -> None:
    asked = ("--class", "sea", "--model", model, "--width", 96, "--height", 48, "--offset", offset, *FAST)
    made = command("image", "texture", *asked, "--samples", 2, "--out", tmp_path / "a")
    assert made.code == 0, made.err
    one = pixels(tmp_path / "a" / "image.png")
    assert one.shape == (48, 96, 3)
    assert np.array_equal(pixels(tmp_path / "a" / "tiled.png"), np.tile(one, (3, 3, 1)))
    two = pixels(tmp_path / "a" / "image-2.png")
    assert np.array_equal(pixels(tmp_path / "a" / "tiled-2.png"), np.tile(two, (3, 3, 1)))
    assert not np.array_equal(one, two)
    about = json.loads(Image.open(tmp_path / "a" / "image.png").text["motioncollage"])
    assert (about["kind"], about["offset"], about["classes"]) == ("texture", offset, ["sea"])
    assert command("image", "texture", *asked, "--samples", 2, "--out", tmp_path / "b").code == 0
    assert np.array_equal(one, pixels(tmp_path / "b" / "image.png"))
    assert "image.png exists; use --force" in one_line(
        command("image", "texture", *asked, "--out", tmp_path / "b")
    )


@pytest.mark.parametrize(
    ("kind", "what", "size"),
    [("pixels", "2", 32), ("latents", "a lake", 64), ("sd3", "a lake", 64), ("flux-schnell", "a lake", 64)],
)
def test_downloaded_models_make_textures(
    command: Command, downloaded: Callable[[str], Path], tmp_path: Path, kind: str, what: str, size: int
) -> None:
    asked = ("--class", what, "--model", downloaded(kind), "--sampler", "ddim", "--steps", 2, "--size", size)
    made = command("image", "texture", *asked, "--out", tmp_path / "out")
    assert made.code == 0, made.err
    assert pixels(tmp_path / "out" / "image.png").shape == (size, size, 3)


def test_textures_like_a_photo(command: Command, photo: Path, tmp_path: Path) -> None:
    asked = ("--like", photo, "--width", 64, "--height", 72, "--samples", 2)
    made = command("image", "texture", *asked, "--out", tmp_path / "a")
    assert made.code == 0, made.err
    one, two = (pixels(tmp_path / "a" / name) for name in ("image.png", "image-2.png"))
    assert one.shape == two.shape == (72, 64, 3)
    assert not np.array_equal(one, two)
    assert np.array_equal(pixels(tmp_path / "a" / "tiled-2.png"), np.tile(two, (3, 3, 1)))
    about = json.loads(Image.open(tmp_path / "a" / "image.png").text["motioncollage"])
    assert (about["like"], about["seed"]) == ("photo.png", 0)
    again = command("image", "texture", *asked, "--out", tmp_path / "b")
    assert again.code == 0
    assert np.array_equal(one, pixels(tmp_path / "b" / "image.png"))
    assert "image.png exists; use --force" in one_line(
        command("image", "texture", *asked, "--out", tmp_path / "b")
    )


def test_a_photo_is_made_seamless_and_its_middle_kept(command: Command, photo: Path, tmp_path: Path) -> None:
    made = command("image", "texture", "--make-seamless", photo, "--border", 24, "--out", tmp_path / "a")
    assert made.code == 0, made.err
    before, after = pixels(photo), pixels(tmp_path / "a" / "image.png")
    assert after.shape == before.shape
    assert np.array_equal(before[24:-24, 24:-24], after[24:-24, 24:-24])
    assert not np.array_equal(before[:24], after[:24])


def test_what_cannot_be_made(command: Command, model: Path, photo: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((64, 400, 3), np.uint8)).save(tmp_path / "low.png")
    of_class = ("--model", model, "--class", "sea")
    cases: list[tuple[tuple[object, ...], str]] = [
        ((), "a texture of what? give --class, or a photo with --like"),
        (("--class", "sea"), "class 'sea' is unknown; there are photos of bark, grass, gravel, moss"),
        (("--class", "bark,moss"), "--class bark,moss: photos of several classes lead to no common picture; give one class"),
        (("--class", "bark", "--steps", 4), "--steps is for models, and a picture like a photo is made without one;"
         " leave it away, or give --model landscapes"),
        (("--class", "bark", "--offset", "brick"), "--offset brick shifts a model's pieces"),
        ((*of_class, "--size", 100), "height is 100 pixels; it must be a multiple of 8"),
        ((*of_class, "--size", 8), "height is 8; a texture of pieces of 32 needs a multiple of 8 from 32"),
        ((*of_class, "--offset", "herringbone"), "--offset 'herringbone' is unknown; choose one of none, brick"),
        ((*of_class, "--border", 8), "--border belongs to --make-seamless"),
        (("--like", photo, "--make-seamless", photo), "give one of them"),
        (("--like", photo, "--class", "sea"), "--class is for models, and a picture like a photo is made without one"),
        (("--like", photo, "--overlap", 8), "--overlap is for models"),
        (("--like", photo, "--model", model), "--model is for models"),
        (("--like", photo, "--offset", "brick"), "--offset brick shifts a model's pieces"),
        (("--like", photo, "--border", 8), "--border belongs to --make-seamless"),
        (("--like", photo, "--size", 24), "height is 24 pixels; a picture like a photo has at least 32"),
        (("--like", tmp_path / "low.png"), "the photo has 400 x 64 pixels; give one of at least 128 a side"),
        (("--like", __file__), "is no picture that can be read"),
        (("--like", "nowhere.jpg"), "photo nowhere.jpg does not exist"),
        (("--make-seamless", photo, "--border", 64), "--border is 64 pixels of 136 x 128"),
    ]  # fmt: skip
    for arguments, message in cases:
        assert message in one_line(command("image", "texture", *arguments, "--out", tmp_path / "out")), (
            arguments
        )
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_textures_of_a_class_are_of_photos_that_come_along(command: Command, tmp_path: Path) -> None:
    asked = ("image", "texture", "--class", "rock", "--size", 64, "--photo-side", 128)
    made = command(*asked, "--samples", 2, "--seed", 1, "--out", tmp_path / "a")
    assert made.code == 0, made.err
    assert "like rock/cliff_side.jpg: 'cliff_side' by Poly Haven (CC0 1.0)" in made.out
    first, second = (pixels(tmp_path / "a" / name) for name in ("image.png", "image-2.png"))
    assert abs(first.mean(axis=(0, 1)) - second.mean(axis=(0, 1))).max() > 5  # two photos
    about = json.loads(Image.open(tmp_path / "a" / "image.png").text["motioncollage"])
    assert (about["model"], about["class"], about["seed"]) == ("photos", "rock", 1)
    assert [credit.split(":")[0] for credit in about["photos"]] == [
        "rock/rocky_terrain.jpg",
        "rock/cliff_side.jpg",
    ]
    assert command(*asked, "--seed", 1, "--out", tmp_path / "b").code == 0
    assert np.array_equal(pixels(tmp_path / "b" / "image.png"), first)


@pytest.mark.parametrize(("seed", "photo"), [(0, "kiara_dawn"), (1, "range")])
def test_landscapes_of_a_class(command: Command, tmp_path: Path, seed: int, photo: str) -> None:
    asked = ("--class", "mountains", "--height", 128, "--width", 160, "--seed", seed)
    made = command("image", "panorama", *asked, "--out", tmp_path)
    assert made.code == 0, made.err
    assert f"like mountains/{photo}.jpg" in made.out
    image = pixels(tmp_path / "image.png")
    assert image.shape == (128, 160, 3)
    assert image[:24, :, 2].mean() > image[:24, :, 0].mean()  # a blue sky above


@pytest.mark.slow
def test_a_cube_of_a_class_or_like_a_panorama(command: Command, tmp_path: Path) -> None:
    around = folder_of("photos", medium="photos") / "panoramas" / "meadow" / "noon_grass.jpg"
    for asked, about in (
        (("--class", "steppe"), ("class", "steppe")),
        (("--like", around), ("like", "noon_grass.jpg")),
    ):
        out = tmp_path / about[0]
        made = command("image", "cubemap", *asked, "--face", 112, "--out", out)
        assert made.code == 0, made.err
        assert Image.open(out / "image.png").size == (6 * 112, 112)
        assert Image.open(out / "equirectangular.png").size == (448, 224)
        assert f"<title>{Path(about[1]).stem}" in (out / "surround.html").read_text()
        told = json.loads(Image.open(out / "equirectangular.png").text["motioncollage"])
        assert (told["kind"], told[about[0]]) == ("equirectangular", about[1])


def test_what_no_cube_is_made_of(command: Command, photo: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (("--class", "sea"), "class 'sea' is unknown; there are photos of meadow, mountains, steppe"),
        (("--like", photo), "has 136 x 128 pixels; a panorama of all directions is twice as wide as high"),
        (("--like", photo, "--class", "sea"), "--class is for models"),
        (("--face", 64), "--face is 64 pixels; a cube like a panorama has at least 112"),
        (("--samples", 2), "cubes are made one at a time"),
        (("--churn", 5), "--churn is for models"),
    ):
        assert message in one_line(command("image", "cubemap", *arguments, "--out", tmp_path / "out")), (
            arguments
        )


def test_photos_are_no_network(command: Command, photo: Path, tmp_path: Path) -> None:
    for arguments in (("grid",), ("superres", photo)):
        refused = command("image", *arguments, "--model", "photos", "--out", tmp_path)
        assert "model 'photos' are photos, and this needs a network; give --model landscapes" in one_line(
            refused
        )


def test_landscapes_like_a_photo(command: Command, photo: Path, tmp_path: Path) -> None:
    for kind in ("wide", "panorama"):
        asked = ("--like", photo, "--height", 128, "--width", 256, "--samples", 2)
        made = command("image", kind, *asked, "--out", tmp_path / kind)
        assert made.code == 0, made.err
        assert pixels(tmp_path / kind / "image-2.png").shape == (128, 256, 3)
        about = json.loads(Image.open(tmp_path / kind / "image.png").text["motioncollage"])
        assert (about["kind"], about["like"]) == (kind, "photo.png")
        assert "image.png exists; use --force" in one_line(
            command("image", kind, *asked, "--out", tmp_path / kind)
        )
    refused = tmp_path / "refused"
    for arguments, message in (
        (("--steps", 4), "--steps is for models"),
        (("--map", photo), "--map is for models"),
        (("--height", 96), "the photo has 102 x 96 pixels; give one of at least 128"),
    ):
        assert message in one_line(command("image", "wide", "--like", photo, *arguments, "--out", refused)), (
            arguments
        )
