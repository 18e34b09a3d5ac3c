"""`motioncollage image` as users meet it: pictures, what is kept, one line for what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from PIL import Image

from motioncollage.image.network import ImageConfig, ImageNetwork, save_network

FAST = ("--steps", 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("image") / "toy"
    config = ImageConfig(size=32, classes=("sea", "sky"), channels=(16, 16, 16), width=8)
    network = ImageNetwork(config)
    # Quiet enough that few pixels are cut off at black and white.
    torch.nn.init.normal_(network.inner.conv_out.weight, std=0.01)
    save_network(folder, network, {})
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    ramp = np.linspace(90, 165, 56 * 48 * 3).reshape(48, 56, 3).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "given.png")
    return tmp_path / "given.png"


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("wide", "--width", 96), (96, 32)),
        (("panorama", "--width", 96), (96, 32)),
        (("grid", "--width", 64, "--height", 48), (64, 48)),
    ],
)
def test_whole_images(
    command: Command, model: Path, tmp_path: Path, arguments: tuple[object, ...], size: tuple[int, int]
) -> None:
    common = ("--class", "sea,sky", "--model", model, *FAST, "--samples", 2)
    first = command("image", *arguments, *common, "--out", tmp_path / "a", "--preview")
    assert first.code == 0, first.err
    assert Image.open(tmp_path / "a" / "image-2.png").size == size
    assert Image.open(tmp_path / "a" / "preview.png").size == size
    about = json.loads(Image.open(tmp_path / "a" / "image.png").text["motioncollage"])
    assert about["classes"] == ["sea", "sky"]
    assert command("image", *arguments, *common, "--out", tmp_path / "b").code == 0
    assert np.array_equal(pixels(tmp_path / "a" / "image.png"), pixels(tmp_path / "b" / "image.png"))
    assert not np.array_equal(pixels(tmp_path / "a" / "image.png"), pixels(tmp_path / "a" / "image-2.png"))
    again = command("image", *arguments, *common, "--out", tmp_path / "a")
    assert "image.png exists; use --force" in one_line(again)


def test_edits_keep_what_they_promise(command: Command, model: Path, picture: Path, tmp_path: Path) -> None:
    common = ("--class", "sea", "--model", model, *FAST)
    mask = np.zeros((48, 56), dtype=np.uint8)
    mask[10:30, 20:50] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    result = command("image", "inpaint", picture, tmp_path / "mask.png", *common, "--out", tmp_path / "i")
    assert result.code == 0, result.err
    before, after = pixels(picture).astype(int), pixels(tmp_path / "i" / "image.png").astype(int)
    assert np.abs(before - after)[mask == 0].max() <= 1
    assert np.abs(before - after)[mask > 0].mean() > 5

    assert command("image", "superres", picture, "--factor", 2, *common, "--out", tmp_path / "s").code == 0
    large = pixels(tmp_path / "s" / "image.png").astype(float)
    assert large.shape == (96, 112, 3)
    means = large.reshape(48, 2, 56, 2, 3).mean(axis=(1, 3))
    assert np.abs(means - before).mean() < 4  # but for pixels that were cut off at black and white

    assert (
        command("image", "connect", picture, picture, "--width", 160, *common, "--out", tmp_path / "c").code
        == 0
    )
    long = pixels(tmp_path / "c" / "image.png").astype(int)
    assert long.shape == (32, 160, 3)
    assert np.abs(long[:, :40] - long[:, -40:]).max() <= 1  # both ends are the same picture
    assert json.loads(Image.open(tmp_path / "c" / "image.png").info["motioncollage"])["overlap"] == 16

    assert command("image", "sdedit", picture, "--strength", 0.05, *common, "--out", tmp_path / "e").code == 0
    assert np.abs(pixels(tmp_path / "e" / "image.png").astype(int) - before).mean() < 4


def test_a_cube_is_written_in_three_forms(command: Command, model: Path, tmp_path: Path) -> None:
    arguments = ("image", "cubemap", "--face", 32, "--height", 48, "--class", "sky", "--model", model, *FAST)
    result = command(*arguments, "--out", tmp_path)
    assert result.code == 0, result.err
    assert Image.open(tmp_path / "image.png").size == (6 * 32, 32)
    assert Image.open(tmp_path / "equirectangular.png").size == (96, 48)
    assert "<title>sky" in (tmp_path / "surround.html").read_text()
    assert "exists; use --force" in one_line(command(*arguments, "--out", tmp_path))


def test_methods_are_compared(command: Command, model: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("sea", "sky"):
        (tmp_path / "data" / name).mkdir(parents=True)
        noise = rng.integers(0, 256, (40, 90, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "data" / name / "a.png")
    (tmp_path / "data" / "unreadable").mkdir()
    (tmp_path / "data" / "unreadable" / "a.png").write_text("no picture")  # a folder, but no class
    common = ("--data", tmp_path / "data", "--model", model, "--steps", 2, "--sampler", "dpm++")
    out = tmp_path / "out"
    small = ("--count", 8, "--crops", 9, "--width", 96)
    result = command("image", "fid", *common, *small, "--out", out)
    assert result.code == 0, result.err
    found = json.loads((out / "image.json").read_text())["results"]
    assert set(found) == {"real", "tiles", "replacement", "reconstruction", "multidiffusion", "collage"}
    for name, row in found.items():
        assert row["fid_plus"]["value"] >= 0
        if name != "real":
            assert row["seconds"]["value"] > 0
            assert row["seam_ratio"]["value"] > 0
            assert found["real"]["fid_plus"]["value"] < row["fid_plus"]["value"]
    # Tiles of a random network meet in an edge like any other; what blends is smoother there.
    assert "| collage |" in (out / "image.md").read_text()
    assert Image.open(out / "image.png").size[0] > 1000
    for arguments, message in (
        ((*small, "--methods", "magic"), "method 'magic' is unknown"),
        (("--count", 2), "--count is 2; give a whole number from 4"),
        ((*small, "--features", tmp_path / "nowhere.pth"), "nowhere.pth"),
    ):
        assert message in one_line(command("image", "fid", *common, *arguments, "--out", tmp_path / "x"))


TEXTS = "a lake,a wood"


@pytest.mark.parametrize(
    ("kind", "what"),
    [("pixels", "2"), ("latents", TEXTS), ("xl", TEXTS), ("sd3", TEXTS), ("flux-dev", TEXTS)],
)
def test_downloaded_models(
    command: Command, downloaded: Callable[[str], Path], tmp_path: Path, kind: str, what: str
) -> None:
    common = ("--class", what, "--model", downloaded(kind), "--sampler", "ddim", "--steps", 3)
    made = command("image", "panorama", "--width", 64, *common, "--out", tmp_path / "p")
    assert made.code == 0, made.err
    size = pixels(tmp_path / "p" / "image.png").shape
    assert size[1] == 64
    # What stays, stays to the bit, also where a model sees latents.
    rng = np.random.default_rng(0)
    before = rng.integers(100, 150, (size[0], 64, 3), dtype=np.uint8)
    Image.fromarray(before).save(tmp_path / "given.png")
    mask = np.zeros((size[0], 64), dtype=np.uint8)
    mask[:, 30:50] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    given = (tmp_path / "given.png", tmp_path / "mask.png")
    assert command("image", "inpaint", *given, *common, "--out", tmp_path / "i").code == 0
    assert np.array_equal(pixels(tmp_path / "i" / "image.png")[mask == 0], before[mask == 0])
    latents = kind != "pixels"
    for name, arguments in (("superres", (given[0], "--factor", 2)), ("cubemap", ("--face", 16))):
        result = command("image", name, *arguments, *common, "--out", tmp_path / name)
        assert ("needs a model of pixels" in result.err) == latents


def test_bad_input(command: Command, model: Path, picture: Path, tmp_path: Path) -> None:
    white = tmp_path / "white.png"
    Image.new("L", (56, 48), 255).save(white)
    Image.new("L", (40, 48), 255).save(tmp_path / "narrow.png")
    cases: list[tuple[tuple[object, ...], str]] = [
        (("wide", "--width", 100), "width is 100 pixels; it must be a multiple of 8"),
        (("wide", "--class", "land"), "class 'land' is unknown; this model knows sea, sky"),
        (("wide", "--overlap", 32), "overlap is 32; it must"),
        (("wide", "--steps", 1), "1 steps"),
        (("wide", "--sampler", "plms"), "sampler 'plms' is unknown"),
        (("wide", "--model", "nowhere"), "model 'nowhere' is neither a bundled model"),
        (("wide", "--width", 56, "--map", picture), "the map has (48, 56) pixels, the image (32, 56)"),
        (("wide", "--width", 56, "--height", 48, "--map", picture), "this model reads no maps"),
        (("wide", "--map", "nowhere.png"), "map nowhere.png does not exist"),
        (("panorama", "--width", 24), "a panorama of pieces of 32 needs at least 32"),
        (("cubemap", "--face", 44), "face is 44 pixels; it must"),
        (("cubemap", "--samples", 2), "cubes are made one at a time"),
        (("inpaint", picture, tmp_path / "nowhere.png"), "does not exist"),
        (("inpaint", picture, white), "is all of one colour"),
        (("inpaint", picture, tmp_path / "narrow.png"), "make them alike"),
        (("superres", picture, "--factor", 3), "--factor is 3; choose 2, 4 or 8"),
        (("superres", __file__), "is no picture that can be read"),
        (("connect", picture, picture, "--width", 80), "something must lie between"),
        (("sdedit", picture, "--strength", 0), "strength is 0"),
        (("sdedit", picture, "--sampler", "heun"), "sdedit samples with ddim, whose noise is renewed"),
        (("sdedit", picture, "--churn", 5), "leave --churn 5 away"),
        (("wide", "--churn", 5), "only heun takes churn"),
    ]
    for arguments, message in cases:
        given = arguments if "--model" in arguments else (*arguments, "--model", model)
        named = given if "--class" in arguments else (*given, "--class", "sea")
        result = command("image", *named, "--out", tmp_path / "out")
        assert message in one_line(result), arguments
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_an_image_model_is_trained_and_used(command: Command, picture: Path, tmp_path: Path) -> None:
    data = tmp_path / "pictures" / "ramp"
    data.mkdir(parents=True)
    picture.rename(data / "given.png")
    out = tmp_path / "run"
    arguments = ("train", "image", tmp_path / "pictures", "--size", 16, "--batch-size", 2, "--out", out)
    assert command(*arguments, "--steps", 2).code == 0
    result = command(*arguments, "--steps", 3)
    assert result.code == 0, result.err
    assert "at step 2" in result.out
    made = command(
        "image",
        "wide",
        "--width",
        48,
        "--class",
        "ramp",
        "--model",
        out / "model",
        "--out",
        tmp_path / "o",
        *FAST,
    )
    assert made.code == 0, made.err
    assert Image.open(tmp_path / "o" / "image.png").size == (48, 16)
    assert "does not exist" in one_line(
        command("train", "image", tmp_path / "nowhere", "--out", tmp_path / "x")
    )


def test_scenes_and_detail_are_trained_and_used(command: Command, tmp_path: Path) -> None:
    """A model with stages: whole scenes begun with another model's weights, a network of detail in its folder."""
    shades = np.random.default_rng(0).integers(0, 255, (64, 160, 3)).astype(np.uint8)
    (tmp_path / "pictures" / "sea").mkdir(parents=True)
    Image.fromarray(shades).save(tmp_path / "pictures" / "sea" / "wide.png")
    Image.fromarray(shades[:, :128]).save(tmp_path / "pictures" / "sea" / "round.360.png")
    Image.fromarray(shades[:, 20:]).save(tmp_path / "pictures" / "sea" / "other.png")
    (tmp_path / "pictures" / "held_out.txt").write_text("sea/other.png\n")
    common = ("train", "image", tmp_path / "pictures", "--size", 64, "--batch-size", 1, "--steps", 1)
    plain = command(*common, "--out", tmp_path / "plain")
    assert plain.code == 0, plain.err
    start = ("--start", tmp_path / "plain" / "model")
    result = command(*common, "--scenes", "--colour", 0.1, *start, "--out", tmp_path / "run")
    assert result.code == 0, result.err
    model = tmp_path / "run" / "model"
    about = json.loads((model / "config.json").read_text())
    assert about["scenes"] is True
    assert about["least_extent"] == 0.125
    assert about["about"]["data"].endswith("colour 0.1, held out 1, scenes True, begun with model")
    result = command(*common, "--detail", "--out", tmp_path / "detail")
    assert result.code == 0, result.err
    made = ("--class", "sea", *FAST, "--finer-steps", 2, "--force")
    refused = command("image", "wide", "--detail", "--model", model, *made, "--out", tmp_path / "a")
    assert "has no network of detail; leave --detail away" in one_line(refused)
    refused = command("image", "wide", "--coarse", "--model", start[1], *made, "--out", tmp_path / "a")
    assert "knows no whole scenes; leave --coarse away" in one_line(refused)
    alone = command("image", "wide", "--model", tmp_path / "detail" / "model", *made, "--out", tmp_path / "a")
    assert "holds a network of detail; put it into the folder detail of a model" in one_line(alone)
    (tmp_path / "detail" / "model").rename(model / "detail")
    for arguments, size in (
        (("wide", "--width", 512), (512, 256)),
        (("panorama", "--width", 512, "--no-coarse"), (512, 256)),
        (("grid", "--width", 320, "--height", 256, "--no-detail"), (320, 256)),
    ):
        result = command("image", *arguments, "--model", model, *made, "--out", tmp_path / "a")
        assert result.code == 0, result.err
        assert Image.open(tmp_path / "a" / "image.png").size == size
    refused = command("image", "wide", "--width", 520, "--model", model, *made, "--out", tmp_path / "a")
    assert "width is 520 pixels; with detail it must be a multiple of 32, such as 512" in one_line(refused)
    both = command(*common, "--detail", "--scenes", "--out", tmp_path / "b")
    assert "leave it away with --detail" in one_line(both)
