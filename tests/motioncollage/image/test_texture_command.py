"""`motioncollage image texture` as users meet it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from diffusers_folders import write_latent_model, write_pixel_model
from PIL import Image

from motioncollage.image.network import ImageConfig, ImageNetwork, save_network

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


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a photo is learnt with: so small that it learns next to nothing, quickly."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("image") / "start"
    save_network(folder, ImageNetwork(ImageConfig(16, ("sea",), (16, 16, 16), width=8)), {})
    return folder


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
    ("write", "what", "size"), [(write_pixel_model, "2", 32), (write_latent_model, "a lake", 64)]
)
def test_downloaded_models_make_textures(
    command: Command, tmp_path: Path, write: object, what: str, size: int
) -> None:
    write(tmp_path / "model")  # type: ignore[operator]
    asked = (
        "--class",
        what,
        "--model",
        tmp_path / "model",
        "--sampler",
        "ddim",
        "--steps",
        2,
        "--size",
        size,
    )
    made = command("image", "texture", *asked, "--out", tmp_path / "out")
    assert made.code == 0, made.err
    assert pixels(tmp_path / "out" / "image.png").shape == (size, size, 3)


def test_like_a_photo_and_more_of_it_from_what_is_kept(
    command: Command, start: Path, photo: Path, tmp_path: Path
) -> None:
    asked = ("--size", 64, *FAST)
    learnt = ("--model", start, "--training-steps", 1)
    made = command(
        "image",
        "texture",
        "--like",
        photo,
        "--keep",
        tmp_path / "kept",
        *learnt,
        *asked,
        "--out",
        tmp_path / "a",
    )
    assert made.code == 0, made.err
    one = pixels(tmp_path / "a" / "image.png")
    assert one.shape == (64, 64, 3)
    assert json.loads(Image.open(tmp_path / "a" / "image.png").text["motioncollage"])["like"] == "photo.png"
    again = command("image", "texture", "--model", tmp_path / "kept", *asked, "--out", tmp_path / "b")
    assert again.code == 0, again.err
    assert np.array_equal(one, pixels(tmp_path / "b" / "image.png"))
    other = command(
        "image", "texture", "--model", tmp_path / "kept", *asked, "--seed", 5, "--out", tmp_path / "c"
    )
    assert other.code == 0
    assert not np.array_equal(one, pixels(tmp_path / "c" / "image.png"))
    refused = command(
        "image", "texture", "--like", photo, "--keep", tmp_path / "kept", *learnt, "--out", tmp_path / "d"
    )
    assert "model.safetensors exists; use --force" in one_line(refused)
    assert "leave --class away" in one_line(
        command("image", "texture", "--model", tmp_path / "kept", "--class", "whole", "--out", tmp_path / "e")
    )


def test_a_photo_is_made_seamless_and_its_middle_kept(
    command: Command, start: Path, photo: Path, tmp_path: Path
) -> None:
    learnt = ("--model", start, "--training-steps", 1)
    made = command(
        "image", "texture", "--make-seamless", photo, "--border", 24, *learnt, *FAST, "--out", tmp_path / "a"
    )
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
        ((*of_class, "--size", 100), "height is 100 pixels; it must be a multiple of 8"),
        ((*of_class, "--size", 8), "height is 8; a texture of pieces of 32 needs a multiple of 8 from 32"),
        ((*of_class, "--offset", "herringbone"), "--offset 'herringbone' is unknown; choose one of none, brick"),
        ((*of_class, "--border", 8), "--border belongs to --make-seamless"),
        ((*of_class, "--keep", tmp_path / "k"), "--keep belongs to --like and --make-seamless"),
        ((*of_class, "--training-steps", 8), "--training-steps belongs to --like"),
        (("--like", photo, "--make-seamless", photo), "give one of them"),
        (("--like", photo, *of_class), "the photo says what is made; leave --class away"),
        (("--like", photo, "--overlap", 8), "leave --overlap away"),
        (("--like", photo, "--border", 8), "--border belongs to --make-seamless"),
        (("--like", photo, "--size", 40), "height is 40 pixels; give a multiple of 8 from 64"),
        (("--like", tmp_path / "low.png"), "the photo has 400 x 64 pixels; a texture needs one of at least 128 a side"),
        (("--like", __file__), "is no picture that can be read"),
        (("--like", "nowhere.jpg"), "photo nowhere.jpg does not exist"),
        (("--make-seamless", photo, "--border", 64), "--border is 64 pixels of 136 x 128"),
    ]  # fmt: skip
    for arguments, message in cases:
        assert message in one_line(command("image", "texture", *arguments, "--out", tmp_path / "out")), (
            arguments
        )
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True
