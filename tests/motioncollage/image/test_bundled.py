"""The image model that comes along: what it was trained on, and what it paints."""

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
    for name in bundled().network.config.classes:
        rows = [line for line in card.splitlines() if line.startswith(f"| {name} |")]
        assert len(rows) == 1, name
        assert rows[0].count("|") == 6
        assert all(cell.strip() for cell in rows[0].split("|")[1:-1]), name


@pytest.mark.slow
def test_a_meadow_is_green_below_a_bright_sky(command: Command, tmp_path: Path) -> None:
    result = command(
        "image", "wide", "--model", "landscapes", "--no-detail", "--width", 176, "--out", tmp_path / "out"
    )
    assert result.code == 0, result.err
    pixels = np.asarray(Image.open(tmp_path / "out" / "image.png").convert("RGB")).astype(float)
    assert pixels.shape == (64, 176, 3)
    ground, sky = pixels[-12:].mean(axis=(0, 1)), pixels[:6].mean(axis=(0, 1))
    assert ground[1] > 1.2 * max(ground[0], ground[2])
    assert sky.min() > 1.5 * ground.max()
    assert pixels.std(axis=1).mean() > 5  # not one colour along a row


def test_detail_knows_its_sources() -> None:
    network = bundled().detail
    assert network is not None
    card = (folder_of(BUNDLED["image"], medium="image") / "detail" / "README.md").read_text(encoding="utf-8")
    rows = [line for line in card.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 400
    for row in rows:
        assert all(cell.strip() for cell in row.split("|")[1:-2]), row
    assert {row.split("|")[1].strip() for row in rows} & set(network.config.classes) >= {"forest", "rock"}


@pytest.mark.slow
def test_detail_keeps_the_picture_and_adds_what_is_finer(command: Command, tmp_path: Path) -> None:
    pictures = {}
    for name, flag in (("small", "--no-detail"), ("large", "--detail")):
        width = 256 if name == "small" else 1024
        result = command(
            "image", "wide", "--model", "landscapes", "--class", "mountains", flag, "--width", width,
            "--out", tmp_path / name,
        )  # fmt: skip
        assert result.code == 0, result.err
        pictures[name] = Image.open(tmp_path / name / "image.png").convert("RGB")
    assert pictures["large"].size == (1024, 256)
    back = np.asarray(pictures["large"].resize((256, 64), Image.Resampling.BOX)).astype(float)
    assert abs(back - np.asarray(pictures["small"])).mean() < 6  # of 255
    smooth = pictures["small"].resize((1024, 256), Image.Resampling.BICUBIC)
    rough = [abs(np.diff(np.asarray(p).astype(float), axis=1)).mean() for p in (pictures["large"], smooth)]
    assert rough[0] > 1.3 * rough[1]


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
