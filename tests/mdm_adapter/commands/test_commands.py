"""The command line as users meet it: results, and one clear line with exit code 2 for everything they can put right."""

import json
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from command_line import Command, one_line
from paths import shared
from PIL import Image

from mdm_adapter.io.npz import load_archive
from mdm_adapter.representation.features import to_joints

FAST = ("--steps", 2, "--no-video", "--no-sheet")


def test_generate_writes_a_readable_archive(command: Command, toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    result = command(
        "generate",
        "a | b | c",
        "--samples",
        2,
        "--seed",
        1,
        "--seconds",
        9,
        "--model",
        toy,
        "--out",
        out,
        *FAST,
    )
    assert result.code == 0, result.err
    assert [file.name for file in out.iterdir()] == ["motion.npz"]
    with np.load(out / "motion.npz", allow_pickle=False) as archive:
        assert archive["joints"].shape == (2, 180, 22, 3)
        assert archive["features"].shape == (2, 180, 263)
        assert float(archive["fps"]) == 20
        segments = json.loads(str(archive["segments"]))
        assert [(s["text"], s["start"], s["end"]) for s in segments] == [
            ("a", 0, 60),
            ("b", 60, 120),
            ("c", 120, 180),
        ]
        settings = json.loads(str(archive["settings"]))
    assert settings["seed"] == 1
    assert settings["model"] == "toy"
    assert "3 pieces" in result.out


def test_same_command_same_motion(command: Command, toy: Path, tmp_path: Path) -> None:
    def joints(name: str, seed: int) -> np.ndarray:
        out = tmp_path / name
        assert (
            command(
                "loop", "a man walks", "--seconds", 8, "--seed", seed, "--model", toy, "--out", out, *FAST
            ).code
            == 0
        )
        with np.load(out / "motion.npz") as archive:
            return archive["joints"]

    first = joints("a", 5)
    assert first.shape == (1, 160, 22, 3)
    assert np.array_equal(first, joints("b", 5))
    assert not np.array_equal(first, joints("c", 6))


@pytest.mark.parametrize(
    "what",
    [("generate",), ("loop",), ("edit", "follow", "--path", "0,0 0,3"), ("edit", "reach", "--to", "0,2")],
)
def test_feet_are_held_or_free(what: tuple[str, ...], command: Command, toy: Path, tmp_path: Path) -> None:
    made = {}
    for feet in ("held", "free"):
        out = tmp_path / feet
        result = command(
            *what, "a person walks", "--seconds", 4, "--feet", feet, "--model", toy, "--out", out,
            *FAST,
        )  # fmt: skip
        assert result.code == 0, result.err
        made[feet] = load_archive(out / "motion.npz")
        assert made[feet].settings["feet"] == feet
    np.testing.assert_array_equal(made["held"].features, made["free"].features)
    np.testing.assert_array_equal(made["held"].joints[:, :, 0], made["free"].joints[:, :, 0])


def test_pictures_and_video_are_real(command: Command, toy: Path, tmp_path: Path) -> None:
    result = command(
        "generate", "a man walks", "--seconds", 2, "--steps", 2, "--model", toy, "--out", tmp_path
    )
    assert result.code == 0, result.err
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "contact_sheet.png",
        "motion.mp4",
        "motion.npz",
    ]
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert min(sheet.size) > 200
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "motion.mp4"))
    assert frames == 40
    assert seconds == pytest.approx(2.0, abs=0.1)


def test_existing_files_are_kept_without_force(command: Command, toy: Path, tmp_path: Path) -> None:
    arguments = ("generate", "a", "--seconds", 2, "--model", toy, "--out", tmp_path, *FAST)
    (tmp_path / "motion.npz").write_bytes(b"mine")
    refused = command(*arguments)
    assert refused.code == 2
    assert "motion.npz exists; use --force" in refused.err
    assert (tmp_path / "motion.npz").read_bytes() == b"mine"
    (tmp_path / "motion.bvh").write_text("of an earlier motion")
    replaced = command(*arguments, "--force")
    assert replaced.code == 0
    assert "still of an earlier motion, as not asked for now: motion.bvh" in replaced.out
    assert (tmp_path / "motion.npz").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize("name", ["generate", "loop"])
