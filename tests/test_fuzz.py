"""Whatever a command or a reader is given: exit 0 or 2, no traceback, one line, nothing half-written.

A few hundred cases by default, always the same; more, and others each time, by `pytest tests/test_fuzz.py --cases 5000`.
"""

import contextlib
import io
import os
import shutil
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from fuzzing import Case, all_options, cases, hostile_files, mutations
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import eval.benchmark.images
import eval.benchmark.run
from eval.judges.official import load_weights
from eval.judges.starter import (
    StarterConfig,
    StarterEvaluator,
    Vocabulary,
    load_starter_evaluator,
    save_starter_evaluator,
)
from eval.judges.words import load_plain_pickle
from mdm_adapter.data.datasets import read_dataset
from mdm_adapter.editing.points import read_points
from mdm_adapter.motion import Motion
from mdm_adapter.prompts import read_prompt
from motioncollage.face import read
from motioncollage.files import load_numbers
from motioncollage.image.data import read_picture
from motioncollage.image.network import ImageConfig, ImageNetwork, load_network, save_network
from motioncollage.shell.main import main

HANG_SECONDS = 60
FORBIDDEN = (
    "Traceback",
    "allow_pickle",
    "weights_only",
    "convert float NaN",
    "need at least one array",
    "Overflow when",
)
EVERY = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
]


