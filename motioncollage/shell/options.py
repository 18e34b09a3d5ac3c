"""Options that commands share: dataclasses whose fields become options of every command that takes one."""

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, get_type_hints

from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.values import ADVANCED, LENGTH, MAKING, QUALITY

if TYPE_CHECKING:
    from motioncollage.collage.guidance import Guidance
    from motioncollage.sampling.levels import Levels
    from motioncollage.sampling.registry import SamplerSettings

GuidanceScale = Annotated[
    float | None,
    values.number(
        "Classifier-free guidance: 1 none, higher follows the text more; the model's own by default.", panel=QUALITY,
        least=-100, most=100,
    ),
]  # fmt: skip

TextEncoderPlace = Annotated[
    str | None,
    values.option(
        "Where the model's text encoder is (CLIP or DistilBERT, as it asks): a folder, or hf:owner/name.",
        panel=MAKING,
    ),
]

Device = Annotated[str, values.option("auto, cpu, cuda, mps.", panel=QUALITY)]
Seed = Annotated[int, values.seed("The same command with the same seed gives the same result.")]
Force = Annotated[bool, values.option("Replace files that are there.", panel=values.OUTPUT)]
Taper = Annotated[
    float,
    values.number(
        "Part of an overlap over which a piece fades out; 0 is the paper's composition, 1 a cross-fade.",
        least=0, most=1, panel=ADVANCED,
    ),
]  # fmt: skip


def spread_options(function: Callable[..., None]) -> Callable[..., None]:
    """A command in which every parameter that is a dataclass has become one option per field.

    Typer reads signatures; the one that it is shown has the fields in the place of the dataclass.
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {}
    shown: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        kind = hints[parameter.name]
        if not dataclasses.is_dataclass(kind):
            shown.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=kind))
            continue
        groups[parameter.name] = kind
        field_hints = get_type_hints(kind, include_extras=True)
        for field in dataclasses.fields(kind):
            default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
            shown.append(
                inspect.Parameter(
                    field.name, parameter.KEYWORD_ONLY, default=default, annotation=field_hints[field.name]
                )
            )

    def command(**values: Any) -> None:
        made = {
            name: kind(**{field.name: values.pop(field.name) for field in dataclasses.fields(kind)})
            for name, kind in groups.items()
        }
        function(**values, **made)

    command.__name__, command.__doc__, command.__module__ = (
        function.__name__, function.__doc__, function.__module__,
    )  # fmt: skip
    command.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return command


@dataclass(frozen=True)
class ModelOptions:
    """Which model, where it runs."""

    model: Annotated[
        str,
        values.option(
            "A bundled model, a checkpoint folder (args.json + model*.pt), or hf:owner/name[@revision].",
            panel=MAKING,
        ),
    ] = BUNDLED["motion"]
    text_encoder: TextEncoderPlace = None
    device: Device = "auto"


class Sampled(Protocol):
    """What of a model decides how it is sampled: a motion model is one."""

    @property
    def defaults(self) -> Any: ...

    def levels(self, spacing: float) -> "Levels": ...


@dataclass(frozen=True)
class SamplingOptions:
    """A preset, and what is wanted otherwise."""

    preset: Annotated[
        str,
        values.option(
            "fast (10 evaluations), paper (50 even steps of DDIM), or mdm (its own: ddpm, every step, guidance 2.5,"
            " float32); --steps and others change it.",
            panel=QUALITY,
        ),
    ] = "fast"
    steps: Annotated[int | None, values.steps("Sampling steps.")] = None
    sampler: Annotated[
        str | None,
        values.option(
            "ddim, ddpm, euler, heun, deis, dpm++, dpm++sde, unipc, or a plug-in's.", panel=QUALITY
        ),
    ] = None
    spacing: Annotated[
        float | None,
        values.number(
            "1 spaces steps evenly; 2 or 3 put more at high noise, which few steps need.",
            above=0,
            most=100,
            panel=ADVANCED,
        ),
    ] = None
    eta: Annotated[
        float | None,
        values.number(
            "Share of the noise that ddim renews: 0 none, 1 as ddpm.", least=0, most=1, panel=ADVANCED
        ),
    ] = None

    def settings(self, levels: "Levels | None" = None) -> "SamplerSettings":
        """Of a model with such levels; without, to refuse what makes no sense before one is loaded."""
        from motioncollage.sampling.registry import preset

        return preset(
            self.preset, levels=levels, sampler=self.sampler, steps=self.steps, spacing=self.spacing, eta=self.eta
        )  # fmt: skip

    def with_model(
        self, model: Sampled, guidance: "GuidanceOptions", precision: str | None = None
    ) -> dict[str, Any]:
        """Fields `sampler`, `guidance` and `precision` of `MethodSettings`: what was asked for, else the preset's, else
        the model's own."""
        from motioncollage.sampling.registry import named_preset

        own = named_preset(self.preset).guidance or model.defaults.guidance
        return {
            "sampler": self.settings(model.levels(self.settings().spacing)),
            "guidance": guidance.settings(own),
            "precision": self.precision(precision),
        }

    def precision(self, asked: str | None) -> str:
        """What was asked for, or the preset's."""
        from motioncollage.sampling.registry import named_preset

        return named_preset(self.preset).precision if asked is None else asked


@dataclass(frozen=True)
class GuidanceOptions:
    """Classifier-free guidance of the texts."""

    guidance: GuidanceScale = None
    guidance_limit: Annotated[
        float | None,
        values.number(
            "Noise-to-signal ratio above which --guidance-above holds; inf for one scale throughout.",
            above=0,
            infinite=True,
            panel=ADVANCED,
        ),
    ] = None
    guidance_above: Annotated[
        float | None,
        values.number("Guidance at the noise levels above the limit.", least=-100, most=100, panel=ADVANCED),
    ] = None

    def settings(self, own: "Guidance") -> "Guidance":
        """The model's own guidance with what was asked for in its place."""
        given = {"scale": self.guidance, "limit": self.guidance_limit, "above": self.guidance_above}
        return dataclasses.replace(own, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class CutOptions:
    """How time is cut into pieces."""

    overlap: Annotated[
        float | None,
        values.seconds("Seconds that neighbouring pieces share; the model's own by default.", panel=LENGTH),
    ] = None
    taper: Taper = 0.5
    piece: Annotated[
        float | None,
        values.seconds("Seconds of the pieces that a long action is cut into.", panel=LENGTH),
    ] = None
    own_text: Annotated[bool, values.option("Tell overlaps within one action its text.", panel=ADVANCED)] = (
        True
    )

    def settings(self, fps: float) -> dict[str, Any]:
        """Fields of `MethodSettings`, in frames."""
        asked = {"overlap": self.overlap, "piece": self.piece}
        frames = {name: None if value is None else round(value * fps) for name, value in asked.items()}
        return {**frames, "taper": self.taper, "own_text": self.own_text}


@dataclass(frozen=True)
class PieceOptions(CutOptions):
    """How time is cut into pieces, and what their overlaps are told."""

    style: Annotated[
        str,
        values.option(
            "Text of the overlaps between actions, such as a manner that all share; empty for none.",
            panel=MAKING,
        ),
    ] = ""

    def settings(self, fps: float) -> dict[str, Any]:
        return {**super().settings(fps), "style": self.style}
