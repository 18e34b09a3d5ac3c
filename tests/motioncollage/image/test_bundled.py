"""The image model that comes along: what it was trained on, and what it paints."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Command
from PIL import Image

from eval.metrics.images import pair_energy
from motioncollage.image.models import TrainedModel, load_image_model
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.image.plans import PieceSettings, along_chain, plan_image
from motioncollage.image.seams import panorama_seams
from motioncollage.models import BUNDLED, folder_of


def bundled() -> TrainedModel:
    model = load_image_model(folder_of(BUNDLED["image"], medium="image"))
    assert isinstance(model, TrainedModel)
    return model


def test_it_is_small_and_its_card_names_every_class_and_source() -> None:
    folder = folder_of(BUNDLED["image"], medium="image")
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 20e6
    card = (folder / "README.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line[:1] == "|"]
    known = bundled().network.config.classes
    # Of what was learnt, with a column for what was held out; and what the earlier weights had learnt.
    learnt, earlier = ([row for row in rows if len(row) == columns][2:] for columns in (6, 5))
    assert (len(learnt), len(earlier)) == (450, 22)
    for row in learnt + earlier:
        assert all(row[:5]), row
    # A panorama of all directions stands once, under its class for cubes; its band is one of the landscapes.
    named = {row[0] for row in learnt} | {row[0].removesuffix("-360") for row in learnt}
    assert set(known) - named == set()
    for name in known:
        assert name in card.split("## Training")[0], name


@pytest.mark.slow
def test_a_meadow_is_green_below_a_bright_sky(command: Command, tmp_path: Path) -> None:
    result = command(
        "image", "wide", "--model", "landscapes", "--height", 64, "--width", 176, "--out", tmp_path / "out"
    )
    assert result.code == 0, result.err
    pixels = np.asarray(Image.open(tmp_path / "out" / "image.png").convert("RGB")).astype(float)
    assert pixels.shape == (64, 176, 3)
    ground, sky = pixels[-12:].mean(axis=(0, 1)), pixels[:6].mean(axis=(0, 1))
    assert ground[1] > 1.1 * ground[0]
    assert ground[1] > 1.5 * ground[2]
    assert sky.mean() > 1.3 * ground.mean()
    assert sky[2] > sky[0]
    assert pixels.std(axis=1).mean() > 5  # not one colour along a row


@pytest.mark.slow
def test_stages_keep_the_picture_and_add_what_is_finer(command: Command, tmp_path: Path) -> None:
    pictures = {}
    for name, size in (("small", ("--height", 64, "--width", 256)), ("large", ())):
        result = command(
            "image", "wide", "--model", "landscapes", "--class", "mountains", *size, "--out", tmp_path / name
        )
        assert result.code == 0, result.err
        pictures[name] = Image.open(tmp_path / name / "image.png").convert("RGB")
    assert pictures["large"].size == (1024, 256)
    back = np.asarray(pictures["large"].resize((256, 64), Image.Resampling.BOX)).astype(float)
    assert abs(back - np.asarray(pictures["small"])).mean() < 6  # of 255
    smooth = pictures["small"].resize((1024, 256), Image.Resampling.BICUBIC)
    rough = [abs(np.diff(np.asarray(p).astype(float), axis=1)).mean() for p in (pictures["large"], smooth)]
    assert rough[0] > 1.3 * rough[1]


@pytest.mark.slow
def test_cubes_take_the_class_of_surroundings(command: Command, tmp_path: Path) -> None:
    options = ("--model", "landscapes", "--class", "meadow", "--face", 64, "--steps", 8)
    assert command("image", "cubemap", *options, "--out", tmp_path).code == 0
    assert json.loads(Image.open(tmp_path / "image.png").info["motioncollage"])["classes"] == ["meadow-360"]
    *_, up, down = np.split(np.asarray(Image.open(tmp_path / "image.png")), 6, axis=1)
    assert up.mean() > 1.3 * down.mean()  # a sky above, grass below
    assert (down.mean(axis=(0, 1))[1] > down.mean(axis=(0, 1))[[0, 2]]).all()


@pytest.mark.slow
def test_panoramas_close() -> None:
    model = bundled()
    plan = plan_image(64, 168, PieceSettings(64, model.overlap), wrapped=True)
    pipeline = ImagePipeline(model, name=BUNDLED["image"])
    conditions = pipeline.conditions(plan, along_chain([model.vector("grass")]))
    images = pipeline.generate(plan, conditions, ImageSettings(samples=16))
    for name, (seam, rest) in panorama_seams(plan).items():
        found = pair_energy(images, *seam, *rest)
        error = float(found.details["standard_error"])
        assert abs(found.value - 1) < 0.05 + 3 * error, name
        assert error < 0.1, name
