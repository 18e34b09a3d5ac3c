#!/usr/bin/env python3
"""Make the still pictures of docs/motions, and the film of README, from the commands in docs/motions/motions.json.

    stills.py [NAME ...] [--film]

The site plays these motions; a plain repository shows the stills.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs" / "_site"))

from players import make, recipes  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--film", action="store_true", help="also the film of README")
    wanted = parser.parse_args()
    film = [sys.executable, str(ROOT / "scripts" / "film.py")]
    for name, recipe in recipes().items():
        if wanted.names and name not in wanted.names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            made = make(recipe, work)
            files = [str(work / file) for file in recipe["shows"]]
            target = ROOT / "docs" / "motions" / f"{name}.png"
            labels = ["--labels", *(label for label, _ in made)] if len(made) > 1 else []
            subprocess.run(
                [*film, *files, *labels, "--out", target, "--at", str(recipe["still"])], check=True
            )
            if name == "film" and wanted.film:
                picture = ROOT / "docs" / "pictures" / "film.webp"
                subprocess.run(
                    [*film, *files, "--out", picture, "--seconds", str(made[0][1].seconds)], check=True
                )


if __name__ == "__main__":
    main()
