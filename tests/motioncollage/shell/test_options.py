"""Options written once as dataclasses and shared by commands."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from motioncollage.methods import MethodSettings
from motioncollage.sampling.registry import PRESETS
from motioncollage.shell import values
from motioncollage.shell.options import (
    CutOptions,
    PieceOptions,
    SamplingOptions,
    Share,
    described_in,
    spread_options,
)


@dataclass(frozen=True)
class Light:
    """Two options."""

    colour: Annotated[str, typer.Option("--color", help="Of the light.")] = "white"
    watts: Annotated[int, typer.Option(help="How bright.")] = 40


@dataclass(frozen=True)
class Dim(Light):
    """The same, less bright."""

    watts: Annotated[int, typer.Option(help="How bright.")] = 5


def run(kind: type[Light], *arguments: str) -> str:
    app = typer.Typer()

    @app.command()
    @spread_options
    def lamp(
        place: Annotated[str, typer.Argument(help="Where.")],
        light: kind,
        twice: bool = False,  # type: ignore[valid-type]
    ) -> None:
        """Switch on."""
        print(place, light.colour, light.watts, twice, type(light).__name__)  # type: ignore[attr-defined]

    result = CliRunner().invoke(app, list(arguments))
    return result.output


def test_fields_are_options() -> None:
    assert run(Light, "desk").split() == ["desk", "white", "40", "False", "Light"]
    assert run(Light, "desk", "--color", "red", "--watts", "9", "--twice").split()[1:4] == [
        "red",
        "9",
        "True",
    ]
    # A subclass changes a default in its place.
    assert run(Dim, "desk").split()[2:] == ["5", "False", "Dim"]
    shown = run(Light, "--help")
    assert "Switch on." in shown
    assert shown.index("--color") < shown.index("--watts") < shown.index("--twice")
    assert "Of the light." in shown
    assert "No such option" in run(Light, "desk", "--light", "x")


@dataclass(frozen=True)
class Gait:
    """How somebody walks.

    How good:
        slowness: How much longer it takes than
            others do.
    """

    slowness: Share | None = None
    style: str = "proud"


def walk(
    place: str,
    gait: Gait,
    back: Annotated[bool, values.named("--back")] = False,
    steps: Annotated[int, values.count(most=9)] = 3,
) -> None:
    """Walk there.

    And come again.

    Arguments:
        place: Where to.
    Options:
        back: And home.
    Advanced:
        style: As one feels.
    """
    print(place, gait.slowness, gait.style, back, steps)


def test_docstrings_say_what_options_are_and_types_what_they_must_be() -> None:
    app = typer.Typer()
    app.command()(spread_options(spread_options(walk)))  # what typer can read already stays as it is

    def said(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
        return result.output + str(result.exception or "")

    shown = said("--help")
    for words in (
        "Walk there.",
        "And come again.",
        "Where to.",
        "longer it takes than others do.",
        "As one feels.",
    ):
        assert words in shown
    assert "Arguments:" not in shown.split("And come again.")[0]
    assert "--no-back" not in shown
    assert said("home").split() == ["home", "None", "proud", "False", "3"]
    assert said("home", "--slowness", "0.5", "--back").split()[1:4] == ["0.5", "proud", "True"]
    assert "--slowness is 1.5; give a finite number from 0 up to 1" in said("home", "--slowness", "1.5")
    assert "--steps is 10" in said("home", "--steps", "10")


def test_a_docstring_describes_only_what_there_is() -> None:
    def lamp(light: Light) -> None:
        """Switch on.

        Output:
            colour: Of the light.
            wats: How bright.
        """

    with pytest.raises(TypeError, match="lamp describes wats, which it does not take"):
        spread_options(lamp)
    words, found = described_in("A title: of a line\n\nNotes:\n    nothing: here")
    assert words.endswith("nothing: here")
    assert not found


def test_settings_in_frames() -> None:
    asked = PieceOptions(0.7, 0.25, 3.0, False, "sad").applied(MethodSettings(loop=True), 20.0)
    assert asked == MethodSettings(overlap=14, taper=0.25, piece=60, own_text=False, style="sad", loop=True)
    assert CutOptions().applied(MethodSettings(), 20.0).piece is None


def test_presets_are_where_sampling_starts() -> None:
    assert SamplingOptions().settings() == PRESETS["fast"].sampler
    assert SamplingOptions("paper", steps=20).settings().steps == 20
    assert SamplingOptions(sampler="ddim", eta=0.5).settings().eta == 0.5
