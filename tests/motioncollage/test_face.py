"""`import motioncollage as mc`: names that come when they are touched, say how they are used, and do what README says."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from paths import REPOSITORY, golden

import motioncollage as mc
from motioncollage.sampling.registry import PRESETS, Preset, SamplerSettings


@pytest.mark.parametrize("name", mc.__all__)
def test_every_name_is_there_whatever_was_imported_before(name: str) -> None:
    """No name is a module's: those take their names in the package when something imports them."""
    for module in (
        "collage.graph",
        "sampling.registry",
        "models",
        "methods",
        "face",
        "image",
        "shell",
        "plugins",
    ):
        import_module(f"motioncollage.{module}")
    value = getattr(mc, name)
    assert not inspect.ismodule(value)
    assert name in dir(mc)


@pytest.mark.parametrize("name", mc.__all__)
def test_every_name_shows_how_it_is_called(name: str) -> None:
    """An indented line of code in the docstring, as `help(mc.load)` shows it, that names it or what it gives."""
    text = inspect.getdoc(getattr(mc, name))
    assert text is not None
    examples = re.findall(r"^(?:    .*\S.*)$", text, flags=re.MULTILINE)
    calls = [line for line in examples if re.search(r"\w\(.*\)|\w\[.*\]", line)]
    assert calls, f"{name} shows no call"


def test_names_are_imported_when_they_are_touched() -> None:
    code = (
        "import sys, motioncollage as mc; heavy = lambda: [m for m in ('torch', 'numpy', 'typer') if m in sys.modules];"
        "assert not heavy(); mc.SamplerSettings; assert 'torch' in heavy(); assert 'typer' not in heavy()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'motioncollage' has no attribute 'dance'"):
        mc.dance  # noqa: B018


def test_split() -> None:
    assert [action.text for action in mc.split("he walks, then he waves")] == ["He walks.", "He waves."]
    with pytest.raises(ValueError, match="splitter 'none' is unknown; choose one of english"):
        mc.split("he walks", splitter="none")


def test_load_plan_generate_save_read(toy: Path, tmp_path: Path) -> None:
    model = mc.load(str(toy), device="cpu")
    assert model.name == "toy"
    plan = mc.plan("he walks | he waves", model=str(toy), seconds=6)
    assert [segment.end for segment in plan.segments] == [60, 120]
    motion = model.generate(plan, sampler=SamplerSettings(steps=2), samples=2, seed=3)
    motion.save(tmp_path / "walk.npz")
    back = mc.read(tmp_path / "walk.npz")
    np.testing.assert_array_equal(back.joints, motion.joints)
    assert back.seconds == 6
    assert back.segments == motion.segments
    np.testing.assert_array_equal(back.sample(1).features, motion.features[1:])
    with pytest.raises(ValueError, match="sample 2 of 2; they count from 0"):
        back.sample(2)


def test_read_says_what_it_reads(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"walk\.npz does not exist; give a file that ends in bvh.*npz"):
        mc.read(tmp_path / "walk.npz")
    (tmp_path / "walk.xyz").write_text("")
    with pytest.raises(ValueError, match=r"walk\.xyz is none of bvh.*npz"):
        mc.read(tmp_path / "walk.xyz")
    assert mc.read(golden("bvh/bandai.bvh")).joints.shape[2:] == (22, 3)


def test_save_says_what_it_writes(toy: Path, tmp_path: Path) -> None:
    motion = mc.load(str(toy)).generate("he walks", seconds=1, sampler=SamplerSettings(steps=1))
    with pytest.raises(ValueError, match="writer 'xyz' is unknown; choose one of"):
        motion.save(tmp_path / "walk.xyz")
    with pytest.raises(ValueError, match="has no ending; end it in one of"):
        motion.save(tmp_path / "walk")
    motion.save(tmp_path / "walk.npz")
    with pytest.raises(FileExistsError, match="exists already"):
        motion.save(tmp_path / "walk.npz")


def test_load_says_what_it_knows() -> None:
    assert mc.model_names("motion")[0] == "starter"
    with pytest.raises(ValueError, match=r"model 'dancer' is neither a bundled model \(starter"):
        mc.load("dancer")


@pytest.mark.slow
def test_the_lines_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand there, with two sampling steps."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    two = SamplerSettings(steps=2, spacing=1.0)
    monkeypatch.setitem(PRESETS, "fast", Preset(two))
    from mdm_adapter import maker

    defaults = maker.GenerateSettings

    def quick(**changes: object) -> object:
        return defaults(**{"sampler": two, **changes})  # type: ignore[arg-type]

    for module in ("mdm_adapter.pipeline", "mdm_adapter.editing.editor"):
        monkeypatch.setattr(f"{module}.GenerateSettings", quick)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert (tmp_path / "walk.mp4").stat().st_size > 1000
    motion, loop, longer = names["motion"], names["loop"], names["longer"]
    assert motion.settings["steps"] == 2  # type: ignore[attr-defined]
    assert loop.seconds == 8  # type: ignore[attr-defined]
    assert longer.seconds == pytest.approx(motion.seconds + 3)  # type: ignore[attr-defined]
