#!/usr/bin/env python3
"""Arrange free photographs from Debian packages as training data of the bundled image model: pictures.py ROOT OUT.

ROOT holds the unpacked packages (`apt-get download NAME` and `dpkg -x FILE ROOT`): mate-backgrounds,
plasma-workspace-wallpapers, lomiri-wallpapers-16.04, lomiri-wallpapers-20.04. Every picture becomes a class. Prints the
list of sources for the model's card.
"""

import shutil
import sys
from pathlib import Path

MATE, PLASMA, LOMIRI = "mate-backgrounds", "plasma-workspace-wallpapers", "lomiri-wallpapers"
# class, package, file (of Plasma: folder, of which the largest picture is taken), author, licence.
SOURCES = (
    ("meadow", LOMIRI, "aitzgorri_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    ("mountains", LOMIRI, "picosdeeuropa_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    ("sunset", LOMIRI, "sunset_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    ("stream", LOMIRI, "life_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    ("dandelions", LOMIRI, "seeding_by_Clements_Engelhardt.jpg", "Clemens Engelhardt", "CC0-1.0"),
    ("galaxy", LOMIRI, "Infinite-Sea_by_Aury88.jpg", "Aury88", "CC-BY-SA-3.0"),
    ("dune", MATE, "Dune.jpg", "Marco Cogoni, Hylke Bons", "GPL-2+"),
    ("grass", MATE, "GreenMeadow.jpg", "Timothy Schellhase, Lapo Calamandrei", "GPL-2+"),
    ("storm", MATE, "Storm.jpg", "Sergey Nazarov", "GPL-2+"),
    ("leaf", MATE, "Blinds.jpg", "Lennart Poettering, Andrea Cimitan", "GPL-2+"),
    ("evening", PLASMA, "EveningGlow", "Ian Hex", "LGPL-3"),
    ("mist", PLASMA, "DarkestHour", "Risto Saukonpää", "LGPL-3"),
    ("dusk", PLASMA, "summer_1am", "Risto Saukonpää", "LGPL-3"),
    ("forest", PLASMA, "Path", "Risto Saukonpää", "LGPL-3"),
    ("clouds", PLASMA, "Kite", "Risto Saukonpää", "LGPL-3"),
    ("moss", PLASMA, "OneStandsOut", "Risto Saukonpää", "LGPL-3"),
    ("leaves", PLASMA, "FallenLeaf", "Martin Klapetek", "LGPL-3"),
    ("jetty", PLASMA, "BytheWater", "Maciej Wiklo", "LGPL-3"),
    ("autumn", PLASMA, "Autumn", "RJ Quiralta", "LGPL-3"),
    ("hills", PLASMA, "PastelHills", "Lionel", "LGPL-3"),
    ("altai", PLASMA, "Altai", "Alesya Khoteeva", "CC-BY-SA-4.0"),
    ("beach", PLASMA, "Volna", "Nikita Babin", "CC-BY-SA-4.0"),
)


def find(root: Path, package: str, name: str) -> Path:
    """The largest file of a source; links to other sizes are skipped."""
    inside = f"wallpapers/{name}/contents/images/*" if package == PLASMA else name
    files = [f for f in root.rglob(inside) if f.is_file() and not f.is_symlink()]
    if not files:
        raise SystemExit(f"{name} of {package} is not under {root}; unpack the package there")
    return max(files, key=lambda f: f.stat().st_size)


def main() -> None:
    root, out = map(Path, sys.argv[1:])
    print("| class | file | package | author | licence |\n|---|---|---|---|---|")
    for label, package, name, author, licence in SOURCES:
        source = find(root, package, name)
        target = out / label / f"{label}{source.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        print(f"| {label} | {name} | {package} | {author} | {licence} |")


if __name__ == "__main__":
    main()
