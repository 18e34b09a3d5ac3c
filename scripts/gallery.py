#!/usr/bin/env python3
"""Make the picture of docs/images.md with the bundled model: gallery.py [--out FILE]."""

import argparse
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from motioncollage.files import atomic_path

COMMANDS = {
    "wide": "wide --model landscapes --class meadow,evening,mountains --width 1248",
    "panorama": "panorama --model landscapes --class sunset --seed 1",
    "grid": "grid --class mountains --width 576 --height 352 --seed 3",
    "cube": "cubemap --model landscapes --class meadow --face 256",
    "connect": "connect {wide}/left.png {wide}/right.png --class meadow,mountains --width 344",
}
SHOWN = {"cube": "equirectangular.png"}


def make(work: Path) -> dict[str, Image.Image]:
    """Run the commands; pictures by name."""
    made: dict[str, Image.Image] = {}
    for name, line in COMMANDS.items():
        command = line.format(wide=work / "wide").split()
        subprocess.run(
            [sys.executable, "-m", "motioncollage.shell.main", "image", *command, "--out", str(work / name)],
            check=True,
        )
        made[name] = Image.open(work / name / SHOWN.get(name, "image.png")).convert("RGB")
        if name == "wide":
            picture = made[name]
            side = picture.height
            for file, left in (("left.png", 0), ("right.png", picture.width - side)):
                square = picture.crop((left, 0, left + side, side))
                square.resize((64, 64), Image.Resampling.LANCZOS).save(work / name / file)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/images.png"))
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
    layout = [["wide", "wide"], ["panorama", "connect"], ["grid", "cube"]]
    figure = Figure(figsize=(12, 7.6), layout="constrained", facecolor="#f4f3ef")
    grid = figure.subplot_mosaic(layout, height_ratios=[1.3, 1, 3.4], width_ratios=[1.1, 1.3])  # type: ignore[arg-type]
    for name, picture in made.items():
        panel = grid[name]
        panel.imshow(picture, interpolation="bicubic")
        title = f"motioncollage image {COMMANDS[name].format(wide='.')}".replace("./left", "A").replace(
            "./right", "B"
        )
        panel.set_title(textwrap.fill(title, 72), loc="left", fontsize=8, family="monospace")
        panel.axis("off")
    with atomic_path(out, force=True) as target:
        figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main()
