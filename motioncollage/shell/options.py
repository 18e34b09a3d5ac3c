"""How a function becomes a command, and the options that commands share.

A command is a function: its parameters, and the fields of the dataclasses among them, are its arguments and options.
Types and defaults are Python's; what a value must be stands in its type (`shell/values.py`); what --help says stands in
docstrings, under the headings of its groups, those of the dataclasses included:

    def walk(path: Annotated[Path, values.file_to_read(what="path")], sampling: SamplingOptions, slow: bool = False) -> None:
        '''Walk along a path.

        Arguments:
            path: A file of points.
        How good:
            slow: Take your time.
        '''
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import typer

from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.help import COMMON
from motioncollage.shell.values import ARGUMENTS, MAKING, OUTPUT, PANELS, QUALITY, Value

if TYPE_CHECKING:
    from motioncollage.collage.guidance import Guidance
    from motioncollage.methods import MethodSettings
    from motioncollage.sampling.levels import Levels
    from motioncollage.sampling.registry import SamplerSettings

    Settings = TypeVar("Settings", bound=MethodSettings)

HEADINGS = (ARGUMENTS, *PANELS, COMMON)


def spread_options(function: Callable[..., None]) -> Callable[..., None]:
    """A command in the form that typer reads: every field of a dataclass is a parameter, and says all that is known of it.

    Raises:
        TypeError: a docstring describes what is no parameter.
    """
    hints = get_type_hints(function, include_extras=True)
    words, described = described_in(function.__doc__)
    groups: dict[str, type] = {}
    shown: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        kind = hints.get(parameter.name, str)
        if is_dataclass(kind) and isinstance(kind, type):
            groups[parameter.name] = kind
            names = [field.name for field in fields(kind)]
            shown += fields_of(kind, tuple((n, described.pop(n)) for n in names if n in described))
        else:
            about = described.pop(parameter.name, None)
            shown.append(_parameter(parameter.name, kind, parameter.default, about))
    _refuse_strangers(function.__name__, described)

    def command(**given: Any) -> None:
        made = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        function(**given, **made)

    command.__name__, command.__doc__, command.__module__ = function.__name__, words, function.__module__
    command.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return command


def described_in(docstring: str | None) -> tuple[str, dict[str, Value]]:
    """The words of a docstring before its first group, and what it says of parameters: `name: help` under a heading."""
    words: list[str] = []
    found: dict[str, Value] = {}
    heading = name = ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        entry = re.match(r" {4}(\w+): (.*)", line)
        if line.endswith(":") and line[:-1] in HEADINGS:
            heading, name = line[:-1], ""
        elif heading and entry:
            name = entry[1]
            found[name] = Value(entry[2].strip(), panel="" if heading == COMMON else heading)
        elif name and line.strip():
            found[name] = replace(found[name], help=f"{found[name].help} {line.strip()}")
        elif not heading:
            words.append(line)
    return "\n".join(words).strip(), found


@cache
def fields_of(kind: type, otherwise: tuple[tuple[str, Value], ...] = ()) -> tuple[inspect.Parameter, ...]:
    """A parameter for each field; a class says what its bases say unless it says otherwise.

    Args:
        otherwise: what a command says otherwise of fields.
    """
    described: dict[str, Value] = {}
    for base in reversed(kind.__mro__):
        if is_dataclass(base):
            described |= described_in(base.__doc__)[1]
    described |= dict(otherwise)
    hints, found = get_type_hints(kind, include_extras=True), []
    for field in fields(kind):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        found.append(_parameter(field.name, hints[field.name], default, described.pop(field.name, None)))
    _refuse_strangers(kind.__name__, described)
    return tuple(found)


def _refuse_strangers(name: str, described: dict[str, Value]) -> None:
    if described:
        raise TypeError(f"the docstring of {name} describes {', '.join(described)}, which it does not take")


def _parameter(name: str, hint: Any, default: Any, about: Value | None) -> inspect.Parameter:
    """A parameter of a command; what says nothing that we know of stays as it is."""
    plain, notes = _plain(hint)
    known = [note for note in (*notes, about) if isinstance(note, Value)]
    if known:
        foreign = [note for note in notes if not isinstance(note, Value)]
        parts = (plain, *foreign, _for_typer(reduce(_both, known)))
        hint = Annotated[parts]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _plain(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type, and what it and the parts of a union are annotated with."""
    if get_origin(hint) is Annotated:
        plain, notes = _plain(hint.__origin__)
        return plain, (*notes, *hint.__metadata__)
    if get_origin(hint) in (Union, UnionType):
        parts = [_plain(part) for part in get_args(hint)]
        return reduce(or_, (plain for plain, _ in parts)), tuple(note for _, notes in parts for note in notes)
    return hint, ()


def _both(value: Value, more: Value) -> Value:
    """What both say; where they differ, what the second says."""
    said = {field.name: own for field in fields(Value) if (own := getattr(more, field.name))}
    return replace(value, **said)


def _for_typer(value: Value) -> Any:
    check = value.check

    def refuse(param: typer.CallbackParam, given: Any) -> Any:
        name = param.opts[0] if param.opts and param.opts[0].startswith("-") else (param.name or "")
        for one in given if isinstance(given, (list, tuple)) else [given]:
            if one is not None and check:
                check(name, one)
        return given

    callback = refuse if check else None
    if value.panel == ARGUMENTS:
        return typer.Argument(help=value.help, callback=callback, envvar=value.envvar)
    return typer.Option(
        *value.names, help=value.help, rich_help_panel=value.panel or None, callback=callback, envvar=value.envvar
    )  # fmt: skip


