"""Every block of code in README and docs: Python runs, commands are read by the real command line, quick ones run."""

import ast
import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blocks import NAMES, OTHERS, Line, blocks, blocks_of, commands, leaf, parse
from command_line import Command
from commands import command_line
from paths import REPOSITORY
from PIL import Image

from mdm_adapter.prompts import read_prompt
from motioncollage.sampling.registry import PRESETS, Preset, SamplerSettings

OURS = ("motioncollage", "mdm_adapter", "eval")
# What takes a moment, in two steps of sampling. Others are read: they train, measure, serve, or need files of others.
QUICK = {"generate", "loop", "split", "timeline", "export", "view", "models", "plugins", "data import", "image wide",
         "image panorama", "image grid", "image cubemap", "image connect", "image inpaint", "image superres",
         "image sdedit"}  # fmt: skip


# What is made of photos unless a model is asked for, and the options that make it small.
PHOTOS = {"image wide": ("--width", "192", "--height", "128"), "image panorama": ("--width", "192", "--height", "128"),
          "image cubemap": ("--face", "112")}  # fmt: skip


@pytest.fixture(scope="module")
def root() -> Any:
    return command_line()


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files as the documentation speaks of them: motions, pictures, a timeline."""
    import motioncollage as mc

    folder = tmp_path_factory.mktemp("material")
    settings = SamplerSettings(steps=2, spacing=1.0)
    from mdm_adapter.maker import GenerateSettings

    motion = mc.load("starter").generate(
        "a person walks, then waves", GenerateSettings(sampler=settings), seconds=8
    )
    for name in ("out/motion.npz", "first.bvh", "second.npz", "take.bvh", "dance.bvh", "slow.npz", "fast.npz", "dance.glb",
                 "walking.npz"):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        motion.save(folder / name)
    np.save(folder / "000021.npy", motion.joints[0])
    colours = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for name in ("A.png", "B.png", "picture.png", "strokes.png"):
        Image.fromarray(colours).save(folder / name)
    Image.fromarray(colours[:16, :16]).save(folder / "small.png")
    Image.fromarray(np.tile(colours, (4, 4, 1))[:160, :192]).save(folder / "photo.jpg")
    Image.fromarray(np.tile(colours, (4, 8, 1))).save(folder / "around.jpg")
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    (tables,) = blocks("docs/howto/long-motion.md", "csv")
    (folder / "scene.csv").write_text(tables.text, encoding="utf-8")
    return folder


@pytest.fixture
def workplace(material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(material, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "work"


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is sampled in two steps."""
    from mdm_adapter import maker

    two = SamplerSettings(steps=2, spacing=1.0)
    monkeypatch.setitem(PRESETS, "fast", Preset(two))
    settings = maker.GenerateSettings

    def quick(**changes: Any) -> Any:
        return settings(**{"sampler": two, **changes})

    for module in ("mdm_adapter.pipeline", "mdm_adapter.editing.editor"):
        monkeypatch.setattr(f"{module}.GenerateSettings", quick)


def check_imports(tree: ast.Module, place: str) -> None:
    """What a block imports of ours is there."""
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.split(".")[0] in OURS for name in names):
            exec(compile(ast.unparse(node), place, "exec"), {})


@pytest.mark.parametrize("page", [name for name in NAMES if blocks(name, "python")])
def test_python_is_python(page: str) -> None:
    """Also what is not run: it parses, and what it imports of ours is there."""
    for block in blocks(page, "python"):
        check_imports(ast.parse(block.text, block.place), block.place)


def run_python(page: str, text: str | None = None) -> list[str]:
    """Run a page's blocks one after the other with the same names; the places of those that ran."""
    names: dict[str, Any] = {"__name__": page}
    ran = []
    whole = (REPOSITORY / page).read_text(encoding="utf-8") if text is None else text
    for block in blocks_of(whole, page):
        if block.language == "python" and not block.parsed_only:
            exec(compile("\n" * (block.line - 1) + block.text, block.page, "exec"), names)
            ran.append(block.place)
    return ran


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [name for name in NAMES if any(not block.parsed_only for block in blocks(name, "python"))]
)
def test_python_runs(page: str, workplace: Path, two_steps: None) -> None:
    assert run_python(page)