def test_a_dry_run_shows_the_plan_and_makes_nothing(
    command: Command, toy: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "made"
    result = command(name, "walk [3s] | wave [2s]", "--model", toy, "--out", out, "--dry-run")
    assert result.code == 0, result.err
    for told in ("walk", "wave", "3 s", "5 s", "pieces"):
        assert told in result.out
    assert not out.exists()
    # nothing is written, so nothing is in the way
    (tmp_path / "motion.npz").write_bytes(b"mine")
    assert command(name, "walk", "--model", toy, "--out", tmp_path, "--dry-run").code == 0


def test_what_could_be_read_otherwise_is_told(command: Command, toy: Path, tmp_path: Path) -> None:
    note = "'and' before 'waves' taken as: at the same time"
    assert note in one_line_of(command("split", "a man walks and waves").err)
    made = command("generate", "a man walks and waves", "--model", toy, "--out", tmp_path, "--dry-run")
    assert note in one_line_of(made.err)
    assert "note:" not in command("split", "a man walks, then waves").err


def one_line_of(text: str) -> str:
    return " ".join(text.split())


def test_timelines_from_text_and_file(command: Command, tmp_path: Path) -> None:
    timeline = '[{"text": "a man walks", "seconds": 3}, {"text": "he waves"}]'
    (tmp_path / "line.json").write_text(timeline)
    for prompt in (timeline, tmp_path / "line.json"):
        result = command("split", prompt)
        assert result.code == 0
        assert "a man walks" in result.out
        assert "he waves" in result.out


def test_sentences_are_split(command: Command) -> None:
    result = command("split", "A person walks forward, then waves with the right hand, then bows.")
    assert result.code == 0
    for sentence in ("A person walks forward.", "A person waves with the right hand.", "A person bows."):
        assert sentence in result.out


def test_a_timeline_is_planned_and_generated(command: Command, toy: Path, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text(
        "text,seconds,start,transition,guidance\nwalks,4,,,\nwaves,4,3,0.5,\njumps,1,4.5,,3\n,1,,,\n"
    )
    result = command("timeline", table, "--model", toy, "--out", tmp_path / "plan.png", "--style", "tired")
    assert result.code == 0, result.err
    for text in ("walks", "waves", "on top", "(null token)", "tired", "3 pieces of"):
        assert text in result.out
    assert Image.open(tmp_path / "plan.png").size[0] > 800
    assert "plan.png exists; use --force" in one_line(
        command("timeline", table, "--model", toy, "--out", tmp_path / "plan.png")
    )
    made = command(
        "generate", table, "--model", toy, "--out", tmp_path / "out", "--steps", 2, "--no-video", "--no-sheet"
    )
    assert made.code == 0, made.err
    assert load_archive(tmp_path / "out" / "motion.npz").features.shape[1] == 160


def test_a_loop_ends_where_it_began(command: Command, toy: Path, tmp_path: Path) -> None:
    result = command(
        "loop", "walks | turns", "--frames", 61, "--path", "circular", "--turn", -360, "--tile", 3, "--steps", 2,
        "--model", toy, "--out", tmp_path, "--no-sheet",
    )  # fmt: skip
    assert result.code == 0, result.err
    archive = load_archive(tmp_path / "motion.npz")
    assert archive.features.shape[1] == 61
    assert archive.settings["turn"] == -360
    played = to_joints(torch.from_numpy(archive.features[0]).double().repeat(2, 1))
    assert float((played[61, 0] - played[0, 0])[[0, 2]].norm()) < 1e-3
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "motion.mp4"))
    assert next(reader)["duration"] == pytest.approx(3 * 61 / 20, abs=0.06)
    reader.close()


LONG = "word " * 10_000

BAD: list[tuple[tuple[object, ...], str]] = [
    (("generate", ""), "the prompt has no words"),
    (("generate", "   "), "the prompt has no words"),
    (("generate", LONG), "the limit is 40000"),
    (("generate", "a", "--seconds", 0), "--seconds is 0; give seconds above 0"),
    (("generate", "a", "--seconds", -1), "--seconds is -1"),
    (("generate", "a", "--seconds", "nan"), "--seconds is nan"),
    (("generate", "a", "--seconds", "inf"), "--seconds is inf"),
    (("generate", "a", "--seconds", "soon"), "(given: 'soon')"),
    (("generate", "a", "--overlap", 6), "overlap is 120 frames"),
    (("generate", "a", "--overlap", 0), "--overlap is 0"),
    (("generate", "a", "--overlap", "nan"), "--overlap is nan"),
    (("generate", "a", "--piece", 30), "piece is 600 frames; this model knows at most 196"),
    (("generate", "a", "--sampler", "plms"), "sampler 'plms' is unknown"),
    (("generate", "a", "--steps", 0), "steps is 0"),
    (("generate", "a", "--steps", 5000), "--steps is 5000"),
    (("generate", "a", "--guidance", "nan"), "--guidance is nan"),
    (("generate", "a", "--samples", 0), "samples is 0"),
    (("generate", "a", "--seed", -1), "seed is -1"),
    (("generate", "a", "--precision", "half"), "precision is 'half'"),
    (("generate", "a", "--device", "abacus"), "device 'abacus'"),
    (("generate", "a", "--frames", 3), "No such option"),
    (("generate", '[{"text": "a", "seconds": -2}]'), "-2"),
    (("generate", '[{"text": 3}]'), "text"),
    (("generate", "rows.csv"), "there is no timeline file 'rows.csv'"),
    (
        ("generate", '[{"text": "a", "seconds": 3}, {"text": "b", "start": 9}]', "--seconds", 5),
        "starts at 9 s, but --seconds is 5",
    ),
    (("generate", '[{"text": "a", "seconds": 1, "transition": 3}, {"text": "b"}]'), "share 3 s"),
    (("timeline", "a", "--out", "plan.jpg"), "--out plan.jpg is no .png"),
    (("loop", ""), "the prompt has no words"),
    (("loop", "a", "--path", "square"), "path 'square' is unknown"),
    (("generate", "a", "--feet", "glued"), "feet are 'glued'; choose held or free"),
    (("loop", "a", "--turn", 90), "--turn is 90 but --path is free; only a circular path turns"),
    (("loop", "a", "--frames", 60, "--seconds", 3), "leave one of the two out"),
    (("loop", "a", "--frames", -5), "--frames is -5"),
    (("loop", "a", "--tile", 0), "--tile is 0"),
    (("split", ""), "the prompt has no words"),
    (("models", "nothing"), "model 'nothing' is neither a bundled model"),
    (("data", "info", "nowhere"), "nowhere"),
    (("train", "denoiser", "nowhere"), "nowhere"),
    (("train", "evaluator", "nowhere"), "nowhere"),
    (("data", "import", "nowhere.bvh"), "nowhere.bvh"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(map(str, a))[:40] for a, _ in BAD])
