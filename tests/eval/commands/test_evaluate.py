"""`motioncollage eval` on a small random model: schema, resuming, several processes, official files, bad input."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from browser import look, needs_browser
from command_line import Command, one_line
from official_files import write_evaluator, write_glove

from eval.benchmark.judging import bundled_reference
from eval.benchmark.protocol import protocol
from eval.benchmark.protocols.long import ENDING
from eval.benchmark.reference import Reference
from eval.benchmark.settings import METHODS, REAL, BenchmarkSettings, digest

SMALL = ("--quick", "--texts", 16, "--repetitions", 2, "--steps", 2, "--spacing", 1, "--no-timing")


@pytest.fixture(scope="session")
def reference() -> Reference:
    return Reference.load(bundled_reference())


def results(out: Path) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads((out / "results.json").read_text())


def test_all_methods_in_all_forms(command: Command, toy: Path, tmp_path: Path) -> None:
    arguments = ("eval", *SMALL[:-1], "--model", toy, "--out", tmp_path / "a")
    result = command(*arguments)
    assert result.code == 0, result.err
    found = results(tmp_path / "a")
    assert tuple(found) == (REAL, *METHODS)
    for method, row in found.items():
        wanted = {f"r_precision_top{k}" for k in (1, 2, 3)}
        wanted |= {"multimodal_distance", "fid", "kid", "diversity", "peak_jerk", "area_under_jerk"}
        assert wanted <= row.keys(), method
        for entry in row.values():
            values = np.array(entry["values"])
            assert len(values) == 2
            assert entry["mean"] == pytest.approx(values.mean())
            assert entry["std"] == pytest.approx(values.std())
            assert entry["ci95"] == pytest.approx(1.96 * values.std() / np.sqrt(2))
    # Real motion is told from random motion.
    assert found["real"]["r_precision_top3"]["mean"] > 0.95  # type: ignore[operator]
    assert found["collage"]["r_precision_top3"]["mean"] < 0.6  # type: ignore[operator]
    assert found["real"]["fid"]["mean"] < 0.05 * found["short"]["fid"]["mean"]  # type: ignore[operator]
    files = {file.name for file in (tmp_path / "a").iterdir()}
    assert {
        "results.json",
        "report.md",
        "table.tex",
        "metrics.png",
        "times.png",
        "index.html",
        "about.json",
    } <= files
    page = (tmp_path / "a" / "index.html").read_text()
    for method in METHODS:
        assert f"sheets/{method}-1.png" in page
        assert (tmp_path / "a" / "sheets" / f"{method}-1.png").stat().st_size > 5000
    report = (tmp_path / "a" / "report.md").read_text()
    assert "| collage |" in report
    assert "chance" in report
    # Results are not replaced unasked; when asked, nothing is made again and all is as before.
    assert "results.json exists; use --force" in one_line(command(*arguments))
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "a" / "cache").rglob("*.npz")}
    assert command(*arguments, "--force", "--no-timing").code == 0
    assert results(tmp_path / "a") == found
    assert {f: f.stat().st_mtime_ns for f in (tmp_path / "a" / "cache").rglob("*.npz")} == before


@needs_browser
def test_the_page_in_a_browser(command: Command, toy: Path, tmp_path: Path) -> None:
    arguments = ("eval", *SMALL, "--repetitions", 1, "--methods", "real,short,collage", "--model", toy)
    assert command(*arguments, "--out", tmp_path / "a").code == 0
    find = (
        "[document.images.length, [...document.images].filter(i => !i.naturalWidth).length, document.title]"
    )
    found = look(tmp_path / "a" / "index.html", find, tmp_path / "profile")
    # One plot and two sheets of two methods, none of them broken.
    assert found == "5,0,starter benchmark, long protocol"


def test_composition_protocol(command: Command, toy: Path, tmp_path: Path) -> None:
    arguments = ("--protocol", "composition", "--methods", "real,collage,multidiffusion")
    result = command("eval", *SMALL, *arguments, "--model", toy, "--out", tmp_path)
    assert result.code == 0, result.err
    found = results(tmp_path)
    assert found["collage"]["transition_fid"]["mean"] > 0  # type: ignore[operator]
    # What a random network makes is no action; recordings show theirs.
    assert found["collage"]["actions"]["mean"] < 0.3  # type: ignore[operator]
    assert found["real"]["actions"]["mean"] > 0.9  # type: ignore[operator]


def test_loops_protocol(command: Command, toy: Path, tmp_path: Path) -> None:
    arguments = ("--protocol", "loops", "--methods", "real,short,collage")
    result = command("eval", *SMALL, *arguments, "--model", toy, "--out", tmp_path)
    assert result.code == 0, result.err
    found = results(tmp_path)
    # An ordinary sample jumps where it starts again, a cycle does not, even with a random network.
    wrap = {method: float(found[method]["loop_pose_gap"]["mean"]) for method in ("short", "collage")}  # type: ignore[arg-type]
    assert wrap["collage"] < 0.3 * wrap["short"]
    assert "loop_jerk_ratio" not in found["real"]


def run_processes(count: int, toy: Path, out: Path, *, kill_after: float | None = None) -> None:
    """`eval` in real processes, as torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [
        "eval",
        *map(str, SMALL),
        "--methods",
        "collage,short",
        "--model",
        str(toy),
        "--out",
        str(out),
    ]
    command = [sys.executable, "-m", "motioncollage.shell.main", *arguments]
    shared = {**os.environ, "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    running = [
        subprocess.Popen(
            command,
            env={**shared, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]
    if kill_after is not None:
        deadline = time.monotonic() + 120
        while not list((out / "cache").rglob("*.npz")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(kill_after)
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        return
    for process in running:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output


@pytest.mark.slow
def test_two_processes_and_a_killed_one_give_the_same_table(toy: Path, tmp_path: Path) -> None:
    run_processes(1, toy, tmp_path / "one")
    run_processes(2, toy, tmp_path / "two")
    assert results(tmp_path / "one") == results(tmp_path / "two")
    run_processes(1, toy, tmp_path / "killed", kill_after=0.3)
    made = len(list((tmp_path / "killed" / "cache").rglob("*.npz")))
    assert made > 0
    assert not (tmp_path / "killed" / "results.json").exists()
    run_processes(1, toy, tmp_path / "killed")
    assert results(tmp_path / "one") == results(tmp_path / "killed")


@pytest.fixture
def official(tmp_path: Path) -> tuple[Path, Path]:
    """The official release's folders with small random networks in them."""
    t2m, glove = tmp_path / "t2m", tmp_path / "glove"
    write_evaluator(t2m)
    write_glove(glove)
    return t2m, glove


@pytest.fixture
def humanml(tmp_path: Path) -> Path:
    """A HumanML3D folder of 40 random clips, three of them unusable."""
    folder = tmp_path / "HumanML3D"
    for name in ("new_joint_vecs", "texts"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(40):
        motion = rng.normal(size=(80, 263)).astype(np.float32) * 0.1
        text = "a man walks.#a/DET man/NOUN walk/VERB#0.0#0.0\n"
        if number == 37:
            motion[3, 5] = np.nan
        if number == 38:
            motion = motion[:10]
        if number == 39:
            text = "a man runs.##0.0#0.0\n"
        np.save(folder / "new_joint_vecs" / f"{number:06d}.npy", motion)
        (folder / "texts" / f"{number:06d}.txt").write_text(text)
    (folder / "test.txt").write_text("".join(f"{number:06d}\n" for number in range(40)))
    return folder


def test_the_official_benchmark(
    command: Command, toy: Path, tmp_path: Path, official: tuple[Path, Path], humanml: Path
) -> None:
    t2m, glove = official
    result = command(
        "eval", "--benchmark", "humanml3d", "--data", humanml, "--evaluator", t2m, "--glove", glove, "--model", toy,
        "--methods", "real,collage", *SMALL, "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.code == 0, result.err
    text = " ".join(result.err.split())
    for reason in (
        "non-finite numbers",
        "10 frames; items have 40 to 199",
        "a caption without tagged words",
    ):
        assert f"left out 1: {reason}" in text
    assert results(tmp_path / "out")["collage"]["fid"]["mean"] > 0  # type: ignore[operator]


def test_the_official_protocol(
    command: Command, toy: Path, tmp_path: Path, official: tuple[Path, Path], humanml: Path
) -> None:
    t2m, glove = official
    arguments = (
        "eval", "--protocol", "official", "--data", humanml, "--evaluator", t2m, "--glove", glove, "--model", toy,
        "--quick", "--steps", 2, "--out",
    )  # fmt: skip
    result = command(*arguments, tmp_path / "kept")
    assert result.code == 0, result.err
    found = results(tmp_path / "kept")
    # Real motion and ordinary samples, unless told otherwise; one whole pool of the 37 usable clips.
    assert list(found) == ["real", "short"]
    assert found["real"]["fid"]["mean"] < 0.5 * found["short"]["fid"]["mean"]  # type: ignore[operator]
    assert "multimodality" not in found["real"]
    assert found["short"]["multimodality"]["details"] == {"texts": 8, "repeats": 4, "pairs": 2}
    assert found["short"]["r_precision_top1"]["details"]["pool"] == "32"  # type: ignore[index]
    assert not (tmp_path / "kept" / "times.png").exists()
    report = (tmp_path / "kept" / "report.md").read_text()
    assert "as the model left them" in report
    # What lies behind a sample changes its figures, not those of real motion.
    assert command(*arguments, tmp_path / "zero", "--tail", "zero").code == 0
    nothing = results(tmp_path / "zero")
    assert nothing["real"] == found["real"]
    assert nothing["short"]["fid"]["mean"] != found["short"]["fid"]["mean"]
    assert "Behind a sample's end the evaluator sees nothing" in (tmp_path / "zero" / "report.md").read_text()
    line = one_line(
        command("eval", "--protocol", "official", "--benchmark", "starter", "--out", tmp_path / "x")
    )
    assert "the official protocol needs the recordings" in line


def test_missing_official_files_are_named(
    command: Command, toy: Path, tmp_path: Path, official: tuple[Path, Path], humanml: Path
) -> None:
    t2m, glove = official
    arguments = ("eval", "--benchmark", "humanml3d", *SMALL, "--model", toy, "--out", tmp_path / "out")
    assert "needs --data HumanML3D/ --evaluator t2m/ --glove glove/" in one_line(command(*arguments))
    full = (*arguments, "--data", humanml, "--evaluator", t2m, "--glove", glove)
    (glove / "our_vab_idx.pkl").unlink()
    assert "our_vab_idx.pkl is missing" in one_line(command(*full))
    (t2m / "text_mot_match" / "model" / "finest.tar").unlink()
    line = one_line(command(*full))
    assert "finest.tar is missing" in line
    assert "official evaluator" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--benchmark", "kit"), "benchmark 'kit' is unknown; choose one of starter, humanml3d"),
        (("--methods", "collage,magic"), "method 'magic' is unknown; choose among real, short"),
        (("--protocol", "circles"), "protocol 'circles' is unknown"),
        (("--protocol", "official"), "the humanml3d benchmark needs --data HumanML3D/"),
        (
            ("--protocol", "official", "--texts", 20),
            "texts is 20; the official protocol retrieves in pools of 32",
        ),
        (("--tail", "cut"), "--tail 'cut' is unknown; choose one of kept, zero"),
        (("--methods", ""), "no methods were named"),
        (("--repetitions", 0), "repetitions is 0"),
        (("--texts", 0), "texts is 0"),
        (("--sampler", "plms"), "sampler 'plms' is unknown"),
        (("--evaluator", "nowhere.pt"), "evaluator nowhere.pt does not exist"),
        (("--data", "nowhere"), "nowhere"),
        (("--model", "nowhere"), "model 'nowhere' is neither"),
    ],
)
def test_bad_input(command: Command, tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
    assert message in one_line(command("eval", "--out", tmp_path / "out", *arguments))
    assert not (tmp_path / "out").exists()


def test_draws_depend_on_seed_and_repetition_alone(reference: Reference) -> None:
    settings = BenchmarkSettings()
    first, again, other = (protocol("long").draw(reference, settings, r) for r in (0, 0, 1))
    assert np.array_equal(first.places, again.places)
    assert not np.array_equal(first.clips, other.clips)
    labels = reference.labels
    for pool in first.pools:
        assert len(set(labels[first.clips[pool, 0]])) == len(pool) == 32
    assert (labels[first.matches] == labels[first.clips]).all()
    assert (first.crop_lengths % 4 == 0).all()
    composition = protocol("composition").draw(reference, BenchmarkSettings(protocol="composition"), 0)
    assert composition.clips.shape == (32, 6)
    assert (labels[composition.matches] == labels[composition.clips]).all()
    # Only actions that can go on last for 24 seconds; the composition protocol has all.
    several = [protocol("long").draw(reference, settings, r) for r in range(4)]
    actions = {label.split(" / ")[0] for d in several for label in labels[d.clips.flatten()]}
    assert not actions & ENDING
    assert {label.split(" / ")[0] for label in labels[composition.clips.flatten()]} & ENDING


def test_digests_tell_settings_apart() -> None:
    assert digest(BenchmarkSettings()) == digest(BenchmarkSettings())
    assert digest(BenchmarkSettings()) != digest(BenchmarkSettings(seed=1))


def test_a_damaged_reference_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    path.write_bytes(bundled_reference().read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"reference\.npz is no reference file"):
        Reference.load(path)
