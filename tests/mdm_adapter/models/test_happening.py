"""How often known actions happen: read from a model's folder, shown, and warned of."""

import json
from pathlib import Path

import pytest
from command_line import Command, one_line

from mdm_adapter.models.happening import Happening, read_happening
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import KnownAction, Matcher, Vocabulary

KNOWN = Vocabulary(
    (
        KnownAction("walk", ("a person walks forward.",), 9, 4.0),
        KnownAction("kick", ("a person kicks.",), 5, 3.0),
        KnownAction("kick-front", ("a person kicks high forward.",), 3, 3.0),
        KnownAction("look-around", ("a person looks around.",), 3, 3.0),
    )
)
SHARES = {"walk": 1.0, "kick": 0.62, "kick-front": 0.31}


def write(folder: Path) -> None:
    KNOWN.write(folder)
    rows = {label: {"made": share, "takes": 16, "missing": ""} for label, share in SHARES.items()}
    (folder / "actions.json").write_text(json.dumps({"model": "m", "actions": rows}))


@pytest.fixture
def measured(toy: Path, tmp_path: Path) -> Path:
    """The toy model with a list of actions, measured."""
    folder = tmp_path / "measured"
    folder.mkdir()
    for file in toy.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    write(folder)
    return folder


def test_read(tmp_path: Path) -> None:
    assert read_happening(tmp_path) == {}
    write(tmp_path)
    found = read_happening(tmp_path)
    assert found["kick-front"] == Happening(0.31, 16)
    assert [found[label].group for label in SHARES] == ["always", "mostly", "rarely"]
    assert found["kick-front"].words == "in about 3 of 10 takes"
    assert Happening(0.04, 16).words == "in hardly any take"


@pytest.mark.parametrize(
    "contents", ["", "[]", "{}", '{"actions": {"a": {"made": 2, "takes": 1}}}', '{"actions": {"a": 1}}',
                 '{"actions": {"a": {"made": NaN, "takes": 4}}}'],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, contents: str) -> None:
    (tmp_path / "actions.json").write_text(contents)
    with pytest.raises(ValueError, match=r"actions\.json is no result of eval --protocol actions"):
        read_happening(tmp_path)


def test_a_rare_action_is_told_from_others() -> None:
    happening = {label: Happening(share, 16) for label, share in SHARES.items()}
    matcher = Matcher(KNOWN, load_text_encoder("static"), happening)
    rare = matcher.match("he kicks high forward")
    assert rare.rare
    assert rare.happening == Happening(0.31, 16)
    assert rare.instead[0].action == "kick"
    common = matcher.match("a person walks forward")
    assert not common.rare
    assert common.instead == ()
    # Without numbers nothing is said.
    assert not Matcher(KNOWN, load_text_encoder("static")).match("he kicks high forward").rare


def test_rare_actions_are_warned_of(command: Command, measured: Path, tmp_path: Path) -> None:
    prompt = "A person kicks high forward | a person walks forward"
    for arguments in (
        (
            "generate",
            prompt,
            "--seconds",
            4,
            "--steps",
            2,
            "--no-video",
            "--no-sheet",
            "--out",
            tmp_path / "a",
        ),
        ("timeline", prompt, "--out", tmp_path / "plan.png"),
    ):
        result = command(*arguments, "--model", measured)
        assert result.code == 0, result.err
        text = " ".join(result.err.split())
        assert (
            "kicks high forward' is known, but happens in about 3 of 10 takes; try 'a person kicks'" in text
        )
        assert text.count("warning") == 1


def test_actions_are_listed_by_how_often_they_happen(
    command: Command, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = command("models", measured)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80 or str(measured) in max(lines, key=len)
    shown = [line for line in lines if line.startswith("  ")]
    assert [line.replace("\N{NO-BREAK SPACE}", " ").strip() for line in shown] == [
        "walk", "kick 0.62", "kick-front 0.31", "look-around",
    ]  # fmt: skip
    assert [line.split(" (")[0] for line in lines if "), " in line] == [
        "always",
        "mostly",
        "rarely",
        "not judged",
    ]
    table = command("models", measured, "--captions").out
    assert "a person kicks" in table
    assert "0.31" in table
    assert "name it" in one_line(command("models", "--captions"))
