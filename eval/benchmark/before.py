"""What `eval` looks at before anything is computed: names, places, files. All of it takes a moment; nothing is read whole."""

import os
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from motioncollage import plugins
from motioncollage.files import load_numbers, read_text
from motioncollage.wording import reason

if TYPE_CHECKING:
    from eval.benchmark.maker import MotionMaker
    from eval.benchmark.protocol import AnyProtocol

BABEL_MOTION = ("pose_data", "joints", "new_joint_vecs")  # where motion lies beside BABEL's labels
JOINTS = 22  # that are read of a body
LOOKED_AT = 20  # motions, of which one has to be usable


def check_names(how: "AnyProtocol") -> None:
    """The metrics of a protocol can be imported, those of other packages too.

    Raises:
        ImportError: one cannot; the message names the package that brings it.
    """
    from eval.benchmark.protocol import Protocol, metric_names

    if isinstance(how, Protocol):
        for name in metric_names(how):
            plugins.load("metrics", name)


def named_methods(names: str) -> list[str]:
    """Methods, comma-separated or `all`: those that take any model.

    Raises:
        ValueError: one is unknown, or none is named.
    """
    from eval.benchmark.settings import all_methods

    general = all_methods()
    known = [*general, *(name for name in plugins.available("methods") if name not in general)]
    chosen = general if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        if name not in known:
            raise ValueError(f"method {name!r} is unknown; choose among {', '.join(known)}")
    if not chosen:
        raise ValueError("no methods were named; use --methods all")
    return list(dict.fromkeys(chosen))


def usable_methods(chosen: Sequence[str], maker: "MotionMaker", *, named: bool) -> list[str]:
    """Methods that can be used with a model; where nobody named them, those that cannot are left out, for its own.

    Raises:
        ValueError: one that was named cannot; the message says why.
    """
    from eval.benchmark.settings import REAL

    refused = {name: why for name in chosen if name != REAL and (why := maker.refusal(name))}
    if refused and named:
        raise ValueError(next(iter(refused.values())))
    kept = [name for name in chosen if name not in refused]
    return kept if maker.own_method in kept or not refused else [*kept, maker.own_method]


def check_place(out: Path, *, force: bool) -> None:
    """The folder of the results can be made and written to, and holds none yet; nothing is created.

    Raises:
        ValueError: otherwise.
    """
    if (out / "results.json").exists() and not force:
        raise ValueError(f"{out / 'results.json'} exists; use --force to replace it or another --out")
    there = out
    while not there.exists() and there != there.parent:
        there = there.parent
    for folder in (out / "cache", there):
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"--out {out} cannot be used: {folder} is a file; name a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"--out {out} cannot be written ({there} is not yours); name a folder you may write")


def check_humanml3d(data: Path) -> None:
    """A HumanML3D folder with a test split, of which one of the first clips can be used.

    Raises:
        ValueError: it is something else; the message says what is missing or wrong.
    """
    from eval.benchmark.settings import WIDTH

    listing = data / "test.txt"
    for path in (listing, data / "texts", data / "new_joint_vecs"):
        if not path.exists():
            raise ValueError(
                f"{path} is missing; give HumanML3D's folder, with new_joint_vecs/, texts/ and test.txt"
            )
    names = read_text(listing, "list of clips", errors="replace").split()
    if not names:
        raise ValueError(f"{listing} is empty; it lists the clips of the split, a name per line")
    wrong = ""
    for name in names[:LOOKED_AT]:
        motion, text = data / "new_joint_vecs" / f"{name}.npy", data / "texts" / f"{name}.txt"
        if not (motion.is_file() and text.is_file()):
            why = f"{motion if text.is_file() else text} is missing"
        else:
            why = _unlike(motion, lambda shape: len(shape) == 2 and shape[1] == WIDTH, f"[frames, {WIDTH}]")
        if not why:
            return
        wrong = wrong or why
    raise ValueError(
        f"{wrong}; none of the first {min(len(names), LOOKED_AT)} clips of {listing} can be used"
    )


def check_babel(data: Path) -> None:
    """BABEL's labels, a file or a folder with val.json, and beside them motion, of which one of the first files can be used.

    Raises:
        ValueError: it is something else; the message says what is missing or wrong.
    """
    from eval.benchmark.settings import WIDTH

    labels = data / "val.json" if data.is_dir() else data
    if not labels.is_file():
        raise ValueError(
            f"{labels} is missing: BABEL's labels (babel_v1.0_release/val.json, from https://babel.is.tue.mpg.de)"
        )
    with labels.open("rb") as file:
        if not file.read(100).lstrip().startswith(b"{"):
            raise ValueError(f"{labels} does not map ids to sequences, as BABEL's val.json does")
    folder = next((labels.parent / name for name in BABEL_MOTION if (labels.parent / name).is_dir()), None)
    if folder is None:
        raise ValueError(
            f"{labels.parent / BABEL_MOTION[0]}/ is missing: joints of AMASS's sequences, as HumanML3D's"
            " raw_pose_processing.ipynb writes them"
        )
    wrong = f"{folder} holds no .npy file"
    for number, motion in enumerate(islice(folder.rglob("*.npy"), LOOKED_AT)):
        why = _unlike(
            motion,
            lambda shape: shape[1:] == (WIDTH,) or (len(shape) == 3 and shape[1] >= JOINTS and shape[2] == 3),
            f"[frames, {JOINTS} or more, 3]",
        )
        if not why:
            return
        wrong = wrong if number else why
    raise ValueError(f"{wrong}; none of the first files there can be used")


def _unlike(motion: Path, fits: Callable[[tuple[int, ...]], bool], wanted: str) -> str:
    """Why an array cannot be used, in a line; empty where its shape fits."""
    try:
        shape = load_numbers(motion).shape
    except (ValueError, OSError) as error:
        return reason(error)
    kit = " (251 are KIT-ML's)" if len(shape) == 2 and shape[1] == 251 else ""
    return "" if fits(shape) else f"{motion} has shape {shape}, not {wanted}{kit}"
