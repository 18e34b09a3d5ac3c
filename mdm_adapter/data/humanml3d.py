"""HumanML3D from AMASS, as its notebooks make it (Guo et al. 2022): joints, 20 fps, cuts, mirror images, features, statistics.

Differences to the notebooks: joints are worked out in double precision, a clip that cannot be made costs only itself,
and split lists name the clips that are there.
"""

import csv
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from mdm_adapter.bodies import GENDERS, Bodies, Recording, read_recording
from mdm_adapter.io.smpl import smpl_joints
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from mdm_adapter.representation.normalisation import share_deviations
from motioncollage.files import atomic_path, load_numbers, write_text

FPS = 20
BETAS = 10  # numbers of a body's shape that the notebooks use
# Seconds at the start of takes in which people stand in a T-pose.
LEAD_SECONDS = {
    "Eyes_Japan_Dataset": 3.0, "MPI_HDM05": 3.0, "TotalCapture": 1.0, "MPI_Limits": 1.0, "Transitions_mocap": 0.5,
}  # fmt: skip
# Collections that later downloads of AMASS call by another name.
OTHER_NAMES = {
    "Eyes_Japan_Dataset": ("EyesJapanDataset",), "MPI_HDM05": ("HDM05",), "MPI_Limits": ("PosePrior",),
    "MPI_mosh": ("MoSh",), "BioMotionLab_NTroje": ("BMLrub",), "Transitions_mocap": ("Transitions",),
    "DFaust_67": ("DFaust",), "SSM_synced": ("SSM",), "TCD_handMocap": ("TCDHands",), "ACCAD": ("ACCD",),
}  # fmt: skip
HUMANACT12 = "humanact12"
SPLIT_FILES = ("train", "val", "test", "train_val", "all")
MAX_ROWS = 1_000_000
MAX_TEXT_BYTES = 1 << 20
_NAME = re.compile(r"\d{6}")
_TEXT = re.compile(r"(?:[^/]+/)*(M?\d{6})\.txt")

Joints = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """A row of `index.csv`: frames `start` to `end` (20 a second, the T-pose behind) of a take become a clip."""

    source: str
    start: int
    end: int
    name: str

    @property
    def collection(self) -> str:
        """The part of AMASS that the take is from, by the name that the index has for it."""
        return PurePosixPath(self.source).parts[0]


@dataclass(frozen=True)
class Made:
    """What became of a cut: nothing to say, or why there is no clip."""

    cut: Cut
    problem: str = ""


@dataclass(frozen=True)
class Sources:
    """Where everything lies.

    Attributes:
        amass: folder of AMASS, a folder for each collection.
        body_models: folder of body models (`mdm_adapter.bodies`).
        humanact12: folder of HumanAct12's joints, `.npy`; None where nobody named one.
    """

    amass: Path
    body_models: Path
    humanact12: Path | None = None

    def take(self, source: str) -> Path:
        """The file of a take.

        Raises:
            ValueError: it is not there.
        """
        path = PurePosixPath(source)
        if path.parts[0] == HUMANACT12:
            folders = [self.humanact12] if self.humanact12 is not None else []
            folders += [self.amass / HUMANACT12, self.amass / HUMANACT12 / HUMANACT12]
            candidates = [folder / path.name for folder in folders]
        else:
            collection, *inner = path.parts
            inside = Path(*inner).with_suffix(".npz")
            later = Path(*(part.replace(" ", "_") for part in inner)).with_suffix(".npz")
            later = later.with_name(later.name.replace("_poses", "_stageii"))
            candidates = [
                self.amass / name / file
                for name in (collection, *OTHER_NAMES.get(collection, ()))
                for file in (inside, Path(collection) / inside, later)
            ]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        raise ValueError("no file of the take")


def check_models(bodies: Bodies) -> None:
    """Whether there are body models for AMASS at all: both of SMPL+H, or one of SMPL-X for those who have that download.

    Raises:
        ValueError: there are none; the line says which file is missing and where it comes from.
    """
    try:
        for gender in ("female", "male"):
            bodies.file("smplh", gender)
    except ValueError as missing:
        for gender in GENDERS:
            with suppress(ValueError):
                bodies.file("smplx", gender)
                return
        raise missing