Seconds = Annotated[float, values.seconds()]
Steps = Annotated[int, values.steps()]
Scale = Annotated[float, values.number(least=-100, most=100)]
Share = Annotated[float, values.number(least=0, most=1)]
Device = Annotated[str, values.option("auto, cpu, cuda, mps.", panel=QUALITY)]
Seed = Annotated[int, values.seed("The same command with the same seed gives the same result.")]
Force = Annotated[bool, values.option("Replace files that are there.", panel=OUTPUT)]
TextEncoderPlace = Annotated[
    str,
    values.option(
        "Where the model's text encoder is (CLIP or DistilBERT, as it asks): a folder, or hf:owner/name.", panel=MAKING
    ),
]  # fmt: skip


@dataclass(frozen=True)
class ModelOptions:
    """Which model, where it runs.

    What to make:
        model: A bundled model, a checkpoint folder (args.json + model*.pt), or hf:owner/name[@revision].
    """

    model: str = BUNDLED["motion"]
    text_encoder: TextEncoderPlace | None = None
    device: Device = "auto"

    def load(self, medium: str) -> Any:
        """What a model is loaded as: a pipeline of that medium."""
        from motioncollage.models import load_model

        return load_model(self.model, medium=medium, device=self.device, text_encoder=self.text_encoder)


class Sampled(Protocol):
    """What of a model decides how it is sampled: a motion model is one."""

    @property
    def defaults(self) -> Any: ...

    def levels(self, spacing: float) -> "Levels": ...


@dataclass(frozen=True)
class SamplingOptions:
    """A preset, and what is wanted otherwise.

    How good:
        preset: fast (10 evaluations), paper (50 even steps of DDIM), or mdm (its own: ddpm, every step, guidance 2.5,
            float32); --steps and others change it.
        steps: Sampling steps.
        sampler: ddim, ddpm, euler, heun, deis, dpm++, dpm++sde, unipc, or a plug-in's.
    Advanced:
        spacing: 1 spaces steps evenly; 2 or 3 put more at high noise, which few steps need.
        eta: Share of the noise that ddim renews: 0 none, 1 as ddpm.
    """

    preset: str = "fast"
    steps: Steps | None = None
    sampler: str | None = None
    spacing: Annotated[float, values.number(above=0, most=100)] | None = None
    eta: Share | None = None

    def settings(self, levels: "Levels | None" = None) -> "SamplerSettings":
        """Of a model with such levels; without, to refuse what makes no sense before one is loaded."""
        from motioncollage.sampling.registry import preset

        return preset(
            self.preset, levels=levels, sampler=self.sampler, steps=self.steps, spacing=self.spacing, eta=self.eta
        )  # fmt: skip

    def precision(self, asked: str | None) -> str:
        """What was asked for, or the preset's."""
        from motioncollage.sampling.registry import named_preset

        return named_preset(self.preset).precision if asked is None else asked

    def applied(
        self, settings: "Settings", model: Sampled, guidance: "GuidanceOptions", precision: str | None = None
    ) -> "Settings":
        """Settings with what was asked for, else the preset's, else the model's own."""
        from motioncollage.sampling.registry import named_preset

        return replace(
            settings,
            sampler=self.settings(model.levels(self.settings().spacing)),
            guidance=guidance.settings(named_preset(self.preset).guidance or model.defaults.guidance),
            precision=self.precision(precision),
        )


@dataclass(frozen=True)
class GuidanceOptions:
    """Classifier-free guidance of the texts.

    How good:
        guidance: Classifier-free guidance: 1 none, higher follows the text more; the model's own by default.
    Advanced:
        guidance_limit: Noise-to-signal ratio above which --guidance-above holds; inf for one scale throughout.
        guidance_above: Guidance at the noise levels above the limit.
    """

    guidance: Scale | None = None
    guidance_limit: Annotated[float, values.number(above=0, infinite=True)] | None = None
    guidance_above: Scale | None = None

    def settings(self, own: "Guidance") -> "Guidance":
        """The model's own guidance with what was asked for in its place."""
        given = {"scale": self.guidance, "limit": self.guidance_limit, "above": self.guidance_above}
        return replace(own, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class CutOptions:
    """How time is cut into pieces.

    How long:
        overlap: Seconds that neighbouring pieces share; the model's own by default.
        piece: Seconds of the pieces that a long action is cut into.
    Advanced:
        taper: Part of an overlap over which a piece fades out; 0 is the paper's composition, 1 a cross-fade.
        own_text: Tell overlaps within one action its text.
    """

    overlap: Seconds | None = None
    taper: Share = 0.5
    piece: Seconds | None = None
    own_text: bool = True

    def applied(self, settings: "Settings", fps: float) -> "Settings":
        """Settings with these, in frames."""

        def frames(seconds: float | None) -> int | None:
            return None if seconds is None else round(seconds * fps)

        return replace(
            settings, overlap=frames(self.overlap), piece=frames(self.piece), taper=self.taper, own_text=self.own_text
        )  # fmt: skip


@dataclass(frozen=True)
class PieceOptions(CutOptions):
    """How time is cut into pieces, and what their overlaps are told.

    What to make:
        style: Text of the overlaps between actions, such as a manner that all share; empty for none.
    """

    style: str = ""

    def applied(self, settings: "Settings", fps: float) -> "Settings":
        return replace(super().applied(settings, fps), style=self.style)
