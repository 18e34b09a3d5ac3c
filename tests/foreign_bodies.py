"""A walk on a skeleton whose joints have names that nobody knows."""

from pathlib import Path

from bodies import Motion, stroll

from mdm_adapter.io.bvh import write_bvh
from mdm_adapter.io.rig import NAMES

WALK = Motion(stroll()[None])
FOREIGN = {name: f"Knochen_{number:02d}" for number, name in enumerate(NAMES)}


def foreign(path: Path) -> Path:
    """A BVH file of it."""
    write_bvh(path, WALK)
    text = path.read_text(encoding="ascii")
    for name in sorted(NAMES, key=len, reverse=True):
        text = text.replace(f"ROOT {name}\n", f"ROOT {FOREIGN[name]}\n")
        text = text.replace(f"JOINT {name}\n", f"JOINT {FOREIGN[name]}\n")
    path.write_text(text, encoding="ascii")
    return path
