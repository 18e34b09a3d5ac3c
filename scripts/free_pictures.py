#!/usr/bin/env python3
"""Arrange free pictures as training data of the bundled image model: free_pictures.py PICTURES OUT.

PICTURES holds `manifest.jsonl`, a line a picture: file, kind (landscapes, textures or panoramas), class, title, source,
author and licence. Landscapes and textures become classes of their own; a panorama of all directions becomes one of a
class whose name ends with -360, for cubes, and its middle band, which is a landscape four times as wide as high, joins
the landscapes. Every so many pictures of a class are held out (`held_out.txt`), and copied to OUT-test as well; those
that earlier weights have seen never are. Prints the list of sources for the model's card.
"""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

from PIL import Image

SEEN = (
    "Aitzol_Berasategi",
    "Clements_Engelhardt",
)  # in names of pictures that the first bundled model learnt
EVERY = {"landscapes": 6, "textures": 10, "panoramas": 7}  # of which one is held out
LEAST = 3  # pictures of a class; smaller ones have no name
SPHERES = {"garden": "meadow", "road": "city", "desert": "mountains", "studio": "interior"}
BANDS = {"seaside": "sea", **SPHERES}


def held_out(rows: list[dict[str, str]]) -> set[str]:
    """Files to hold out: the last of every few of a class."""
    seen: Counter[tuple[str, str]] = Counter()
    found = set()
    for row in rows:
        if row["licence"].startswith("LGPL") or any(part in row["file"] for part in SEEN):
            continue
        key = row["kind"], row["class"]
        seen[key] += 1
        if seen[key] % EVERY[row["kind"]] == 0 or (row["kind"] == "landscapes" and seen[key] == 4):
            found.add(row["file"])
    return found


def main() -> None:
    root, out = map(Path, sys.argv[1:])
    rows = [json.loads(line) for line in (root / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    apart, test = held_out(rows), out.with_name(out.name + "-test")
    count = Counter((row["kind"], row["class"]) for row in rows)
    names = []
    print("| class | picture | source | author | licence | |\n|---|---|---|---|---|---|")
    for row in rows:
        kind, label, file = row["kind"], row["class"], root / row["file"]
        places = []
        if kind == "panoramas":
            places = [(BANDS.get(label, label), "-band"), (SPHERES.get(label, label) + "-360", ".360")]
        else:
            places = [(label if count[kind, label] >= LEAST else ".", "")]
        for folder, ending in places:
            name = Path(folder, f"{file.stem}{ending}{file.suffix}")
            for target in (out, test) if row["file"] in apart else (out,):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                if ending == "-band":
                    with Image.open(file) as whole:
                        band = (0, whole.height // 4, whole.width, whole.height - whole.height // 4)
                        whole.convert("RGB").crop(band).save(target / name, quality=92)
                else:
                    shutil.copyfile(file, target / name)
            if row["file"] in apart:
                names.append(name.as_posix())
        said = f"| {places[-1][0]} | {row['title']} | {row['source']} | {row['author']} | {row['licence']} |"
        print(said, "held out |" if row["file"] in apart else " |")
    (out / "held_out.txt").write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")


if __name__ == "__main__":
    main()
