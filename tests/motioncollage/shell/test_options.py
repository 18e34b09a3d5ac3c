"""Options written once as dataclasses and shared by commands."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from motioncollage.sampling.registry import PRESETS
from motioncollage.shell.options import CutOptions, PieceOptions, SamplingOptions, spread_options


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


def test_settings_in_frames() -> None:
    assert PieceOptions(0.7, 0.25, 3.0, False, "sad").settings(20.0) == {
        "overlap": 14, "taper": 0.25, "piece": 60, "own_text": False, "style": "sad",
    }  # fmt: skip
    assert CutOptions().settings(20.0)["piece"] is None


def test_presets_are_where_sampling_starts() -> None:
    assert SamplingOptions().settings() == PRESETS["fast"].sampler
    assert SamplingOptions("paper", steps=20).settings().steps == 20
    assert SamplingOptions(sampler="ddim", eta=0.5).settings().eta == 0.5