def read_index(path: Path) -> list[Cut]:
    """Rows of `index.csv`: source_path, start_frame, end_frame, new_name.

    Raises:
        ValueError: no such file, or a row that is none of it.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing; give the index.csv of HumanML3D's repository")
    cuts: dict[str, Cut] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                cut = _cut(row)
            except (KeyError, TypeError, ValueError, csv.Error) as error:
                raise ValueError(
                    f"{path}: line {number} is not source_path, start_frame, end_frame, new_name ({error})"
                ) from error
            if cut.name in cuts or len(cuts) >= MAX_ROWS:
                raise ValueError(f"{path}: line {number} is one too many: {cut.name} was there before")
            cuts[cut.name] = cut
    if not cuts:
        raise ValueError(f"{path} lists no clip; give the index.csv of HumanML3D's repository")
    return list(cuts.values())


def _cut(row: dict[str, str]) -> Cut:
    parts = [part for part in PurePosixPath(row["source_path"].replace("\\", "/")).parts if part != "."]
    if parts[:1] == ["pose_data"]:
        parts = parts[1:]
    if len(parts) < 2 or ".." in parts or parts[0].startswith("/"):
        raise ValueError(f"source_path {row['source_path'][:80]!r}")
    name = row["new_name"].removesuffix(".npy")
    if not _NAME.fullmatch(name):
        raise ValueError(f"new_name {name[:40]!r} is not six digits")
    return Cut("/".join(parts), int(float(row["start_frame"])), int(float(row["end_frame"])), name)


def joints_of(cut: Cut, sources: Sources, bodies: Bodies) -> Joints:
    """Joints [T, 22, 3] of a cut, metres, y up, 20 frames a second.

    Raises:
        ValueError, OSError: the take is missing or damaged, its body model is, or nothing is left of it.
    """
    path = sources.take(cut.source)
    if cut.collection == HUMANACT12:  # joints already, and whole
        array: Joints = load_numbers(path).astype(np.float64)
        if array.ndim != 3 or array.shape[1] < skeleton.JOINT_COUNT or array.shape[2] != 3:
            raise ValueError(f"{path.name} has shape {array.shape}, not [frames, 22 or more, 3]")
        return array[:, : skeleton.JOINT_COUNT]
    recording = read_recording(path)
    frames = np.arange(0, len(recording.poses), max(1, int(recording.fps / FPS)))
    frames = frames[int(LEAD_SECONDS.get(cut.collection, 0.0) * FPS) :][cut.start : cut.end]
    if len(frames) < 2:
        raise ValueError(f"{len(frames)} frames are left of the take")
    rest = bodies.skeleton(recording.kind, _gender(recording)).shaped(recording.betas[:BETAS])
    joints = smpl_joints(recording.poses[frames], recording.trans[frames], rest)
    # z up becomes y up by an exchange of the two, and the handedness comes back with the sign of x.
    upright: Joints = joints[..., [0, 2, 1]] * np.array([-1.0, 1.0, 1.0])
    return upright


def _gender(recording: Recording) -> str:
    """Whose body the notebooks take: the female one wherever it is not a man's."""
    if recording.kind != "smplh":
        return recording.gender
    return "male" if recording.gender == "male" else "female"


def make_clips(cuts: Sequence[Cut], sources: Sources, out: Path, *, force: bool) -> list[Made]:
    """Write the clips of cuts of one take and their mirror images; those that are there stay unless `force`."""
    bodies = Bodies(sources.body_models)
    return [Made(cut, _make(cut, sources, bodies, out, force=force)) for cut in cuts]


def finished(name: str, out: Path) -> bool:
    """Whether all files of a clip are there; its features are written last."""
    return all((out / "new_joint_vecs" / f"{side}{name}.npy").is_file() for side in ("", "M"))