def test_bad_input(
    command: Command, toy: Path, tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    out = tmp_path / "out"
    extra: tuple[object, ...] = ()
    if arguments[0] in ("generate", "loop"):
        extra = ("--model", toy, "--out", out, "--no-video", "--no-sheet")
    elif arguments[0] == "train":
        extra = ("--out", out)
    result = command(*arguments, *extra)
    assert message in one_line(result)
    assert not [file for file in out.rglob("*") if file.is_file()] if out.exists() else True


def test_bad_checkpoints(command: Command, toy: Path, tmp_path: Path) -> None:
    def attempt(model: Path) -> str:
        return one_line(command("generate", "a", "--model", model, "--out", tmp_path / "out", *FAST))

    assert "neither a bundled model (starter) nor a checkpoint folder" in attempt(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "holds no motion model of a known kind" in attempt(tmp_path / "empty")
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in toy.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    whole = (toy / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "model.safetensors is damaged or no checkpoint" in attempt(broken)
    (broken / "model.safetensors").write_bytes(whole)
    (broken / "Mean.npy").unlink()
    assert "Mean.npy" in attempt(broken)
    (broken / "model.safetensors").rename(broken / "model000000001.pt")
    assert "model000000001.pt is damaged or no checkpoint" in attempt(broken)
    assert not (tmp_path / "out" / "motion.npz").exists()


def test_unwritable_output(command: Command, toy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert str(out) in one_line(command("generate", "a", "--model", toy, "--out", out, *FAST))


def test_broken_recordings(command: Command, tmp_path: Path) -> None:
    for number, contents in enumerate((b"", b"HIERARCHY\nROOT Hips\n{", b"\xff\xfe\x00nonsense")):
        path = tmp_path / f"take{number}.bvh"
        path.write_bytes(contents)
        line = one_line(command("data", "import", path, "--out", tmp_path / "out"))
        assert path.name in line
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_unknown_actions_are_warned_of(command: Command, tmp_path: Path) -> None:
    result = command("generate", "A person swims the crawl", "--seconds", 2, "--out", tmp_path, *FAST)
    assert result.code == 0
    text = " ".join(result.err.split())
    assert "does not know 'A person swims the crawl.'; the closest it knows:" in text
    (tmp_path / "motion.npz").unlink()
    known = command("generate", "A person walks", "--seconds", 2, "--out", tmp_path, *FAST)
    assert "does not know" not in known.err


def test_models_are_listed_with_their_actions(command: Command) -> None:
    assert "starter" in command("models").out
    assert "walk" in command("models", "starter").out


def test_doctor_makes_a_motion(command: Command) -> None:
    result = command("doctor")
    assert result.code == 0
    assert "one second of motion" in result.out
    assert "waiting threads" in result.out
    assert "PyTorch" in result.out


def test_a_trained_denoiser_is_a_model(command: Command, pack: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    arguments = ("--out", runs, "--width", 32, "--layers", 1, "--transitions", 3, "--batch-size", 4)
    first = command("train", "denoiser", pack, "--steps", 2, *arguments)
    assert first.code == 0, first.err
    assert "step 2 of 2" in first.out
    again = command("train", "denoiser", pack, "--steps", 4, *arguments)
    assert "at step 2" in " ".join(again.out.split())
    assert "step 4 of 4" in again.out
    assert [json.loads(line)["step"] for line in (runs / "log.jsonl").read_text().splitlines()] == [2, 4]
    made = command(
        "generate", "a person walks", "--seconds", 2, "--model", runs / "model", "--out", tmp_path, *FAST
    )
    assert made.code == 0, made.err
    assert "walk" in command("models", runs / "model").out
    other = command("train", "denoiser", pack, "--steps", 4, *arguments, "--seed", 1)
    assert other.code == 2
    assert "was written by another run" in other.err.splitlines()[-1]


def test_a_trained_evaluator_judges_the_val_split(command: Command, pack: Path, tmp_path: Path) -> None:
    result = command("train", "evaluator", pack, "--steps", 2, "--batch-size", 4, "--out", tmp_path / "judge")
    assert result.code == 0, result.err
    assert (tmp_path / "judge" / "evaluator.safetensors").stat().st_size < 10e6
    assert "frozen" in result.out


def test_data_are_described(command: Command, pack: Path) -> None:
    result = command("data", "info", pack)
    assert result.code == 0, result.err
    assert "starter" in result.out
    assert "walk" in result.out


def test_recordings_become_archives(command: Command, tmp_path: Path) -> None:
    source = next(iter(sorted(shared("data", "bvh_samples").glob("bandai*.bvh"))))
    result = command("data", "import", source, "--out", tmp_path)
    assert result.code == 0, result.err
    with np.load(tmp_path / f"{source.stem}.npz") as archive:
        assert archive["joints"].shape[2:] == (22, 3)
        assert len(archive["features"][0]) == archive["joints"].shape[1]


def test_files_that_are_no_timeline_are_asked_about(command: Command, tmp_path: Path) -> None:
    (tmp_path / "scene.csv").write_text("text,seconds\nwalks,2\n")
    (tmp_path / "notes.txt").write_text("x")
    for name, said in (
        ("scene.cvs", f"did you mean {tmp_path / 'scene.csv'}?"),
        ("notes.txt", "is a file, but no timeline"),
        ("", "is a folder; name a .json or .csv timeline in it"),
        ("none.npz", "looks like a file, and there is none of that name"),
    ):
        assert said in one_line(command("split", f"{tmp_path}/{name}"))
    # Sentences stay sentences, whatever stands in them.
    for prompt in ("he walks.", "he walks/runs", "walk", "he jumps 3.5 times"):
        assert command("split", prompt).code == 0


def test_what_a_beginner_sees(command: Command) -> None:
    first = command()
    assert first.code == 0
    assert 'motioncollage generate "a person walks' in first.out
    missing = one_line(command("generate"))
    assert 'for example: motioncollage generate "a person walks, then waves" --seconds 8' in missing
    shown = command("generate", "--help").out
    places = [
        shown.index(f"\n{group}:")
        for group in ("Arguments", "How long", "What to make", "How good", "Output")
    ]
    assert places == sorted(places)
    assert shown.index("--seconds") < shown.index("--overlap")
    for paper in ("--taper", "--spacing", "--own-text", "--guidance-limit"):
        assert shown.index(paper) > shown.index("\nAdvanced:")
    assert "inbetween" in command("edit").out


def test_packs_that_are_damaged_are_one_line(command: Command, pack: Path, tmp_path: Path) -> None:
    motions = pack / "motions.npz"
    with np.load(motions) as archive:
        whole = dict(archive)

    def refused(**changes: object) -> str:
        kept = {name: value for name, value in {**whole, **changes}.items() if value is not None}
        np.savez_compressed(motions, **kept)
        return one_line(command("data", "info", pack))

    assert "key 'offsets' is missing" in refused(offsets=None)
    assert "offsets do not rise" in refused(offsets=whole["offsets"][::-1])
    assert "not [frames, 22, 3]" in refused(joints=whole["joints"][:, :3])
    assert "metres_per_unit is no number from 0 to 1000" in refused(metres_per_unit=np.nan)
    assert "never loaded" in refused(joints=np.array([{}], dtype=object))
    np.savez_compressed(motions, **whole)
    motions.write_bytes(motions.read_bytes()[:2000])
    assert "not a whole .npz file" in one_line(command("data", "info", pack))


def test_what_memory_cannot_hold_is_refused_before_it_is_made(
    command: Command, toy: Path, tmp_path: Path
) -> None:
    arguments = ("--samples", 1000, "--seconds", 3600, "--model", toy, "--out", tmp_path / "out", *FAST)
    line = one_line(command("generate", "a", *arguments))
    assert "1000 motions of 3600 s would take about" in line
    assert "motions would fit: make fewer samples, or a shorter motion" in line
