"""Body models of the SMPL family, as their users have them, and the recordings that need one (AMASS).

Joints need the model file alone; meshes also `smplx` (`pip install "motioncollage[smpl]"`). Files are `.npz`: pickles, as
which some models are published too, could run anything and are never loaded.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.body_files import GENDERS, KINDS, MAX_SHAPES, read_model
from mdm_adapter.io.arrays import Archive
from mdm_adapter.io.geometry import Floats
from mdm_adapter.io.smpl import SMPL_REST, smpl_joints
from mdm_adapter.representation.resampling import resample
from mdm_adapter.representation.skeleton import JOINT_COUNT

FOLDER_VARIABLE = "MOTIONCOLLAGE_BODY_MODELS"
MAX_FRAMES = 1_000_000
FARTHEST = 1e5  # metres
_CHUNK = 2_000_000  # vertices whose places are worked out at a time


def default_folder() -> Path:
    """Where body models are looked for unless somebody says where: MOTIONCOLLAGE_BODY_MODELS, or a folder of one's own."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path.home() / ".motioncollage" / "body_models")


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The 22 joints of a body at rest, and how its shape moves them.

    Attributes:
        kind, gender: whose.
        rest: float64 [22, 3], metres, y up, in the model's own place.
        shapes: float64 [22, 3, S], metres for each number of `betas`.
    """

    kind: str
    gender: str
    rest: Floats
    shapes: Floats

    def shaped(self, betas: Floats) -> Floats:
        """The joints [22, 3] at rest of a body with betas [n].

        Raises:
            ValueError: more numbers than the model has shapes.
        """
        return self.rest + self.shapes @ fitting(betas, self.shapes.shape[-1], self.kind)


# The neutral SMPL body of mean shape, whose joints are known here.
MEAN = Skeleton("smplh", "neutral", SMPL_REST, np.zeros((JOINT_COUNT, 3, 0)))


@dataclass(frozen=True, eq=False)
class Body:
    """A body model with its surface; V vertices, J joints, S shapes.

    Attributes:
        kind, gender: whose.
        template: float32 [V, 3], metres, y up.
        shapes: float32 [V, 3, S]. correctives: float32 [9 (J - 1), 3 V], what a pose changes besides turning.
        regressor: float32 [J, V]. weights: float32 [V, J], shares of the joints, summing to 1.
        parents: of the joints; -1 for the root.
        faces: int64 [F, 3].
    """

    kind: str
    gender: str
    template: NDArray[np.float32]
    shapes: NDArray[np.float32]
    correctives: NDArray[np.float32]
    regressor: NDArray[np.float32]
    weights: NDArray[np.float32]
    parents: tuple[int, ...]
    faces: NDArray[np.int64]

    def shaped(self, betas: Floats) -> tuple[Floats, Floats]:
        """Vertices [V, 3] and joints [J, 3] at rest of a body with betas [n]."""
        vertices = self.template + self.shapes @ fitting(betas, self.shapes.shape[-1], self.kind)
        return vertices, self.regressor @ vertices

    def vertices(self, poses: Floats, trans: Floats, betas: Floats) -> Iterator[NDArray[np.float32]]:
        """Vertices [some frames, V, 3] of poses [F, P] and trans [F, 3], some frames at a time, through `smplx`.

        Poses of another kind of body have other joints after the 22; these stay at rest then.

        Raises:
            ImportError: `smplx` is not installed.
            ValueError: more betas than the model has shapes.
        """
        import torch

        try:
            from smplx.lbs import lbs
        except ModuleNotFoundError as error:
            raise ImportError(
                f'meshes need {error.name}, which is not installed; pip install "motioncollage[smpl]"'
            ) from error
        posed = np.zeros((len(poses), 3 * len(self.parents)), dtype=np.float32)
        width = poses.shape[1] if poses.shape[1] == posed.shape[1] else 3 * JOINT_COUNT
        posed[:, :width] = poses[:, :width]
        shape = fitting(betas, self.shapes.shape[-1], self.kind)
        constant = [
            torch.from_numpy(part)
            for part in (self.template[None], self.shapes, self.correctives, self.regressor)
        ]
        parents = torch.tensor(self.parents)
        weights = torch.from_numpy(self.weights)
        step = max(1, _CHUNK // len(self.template))
        for start in range(0, len(poses), step):
            some = torch.from_numpy(posed[start : start + step])
            own = torch.from_numpy(shape.astype(np.float32))[None].expand(len(some), -1)
            with torch.inference_mode():
                placed, _ = lbs(own, some, *constant, parents, weights)
            moved: NDArray[np.float32] = placed.numpy() + trans[start : start + step, None].astype(np.float32)
            yield moved


def fitting(betas: Floats, shapes: int, kind: str) -> Floats:
    """Betas [n] as [shapes]: what is not there is 0.

    Raises:
        ValueError: numbers that are not 0 for shapes that a model has not.
    """
    if np.any(betas[shapes:]):
        raise ValueError(
            f"betas has {len(betas)} numbers, the {KINDS[kind].label} model {shapes} shapes;"
            " use the model that the recording was made with"
        )
    found = np.zeros(shapes)
    found[: len(betas)] = betas[:shapes]
    return found


class MissingBody(ValueError):
    """The file of a body model is not there."""


@dataclass(eq=False)
class Bodies:
    """Body models in a folder, each skeleton read once.

    Attributes:
        where: the folder, or one model file for everything; None for `default_folder`.
    """

    where: Path | None = None
    _skeletons: dict[Path, Skeleton] = field(default_factory=dict, repr=False)

    def file(self, kind: str, gender: str) -> Path:
        """The file of a body.

        Raises:
            ValueError: it is not there; the line says which file, from where, into which folder.
        """
        folder = Path(self.where) if self.where is not None else default_folder()
        if folder.is_file():
            return folder
        wanted = KINDS[kind]
        for name in wanted.names(gender):
            if (folder / name).is_file():
                return folder / name
        raise MissingBody(
            f"no body model {gender} {wanted.label}: put {wanted.names(gender)[0]} into {folder}"
            f" ({wanted.source}), or name its folder (--body-model, {FOLDER_VARIABLE})"
        )

    def skeleton(self, kind: str, gender: str) -> Skeleton:
        """The 22 joints of a body.

        Raises:
            ValueError: no such file, or it is no sound body model.
        """
        path = self.file(kind, gender)
        if path not in self._skeletons:
            arrays, _, _ = read_model(path, ("v_template", "shapedirs", "J_regressor", "kintree_table"))
            regressor = arrays["J_regressor"][:JOINT_COUNT].astype(np.float64)
            shapes = np.einsum("jv,vks->jks", regressor, arrays["shapedirs"])
            self._skeletons[path] = Skeleton(kind, gender, regressor @ arrays["v_template"], shapes)
        return self._skeletons[path]

    def body(self, gender: str = "neutral") -> Body:
        """A body with its surface: SMPL+H, SMPL-X or SMPL, whichever is there.

        Raises:
            ValueError: an unknown gender, no such file, or it is no sound body model.
        """
        if gender not in GENDERS:
            raise ValueError(f"gender is {gender!r}; choose one of {', '.join(GENDERS)}")
        missing: list[ValueError] = []
        for kind in ("smplh", "smplx", "smpl"):
            try:
                return load_body(self.file(kind, gender), gender)
            except MissingBody as error:
                missing.append(error)
        raise missing[0]


def load_body(path: Path | str, gender: str = "neutral") -> Body:
    """A body model from its file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a pickle, or no sound body model; one line with the file, the problem and a remedy.
    """
    arrays, kind, parents = read_model(
        Path(path),
        ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f"),
    )
    count = len(arrays["v_template"])
    small = {
        key: np.ascontiguousarray(value, dtype=np.float32) for key, value in arrays.items() if key != "f"
    }
    return Body(
        kind, gender, small["v_template"], small["shapedirs"],
        np.ascontiguousarray(small["posedirs"].reshape(3 * count, -1).T), small["J_regressor"], small["weights"],
        parents, arrays["f"].astype(np.int64),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recording:
    """Pose parameters of a body over time, as AMASS stores them; F frames.

    Attributes:
        poses: float64 [F, P], axis times angle of all joints, the 22 of the body first.
        trans: float64 [F, 3], metres, z up.
        betas: float64 [n], the body's shape.
        kind, gender: whose body.
        fps: frames a second.
        name: of the file.
    """

    poses: Floats
    trans: Floats
    betas: Floats
    kind: str
    gender: str
    fps: float
    name: str

    def joints(self, bodies: Bodies | None = None, *, fps: float = 20.0) -> NDArray[np.float32]:
        """The 22 joints, float32 [T, 22, 3], metres, y up, at `fps` frames a second.

        The first root lies at x = z = 0, the lowest joint of the whole motion at y = 0, as `import_bvh` has it. A neutral
        body of mean shape needs no model file.

        Raises:
            ValueError: the body model is missing or at fault; one line with what to do.
        """
        known = self.gender == "neutral" and not self.betas.any() and self.kind != "smplx"
        try:
            skeleton = MEAN if known else (bodies or Bodies()).skeleton(self.kind, self.gender)
            rest = skeleton.shaped(self.betas)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        joints = resample(smpl_joints(self.poses, self.trans, rest), 1 / self.fps, fps)
        joints = joints[..., [0, 2, 1]] * np.array([1.0, 1.0, -1.0])  # a quarter turn about x
        joints -= [joints[0, 0, 0], joints[..., 1].min(), joints[0, 0, 2]]
        return joints.astype(np.float32)


def is_recording(keys: frozenset[str]) -> bool:
    """Whether the keys of an archive are those of AMASS."""
    return {"poses", "trans"} <= keys


def read_recording(path: Path | str) -> Recording:
    """Pose parameters from a file of AMASS (SMPL+H: 156 numbers a frame; SMPL-X: 165; SMPL: 72).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such file; one line with the problem and a remedy.
    """
    path = Path(path)
    archive = Archive(path, "AMASS recording", "copy it again")
    optional = ("betas", "gender", "mocap_framerate", "mocap_frame_rate")
    arrays = archive.read(("poses", "trans"), optional)
    poses, trans, betas = arrays["poses"], arrays["trans"], arrays.get("betas", np.zeros(0)).reshape(-1)
    for key, array in (("poses", poses), ("trans", trans), ("betas", betas)):
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise archive.error(f"{key} holds what is no finite number")
    widths = {3 * kind.joints: name for name, kind in KINDS.items()}
    if poses.ndim != 2 or poses.shape[1] not in widths:
        raise archive.error(f"poses are {list(poses.shape)}, not [frames, {' or '.join(map(str, widths))}]")
    if not 1 <= len(poses) <= MAX_FRAMES or trans.shape != (len(poses), 3):
        raise archive.error(f"{len(poses)} poses and trans {list(trans.shape)}, not [frames, 3]")
    if not np.abs(trans).max() < FARTHEST or len(betas) > MAX_SHAPES:
        raise archive.error(f"trans is {FARTHEST:g} m away, or betas has more than {MAX_SHAPES} numbers")
    return Recording(
        poses.astype(np.float64), trans.astype(np.float64), betas.astype(np.float64), widths[poses.shape[1]],
        _gender(archive, arrays.get("gender")), _fps(archive, arrays), path.name,
    )  # fmt: skip


def _gender(archive: Archive, value: NDArray[Any] | None) -> str:
    if value is None:
        return "neutral"
    found = value.reshape(-1)[0] if value.size == 1 and value.dtype.kind in "US" else ""
    text = (found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)).lower()
    if text not in GENDERS:
        raise archive.error(f"gender is {text[:20]!a}, not {', '.join(GENDERS)}")
    return text


def _fps(archive: Archive, arrays: dict[str, NDArray[Any]]) -> float:
    value = next((arrays[key] for key in ("mocap_framerate", "mocap_frame_rate") if key in arrays), None)
    if value is None:
        raise archive.error("mocap_framerate is missing")
    fps = float(value.reshape(-1)[0]) if value.size == 1 and value.dtype.kind in "fiu" else math.nan
    if not 0 < fps <= 1000:
        raise archive.error(f"mocap_framerate is {fps}, not a number of frames a second")
    return fps


def read_amass(path: Path | str, bodies: Bodies | None = None, *, fps: float = 20.0) -> NDArray[np.float32]:
    """The 22 joints [T, 22, 3] of an AMASS file, metres, y up (`Recording.joints`).

    Args:
        bodies: the user's body models; give the same one for many files.

    Raises:
        FileNotFoundError, ValueError: as `read_recording` and `Recording.joints`.
    """
    return read_recording(path).joints(bodies, fps=fps)
