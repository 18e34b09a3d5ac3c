"""Files of body models of the SMPL family: which there are, from where, under which names, and what is in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.arrays import Archive
from mdm_adapter.representation.skeleton import JOINT_COUNT, PARENTS

GENDERS = ("neutral", "female", "male")
MAX_VERTICES, MAX_SHAPES = 100_000, 400


@dataclass(frozen=True)
class Kind:
    """One family member.

    Attributes:
        label: what people call it.
        joints: how many it has; the first 22 are the same in all.
        files: where its files lie in a folder, the usual name first.
        source: which download holds them.
    """

    label: str
    joints: int
    files: tuple[str, ...]
    source: str

    def names(self, gender: str) -> list[str]:
        """Files that may hold the body of a gender, the likeliest first."""
        found = [pattern.format(gender) for pattern in self.files]
        found += [pattern.format(gender.upper()) for pattern in self.files if "model" not in pattern]
        return found


KINDS = {
    "smpl": Kind(
        "SMPL", 24, ("smpl/SMPL_{}.npz", "SMPL_{}.npz"),
        "https://smpl.is.tue.mpg.de has it as .pkl, which is never loaded; convert it to .npz yourself",
    ),
    "smplh": Kind(
        "SMPL+H", 52, ("smplh/{}/model.npz", "{}/model.npz", "smplh/SMPLH_{}.npz", "SMPLH_{}.npz"),
        '"Extended SMPL+H model" of https://mano.is.tue.mpg.de',
    ),
    "smplx": Kind(
        "SMPL-X", 55,
        ("smplx/SMPLX_{}.npz", "SMPLX_{}.npz", "models/smplx/SMPLX_{}.npz", "smplx/{}/model.npz"),
        '"SMPL-X with removed head bun" (AMASS) or "SMPL-X v1.1" of https://smpl-x.is.tue.mpg.de',
    ),
}  # fmt: skip


def read_model(path: Path, keys: tuple[str, ...]) -> tuple[dict[str, NDArray[Any]], str, tuple[int, ...]]:
    """Arrays of a model file by key, its kind, and the parents of its joints.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a pickle, or no sound body model: shapes that do not fit each other, numbers that are not finite.
    """
    if path.suffix.lower() != ".npz":
        raise ValueError(
            f"{path} is no .npz; pickles could run anything and are never loaded: take {KINDS['smplh'].source}"
        )
    archive = Archive(path, "body model (SMPL+H, SMPL-X)", "download it again")
    arrays = archive.read(keys)
    vertices, joints = len(arrays["v_template"]), arrays["kintree_table"].shape[-1]
    kind = next((name for name, kind in KINDS.items() if kind.joints == joints), None)
    if kind is None or not 0 < vertices <= MAX_VERTICES:
        raise archive.error(f"{joints} joints, {vertices:,} vertices are those of no body model")
    expected: dict[str, tuple[int | None, ...]] = {
        "v_template": (vertices, 3), "shapedirs": (vertices, 3, None), "posedirs": (vertices, 3, 9 * (joints - 1)),
        "J_regressor": (joints, vertices), "weights": (vertices, joints), "kintree_table": (2, joints), "f": (None, 3),
    }  # fmt: skip
    for key, array in arrays.items():
        wanted = expected[key]
        fits = len(array.shape) == len(wanted) and all(b in (None, a) for a, b in zip(array.shape, wanted))
        if not fits or array.dtype.kind not in ("iu" if key in ("kintree_table", "f") else "fiu"):
            told = ", ".join("n" if n is None else str(n) for n in wanted)
            raise archive.error(f"{key} is {array.dtype} {list(array.shape)}, not [{told}]")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise archive.error(f"{key} holds numbers that are not finite")
    if "f" in arrays and (
        len(arrays["f"]) == 0 or not 0 <= arrays["f"].min() <= arrays["f"].max() < vertices
    ):
        raise archive.error("f names vertices that are not there")
    # The root's parent is -1, as unsigned numbers have it in some files.
    parents = (-1, *(int(parent) for parent in arrays["kintree_table"][0, 1:]))
    if parents[:JOINT_COUNT] != PARENTS or not all(
        0 <= above < joint for joint, above in enumerate(parents[1:], 1)
    ):
        raise archive.error("its joints hang together in another way than SMPL's")
    arrays["shapedirs"] = arrays["shapedirs"][..., : _shapes(kind, arrays["shapedirs"].shape[-1])]
    return arrays, kind, parents


def _shapes(kind: str, count: int) -> int:
    """How many of a file's shape directions are of bodies; those of faces follow."""
    if kind != "smplx":
        return min(count, MAX_SHAPES)
    return 300 if count >= 400 else 10 if count == 20 else count