@pytest.fixture(scope="session")
def many(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--cases"))


def fuzz(count: int, usual: int) -> Callable[[Any], Any]:
    """Settings: the same cases each time, or as many others as were asked for."""
    return settings(
        max_examples=count or usual, deadline=None, derandomize=not count, database=None, suppress_health_check=EVERY,
        phases=[Phase.generate] if count else [Phase.generate, Phase.shrink],
    )  # fmt: skip


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """A case that hangs fails, and says where: seconds of work, since a machine may be busy, or ten times as long asleep."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"no end within {seconds} s")

    numbers = (signal.SIGALRM, signal.SIGPROF)
    before = [signal.signal(number, stop) for number in numbers]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(10 * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def run(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["motioncollage", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), within(HANG_SECONDS):
            main()
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = before
    raise AssertionError("main came back")


def check(code: int, err: str, out: Path) -> None:
    """The rule."""
    assert code in (0, 2), err[-3000:]
    for word in FORBIDDEN:
        assert word not in err, err[-3000:]
    left = (
        [file for file in out.rglob("*") if file.is_file() and not file.is_symlink()] if out.exists() else []
    )
    assert not [file for file in left if file.name.startswith(".tmp-") or file.suffix == ".tmp"]
    shown = [c for c in err if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t"]
    assert not shown, repr(err[-2000:])
    if code == 2:
        lines = [line for line in err.splitlines() if line.startswith("motioncollage: ")]
        assert len(lines) == 1, err[-3000:]
        assert err.rstrip().endswith(lines[0]), err[-3000:]
        assert len(lines[0]) < 1000
        assert not left, (left, lines)


@pytest.fixture
def files(tmp_path: Path, toy: Path, pack: Path) -> tuple[Path, list[str]]:
    """A folder of files to be given to commands, and their names."""
    folder = tmp_path / "files"
    folder.mkdir()
    motion = tmp_path / "motion.npz"
    quiet = np.zeros((1, 40, 263), np.float32)
    quiet[..., 3] = 0.9
    quiet[..., 67:193:6] = 1
    quiet[..., 71:193:6] = 1
    joints = np.zeros((1, 40, 22, 3), np.float32) + np.linspace(0, 1.7, 22, dtype=np.float32)[:, None]
    Motion(joints, quiet).save(motion)
    names = hostile_files(folder, motion, pack)
    (folder / "toy").symlink_to(toy)
    config = ImageConfig(size=8, classes=("evening", "meadow"), channels=(16, 16, 16), width=16)
    save_network(folder / "tiny", ImageNetwork(config), {})
    return folder, [*names, "toy", "tiny"]


def test_commands(
    files: tuple[Path, list[str]], many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = files
    # What comes after all checks is tested elsewhere, and takes minutes.
    monkeypatch.setattr(eval.benchmark.run, "run", lambda *_, **__: None)
    monkeypatch.setattr(eval.benchmark.images, "REAL_CROPS", 80)
    monkeypatch.chdir(tmp_path)

    @fuzz(many, 80)
    @given(case=cases(all_options(), names))
    def one(case: Case) -> None:
        out = tmp_path / "made"
        arguments = [argument.replace("{out}", str(out)) for argument in case.argv(out, folder)]
        if os.environ.get("FUZZ_SHOW"):
            print(arguments, file=sys.__stderr__, flush=True)
        if any("\0" in argument for argument in arguments):
            return  # no shell can send it
        try:
            code, _, err = run(arguments)
            check(code, err, out)
        finally:
            shutil.rmtree(out, ignore_errors=True)

    one()
    assert not [file for file in folder.iterdir() if file.name.startswith(".tmp-")]


def originals(folder: Path, pack: Path, motion: Path) -> dict[str, tuple[Path, Callable[[Path], object]]]:
    """A good file of every kind, with what reads it."""
    motions = folder / "motion.npz"
    shutil.copy(motion, motions)
    packed = folder / "packed.npz"
    with np.load(motion) as archive:
        np.savez_compressed(packed, **archive)
    Motion(
        np.asarray(np.random.default_rng(0).normal(size=(1, 20, 22, 3)), np.float32),
        np.zeros((1, 20, 263), np.float32),
    ).save(folder / "a.bvh")
    shutil.copy(folder / "a.bvh", folder / "motion.bvh")
    read(motions).save(folder / "motion.glb")  # type: ignore[attr-defined]
    (folder / "line.json").write_text(
        '[{"text": "a man walks", "seconds": 3}, {"text": "he waves", "start": 2}]'
    )
    (folder / "line.csv").write_text("text,seconds,start\na man walks,3,0\nhe waves,2,2.5\n")
    (folder / "path.json").write_text("[[0, 0], [0, 3], [2, 5]]")
    np.save(folder / "numbers.npy", np.zeros((4, 263), np.float32))
    judge = StarterEvaluator(
        StarterConfig(hidden=8, word=8, text_hidden=8, embedding=8), Vocabulary(("a", "man"))
    )
    save_starter_evaluator(judge, folder / "judge.safetensors")
    import pickle

    import torch
    from PIL import Image

    torch.save({"movement_encoder": {"main.0.weight": torch.zeros(2)}}, folder / "finest.tar")
    (folder / "words.pkl").write_bytes(pickle.dumps({"a": 1, "words": ["b", "c"] * 30}))
    Image.new("RGB", (40, 32), "red").save(folder / "picture.png")
    Image.new("RGB", (40, 32), "red").save(folder / "picture.jpg")
    net = folder / "net"
    save_network(net, ImageNetwork(ImageConfig(size=8, channels=(16, 16, 16), width=16)), {})
    shutil.copytree(pack, folder / "pack")
    return {
        "npz": (motions, read), "packed npz": (packed, read), "bvh": (folder / "motion.bvh", read), "glb": (folder / "motion.glb", read),
        "timeline json": (folder / "line.json", lambda path: read_prompt(str(path))),
        "timeline csv": (folder / "line.csv", lambda path: read_prompt(str(path))),
        "path": (folder / "path.json", lambda path: read_points(str(path))),
        "numbers": (folder / "numbers.npy", load_numbers),
        "judge": (folder / "judge.safetensors", load_starter_evaluator),
        "official": (folder / "finest.tar", load_weights),
        "pickle": (folder / "words.pkl", load_plain_pickle),
        "png": (folder / "picture.png", read_picture), "jpeg": (folder / "picture.jpg", read_picture),
        "image weights": (net / "model.safetensors", lambda path: load_network(path.parent)),
        "image config": (net / "config.json", lambda path: load_network(path.parent)),
        "pack": (folder / "pack" / "motions.npz", lambda path: read_dataset(path.parent, "train", allow_empty=True)),
        "captions": (folder / "pack" / "captions.jsonl", lambda path: read_dataset(path.parent, "train", allow_empty=True)),
    }  # fmt: skip


def attempt(reader: Callable[[Path], object], path: Path) -> str:
    """What a reader says of a file that it refuses."""
    try:
        with within(HANG_SECONDS):
            reader(path)
    except UnicodeError:
        raise
    except (ValueError, OSError) as error:
        return str(error) or "no reason\n"
    return ""


def test_readers(files: tuple[Path, list[str]], pack: Path, many: int, tmp_path: Path) -> None:
    """Damaged files of every kind are read or refused by a line; what is refused costs no memory worth naming."""
    folder = tmp_path / "originals"
    folder.mkdir()
    kinds = originals(folder, pack, files[0] / "good.npz")
    whole = {name: path.read_bytes() for name, (path, _) in kinds.items()}

    @fuzz(many, 300)
    @given(data=st.data())
    def one(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(kinds)))
        path, reader = kinds[name]
        path.write_bytes(data.draw(mutations(whole[name])))
        try:
            refused = attempt(reader, path)
        finally:
            path.write_bytes(whole[name])
        assert "\n" not in refused
        assert not [word for word in FORBIDDEN if word in refused], refused

    one()