def _make(cut: Cut, sources: Sources, bodies: Bodies, out: Path, *, force: bool) -> str:
    if finished(cut.name, out) and not force:
        return ""
    try:
        joints = torch.from_numpy(joints_of(cut, sources, bodies))
        sides = {cut.name: joints, f"M{cut.name}": skeleton.mirror(joints)}
        features = {
            name: representation.from_joints(side, continuous_heading=False).features.float()
            for name, side in sides.items()
        }
    except (ValueError, OSError) as error:
        return " ".join(str(error).split())
    if not all(bool(torch.isfinite(motion).all()) for motion in features.values()):
        return "joints that coincide"
    for name, motion in features.items():
        _save(out / "new_joints" / f"{name}.npy", representation.to_joints(motion).numpy())
        _save(out / "new_joint_vecs" / f"{name}.npy", motion.numpy())
    return ""


def _save(path: Path, array: NDArray[np.float32]) -> None:
    with atomic_path(path, force=True) as temporary, temporary.open("wb") as file:
        np.save(file, array)


def copy_texts(archive: Path, names: set[str], out: Path, *, force: bool) -> set[str]:
    """Write the captions of clips from `texts.zip`; returns those that it does not hold.

    Raises:
        ValueError: no such archive.
    """
    try:
        with ZipFile(archive) as opened:
            members = {found[1]: m for m in opened.infolist() if (found := _TEXT.fullmatch(m.filename))}
            for name in sorted(names & members.keys()):
                target = out / "texts" / f"{name}.txt"
                if target.exists() and not force:
                    continue
                if members[name].file_size > MAX_TEXT_BYTES:
                    raise ValueError(f"{archive}: {name}.txt has {members[name].file_size:,} bytes")
                with atomic_path(target, force=True) as temporary:
                    temporary.write_bytes(opened.read(members[name]))
    except (OSError, BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(
            f"{archive} cannot be read ({' '.join(str(error).split())[:100]}); give HumanML3D's texts.zip"
        ) from error
    return names - members.keys()


def copy_splits(folders: Sequence[Path], names: set[str], out: Path) -> dict[str, int]:
    """Write the split lists that are found, without the clips that are not there; returns how many each names."""
    written: dict[str, int] = {}
    for split in SPLIT_FILES:
        found = next(
            (folder / f"{split}.txt" for folder in folders if (folder / f"{split}.txt").is_file()), None
        )
        if found is None:
            continue
        listed = [name for name in found.read_text(encoding="utf-8").split() if name in names]
        write_text(out / f"{split}.txt", "".join(f"{name}\n" for name in listed), force=True)
        written[split] = len(listed)
    return written


def write_statistics(
    names: Sequence[str], out: Path, *, progress: Callable[[int, int], None] | None = None
) -> None:
    """`Mean.npy` and `Std.npy` of all clips and their mirror images, as published: one deviation for numbers of a kind."""
    frames, mean, squares = 0, np.zeros(representation.WIDTH), np.zeros(representation.WIDTH)
    for done, name in enumerate(names, 1):
        motion = load_numbers(out / "new_joint_vecs" / f"{name}.npy").astype(np.float64)
        own = motion.mean(axis=0)
        total = frames + len(motion)
        # Means and squared deviations of two sets joined (Chan et al. 1979): one pass, and exact.
        squares += ((motion - own) ** 2).sum(axis=0) + (own - mean) ** 2 * (frames * len(motion) / total)
        mean += (own - mean) * (len(motion) / total)
        frames = total
        if progress:
            progress(done, len(names))
    deviations = share_deviations(torch.from_numpy(np.sqrt(squares / frames)))
    _save(out / "Mean.npy", mean.astype(np.float32))
    _save(out / "Std.npy", deviations.numpy().astype(np.float32))


def write_report(made: Sequence[Made], untold: set[str], path: Path) -> None:
    """What is missing, a line each: clip, take, and why."""
    with (
        atomic_path(path, force=True) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(("new_name", "source_path", "problem"))
        writer.writerows((one.cut.name, one.cut.source, one.problem) for one in made if one.problem)
        writer.writerows((name, "", "no captions in texts.zip") for name in sorted(untold))