def unknown(line: Line) -> str:
    """What is wrong with a command of another program, as far as it speaks of ours; nothing if nothing."""
    if line.words[0].startswith("./scripts/"):
        return "" if (REPOSITORY / line.words[0]).is_file() else f"there is no {line.words[0]}"
    if line.words[0] not in OTHERS:
        return f"{line.words[0]} is no program that this test knows"
    for word in line.words[1:]:
        if word.startswith("scripts/") and not (REPOSITORY / word).is_file():
            return f"there is no {word}"
        extra = re.search(r"(?:motioncollage|\.)\[(\w+)\]$", word)
        if extra and f'"{extra[1]}": [' not in (REPOSITORY / "setup.py").read_text(encoding="utf-8"):
            return f"setup.py has no extra {extra[1]}"
    return ""


def wrong_commands(root: Any, text: str, page: str) -> list[str]:
    """A line for every command of a page that the command line would refuse."""
    found = []
    for block in blocks_of(text, page):
        for line in commands(block) if block.language == "bash" else []:
            if line.ours is None:
                found += [f"{line.place}: {unknown(line)}"] if unknown(line) else []
                continue
            try:
                parse(root, line.ours)
            except Exception as error:  # noqa: BLE001 (whatever the command line refuses by)
                told = getattr(error, "format_message", lambda error=error: str(error))()
                found.append(f"{line.place}: {told}")
    return found


@pytest.mark.parametrize("page", NAMES)
def test_commands_are_understood(
    page: str, root: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wrong_commands(root, (REPOSITORY / page).read_text(encoding="utf-8"), page) == []


def quick(root: Any, line: Line) -> bool:
    """Whether a command is run: it takes a moment, needs nothing but what is there, and leaves nothing open."""
    if line.parsed_only or line.ours is None or line.words[0] != "motioncollage":
        return False
    name, _, given = leaf(root, line.ours)
    others = [
        word
        for word in given
        if word in ("...", "PROMPT", "COMMAND", "--help") or re.match(r"hf:|.*/$", word)
    ]
    models = [given[i + 1] for i, word in enumerate(given[:-1]) if word in ("--model", "--text-encoder")]
    known = name in QUICK or name.startswith("edit ")
    return known and not others and all(model == "starter" for model in models)


def as_run(root: Any, line: Line) -> list[str]:
    """A command in two steps, without a video, over what is there, and without a browser."""
    assert line.ours is not None
    name, command, given = leaf(root, line.ours)
    names = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    more = {"--steps": ["--steps", "2"], "--no-video": ["--no-video"], "--no-sheet": ["--no-sheet"], "--force": ["--force"],
            "--no-open": ["--no-open"]}  # fmt: skip
    added = [
        word for option, words in more.items() if option in names and option not in given for word in words
    ]
    if name in PHOTOS and "--model" not in given:  # there are no steps, but pictures can be small
        added = [*(added[2:] if added[:1] == ["--steps"] else added), *PHOTOS[name]]
    return [*line.ours, *added]


RUN = [
    name
    for name in NAMES
    if any(quick(command_line(), line) for b in blocks(name, "bash") for line in commands(b))
]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_quick_commands_run(page: str, root: Any, workplace: Path, command: Command) -> None:
    failed = []
    for block in blocks(page, "bash"):
        for line in commands(block):
            if quick(root, line):
                result = command(*as_run(root, line))
                if result.code:
                    failed.append(f"{line.place}: {result.err.strip().splitlines()[-1]}")
    assert failed == []


@pytest.mark.parametrize("page", [name for name in NAMES if blocks(name, "csv")])
def test_tables_are_timelines(page: str, tmp_path: Path) -> None:
    for block in blocks(page, "csv"):
        file = tmp_path / "scene.csv"
        file.write_text(block.text, encoding="utf-8")
        assert len(read_prompt(str(file))) == len(list(csv.reader(io.StringIO(block.text)))) - 1


@pytest.mark.parametrize("page", NAMES)
def test_json_is_json(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    for block in blocks_of(text, page):
        if block.text.startswith("{"):
            for line in block.text.splitlines():
                assert isinstance(json.loads(line), dict), block.place


BROKEN = """
    motioncollage generate "a person walks" --secnds 8

```bash
motioncollage loop "a person walks" --seconds -3
motioncollage lop "a person walks"
```

    motioncollage edit replace A.bvh --from x --to 6
    pip install "motioncollage[everything]"
"""


def test_a_broken_example_is_found(root: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = wrong_commands(root, BROKEN, "page.md")
    assert [line.split(":")[1] for line in found] == ["2", "5", "6", "9", "10"], found
    with pytest.raises(NameError):
        run_python("page.md", "```python\nnothing_of_that_name\n```\n")
    with pytest.raises(ImportError):
        check_imports(ast.parse("from mdm_adapter.motion import Moton"), "page.md")
