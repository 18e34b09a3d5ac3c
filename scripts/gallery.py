#!/usr/bin/env python3
"""Make the pictures of docs/images.md and docs/textures.md with the bundled model: gallery.py [--out FOLDER]."""

import argparse
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from motioncollage.files import atomic_path

COMMANDS = {
    "wide": "wide --model landscapes --class forest,meadow,sea --width 1280",
    "panorama": "panorama --model landscapes --class sunset --seed 2",
    "grid": "grid --class mountains --width 768 --height 512",
    "cube": "cubemap --model landscapes --class meadow",
    "texture": "texture --model landscapes --class rock",
    "connect": "connect {wide}/left.png {wide}/right.png --class forest,meadow,sea --width 384",
}
GROUNDS = (
    "rock", "paving", "grass", "dirt", "wood", "snow_ice", "sand", "seabed", "forest_floor",
)  # fmt: skip
PLACES = (
    "beach", "canyon", "city", "desert", "forest", "lake", "meadow", "mountains", "sea", "sunset",
)  # fmt: skip
GAP = 4  # pixels between pictures of a sheet
SIDE = 340  # pixels along a texture that is shown
SHOWN = {"cube": "equirectangular.png"}


def run(line: str, out: Path) -> None:
    """Run a command of `motioncollage image`."""
    command = [sys.executable, "-m", "motioncollage.shell.main", "image", *line.split(), "--out", str(out)]
    subprocess.run(command, check=True)


def make(work: Path) -> dict[str, Image.Image]:
    """Run the commands; pictures by name."""
    made: dict[str, Image.Image] = {}
    for name, line in COMMANDS.items():
        run(line.format(wide=work / "wide"), work / name)
        made[name] = Image.open(work / name / SHOWN.get(name, "image.png")).convert("RGB")
        if name == "wide":
            picture = made[name]
            side = picture.height
            for file, left in (("left.png", 0), ("right.png", picture.width - side)):
                square = picture.crop((left, 0, left + side, side))
                square.resize((64, 64), Image.Resampling.LANCZOS).save(work / name / file)
    return made


def sheet(
    work: Path, command: str, classes: Sequence[str], columns: int, shown: tuple[int, int]
) -> Image.Image:
    """What a command makes of each class, whatever it looks like.

    Args:
        command: with a place for the class.
        shown: width and height of each.
    """
    width, height = (side + GAP for side in shown)
    rows = -(-len(classes) // columns)
    pictures = Image.new("RGB", (columns * width - GAP, rows * height - GAP), "#f4f3ef")
    for number, name in enumerate(classes):
        run(command.format(name), work / name)
        picture = Image.open(work / name / "image.png").convert("RGB")
        row, column = divmod(number, columns)
        pictures.paste(picture.resize(shown, Image.Resampling.LANCZOS), (column * width, row * height))
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        made = make(work)
        sheets = {
            "textures-network.jpg": sheet(
                work / "grounds", "texture --model landscapes --class {}", GROUNDS, 3, (SIDE, SIDE)
            ),
            "panoramas-network.jpg": sheet(
                work / "places", "panorama --model landscapes --class {}", PLACES, 2, (512, 128)
            ),
        }
    for name, picture in sheets.items():
        with atomic_path(out / name, force=True) as target:
            picture.save(target, "JPEG", quality=88)
    layout = [
        ["wide"] * 3,
        ["panorama", "panorama", "texture"],
        ["connect", "connect", "texture"],
        ["grid", "cube", "cube"],
    ]
    figure = Figure(figsize=(12, 10.6), layout="constrained", facecolor="#f4f3ef")
    grid = figure.subplot_mosaic(layout, height_ratios=[2.5, 2, 1.4, 3], width_ratios=[3, 1.6, 2.4])  # type: ignore[arg-type]
    for name, picture in made.items():
        panel = grid[name]
        panel.imshow(picture, interpolation="bicubic")
        title = f"motioncollage image {COMMANDS[name].format(wide='.')}".replace("./left", "A").replace(
            "./right", "B"
        )
        panel.set_title(textwrap.fill(title, 60), loc="left", fontsize=8, family="monospace")
        panel.axis("off")
    with atomic_path(out / "images.jpg", force=True) as target:
        figure.savefig(target, dpi=110, format="jpeg", pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
