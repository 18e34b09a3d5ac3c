"""The shell: which commands it builds."""

import pytest
import typer
from typer.testing import CliRunner

from motioncollage import plugins
from motioncollage.shell import main


def test_the_command_that_is_asked_for_is_built_alone() -> None:
    built = typer.main.get_command(main.build("doctor"))
    assert list(built.commands) == ["doctor"]  # type: ignore[attr-defined]
    assert "Usage: root doctor" in CliRunner().invoke(main.build("doctor"), ["doctor", "--help"]).output


def test_a_group_is_built_with_all_its_commands() -> None:
    alone = typer.main.get_command(main.build("train"))
    among_all = typer.main.get_command(main.build())
    assert list(alone.commands) == ["train"]  # type: ignore[attr-defined]
    assert list(alone.commands["train"].commands) == list(among_all.commands["train"].commands)  # type: ignore[attr-defined]


def test_of_an_unknown_command_all_are_built_so_that_the_error_knows_the_nearest() -> None:
    built = typer.main.get_command(main.build("generat"))
    assert {"generate", "loop", "train"} <= set(built.commands)  # type: ignore[attr-defined]
    assert "generate" in CliRunner().invoke(main.build("generat"), ["generat"]).output


def test_a_broken_command_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(group: str, name: str) -> object:
        if name == "doctor":
            raise ImportError("doctor needs a stethoscope")
        return usual(group, name)

    usual = plugins.load
    monkeypatch.setattr(plugins, "load", load)
    built = typer.main.get_command(main.build("doctor"))
    assert capsys.readouterr().err.count("stethoscope") == 1
    assert "doctor" not in built.commands  # type: ignore[attr-defined]
    assert "generate" in built.commands  # type: ignore[attr-defined]
