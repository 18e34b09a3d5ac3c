"""The `.npz` file of a generated motion: joints, features, frame rate, sentences and settings.

The file is an ordinary NumPy archive that opens with `allow_pickle=False`:

| key        | type                             | what                                                       |
|------------|----------------------------------|------------------------------------------------------------|
| `joints`   | float32 [samples, frames, 22, 3] | joint positions, metres, y up                              |
| `features` | float32 [samples, frames, width] | the model's own features (263 of HumanML3D), not normalised |
| `fps`      | float64, a single number         | frames per second                                          |
| `segments` | text, JSON                       | list of {"text", "start", "end"}, in frames, end exclusive |
| `settings` | text, JSON                       | object: how the motion was made                            |
"""

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.arrays import MAX_BYTES
from mdm_adapter.motion import Motion, Writer
from mdm_adapter.segments import Segment, check_segments
from motioncollage.files import atomic_path, read_arrays
from motioncollage.wording import reason

JOINTS = 22
MAX_WIDTH = 4096
_KEYS = dict.fromkeys(("joints", "features", "fps", "segments", "settings"), "fiuU")
_AGAIN = "export the motion again"


def save_archive(path: Path | str, archive: Motion, *, force: bool = False) -> None:
    """Write `archive` to `path` (`.npz`). The same archive always gives the same bytes.

    Raises:
        ValueError: the archive breaks a rule that `load_archive` would refuse it for; one line.
        FileExistsError: `path` exists and `force` is false.
        OSError: the file cannot be written.
    """
    path = Path(path)
    _check(path, archive)
    size = archive.joints.nbytes + archive.features.nbytes
    if size > MAX_BYTES:
        raise ValueError(f"{path}: {size:,} bytes are more than {MAX_BYTES:,}: save fewer samples per file")
    segments = [{"text": s.text, "start": s.start, "end": s.end} for s in archive.segments]
    arrays: dict[str, NDArray[Any]] = {
        "joints": archive.joints,
        "features": archive.features,
        "fps": np.asarray(archive.fps, dtype=np.float64),
        "segments": np.asarray(_to_json(path, "segments", segments)),
        "settings": np.asarray(_to_json(path, "settings", archive.settings)),
    }
    with atomic_path(path, force=force) as temporary, zipfile.ZipFile(temporary, "w") as archive_file:
        for key, array in arrays.items():
            # A fixed date (the earliest a zip can hold) and no file system attributes: nothing but the
            # content decides the bytes. Stored, not deflated: floats hardly shrink, and zlib versions differ.
            member = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = 0o600 << 16
            with archive_file.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(
                    stream, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False
                )


def load_archive(path: Path | str) -> Motion:
    """Read and check a file that `save_archive` wrote.

    Nothing in the file is trusted: sizes are compared with the zip directory before memory is taken for
    them, and no pickled objects are read.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: anything is wrong with it; one line with the file, the key, the problem and a remedy.
    """
    path = Path(path)
    arrays = read_arrays(path, _KEYS, what="motion", remedy=_AGAIN, most=MAX_BYTES)
    fps = arrays["fps"]
    if fps.shape != () or fps.dtype.kind not in "fiu":
        raise ValueError(f"{path}: fps must be a single number, not {fps.dtype} {list(fps.shape)}: {_AGAIN}")
    archive = Motion(
        joints=arrays["joints"],
        features=arrays["features"],
        fps=float(fps),
        segments=_segments(path, _from_json(path, "segments", arrays["segments"])),
        settings=_from_json(path, "settings", arrays["settings"]),
    )
    _check(path, archive)
    return archive


def _check(path: Path, archive: Motion) -> None:
    joints, features = archive.joints, archive.features
    width = features.shape[-1] if features.ndim == 3 and features.shape[-1] <= MAX_WIDTH else "width"
    for key, array, tail in (("joints", joints, (JOINTS, 3)), ("features", features, (width,))):
        want = ", ".join(str(n) for n in ("samples", "frames", *tail))
        if array.dtype != np.float32 or array.ndim != 2 + len(tail) or array.shape[2:] != tail:
            raise ValueError(
                f"{path}: {key} must be float32 [{want}], not {array.dtype.str} {list(array.shape)}: {_AGAIN}"
            )
        if 0 in array.shape:
            raise ValueError(
                f"{path}: {key} is empty, {list(array.shape)}: give at least one sample and frame"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{path}: {key} holds numbers that are not finite: sample the motion again")
    if joints.shape[:2] != features.shape[:2]:
        raise ValueError(
            f"{path}: joints {list(joints.shape)} and features {list(features.shape)} differ in "
            f"samples or frames: {_AGAIN}"
        )
    if not (math.isfinite(archive.fps) and archive.fps > 0):
        raise ValueError(f"{path}: fps is {archive.fps}: give a positive number")
    if not isinstance(archive.settings, dict):
        raise ValueError(f"{path}: settings must be a JSON object, not {type(archive.settings).__name__}")
    try:
        check_segments(archive.segments, joints.shape[1])
    except ValueError as error:
        raise ValueError(f"{path}: segments: {error}") from error


def _to_json(path: Path, key: str, value: Any) -> str:
    _refuse_other_keys(path, key, value)
    try:
        # ASCII only: NumPy drops trailing zero characters of its strings and lone surrogates need escapes.
        return json.dumps(value, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: {key} cannot be written as JSON ({reason(error)}): use JSON types"
        ) from error


def _refuse_other_keys(path: Path, key: str, value: Any) -> None:
    """json would quietly turn the key 1 into "1", and the settings would not come back as they went."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise ValueError(f"{path}: {key} has the key {name!r}: use strings as keys")
            _refuse_other_keys(path, key, inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_other_keys(path, key, inner)


def _from_json(path: Path, key: str, array: NDArray[Any]) -> Any:
    if array.shape != () or array.dtype.kind != "U":
        raise ValueError(
            f"{path}: {key} must be a JSON text, not {array.dtype} {list(array.shape)}: {_AGAIN}"
        )
    try:
        return json.loads(array.item())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {key} is not valid JSON ({reason(error)}): {_AGAIN}") from error


def _segments(path: Path, value: Any) -> tuple[Segment, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{path}: segments must be a JSON list, not {type(value).__name__}: {_AGAIN}")
    for i, entry in enumerate(value):
        if not isinstance(entry, dict) or set(entry) != {"text", "start", "end"}:
            raise ValueError(f"{path}: segments: entry {i} must have text, start and end only: {_AGAIN}")
    return tuple(Segment(entry["text"], entry["start"], entry["end"]) for entry in value)


WRITER = Writer(save_archive, together=True)
