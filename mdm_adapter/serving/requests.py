"""What clients ask for: prompts to be split, motions to be made. Nothing here is a path, whatever it looks like."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args

from mdm_adapter.editing.loops import PATHS, LoopPath
from mdm_adapter.maker import GenerateSettings
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action, parse_timeline, read_split
from mdm_adapter.prompts.action import MAX_ACTIONS, MAX_CHARACTERS
from mdm_adapter.prompts.splitter import Split
from mdm_adapter.serving.edits import EDIT_FIELDS, OF_MOTION, TAKES, check_members
from mdm_adapter.serving.fields import Field, object_schema, read_fields
from mdm_adapter.serving.refusal import Refusal
from motioncollage.shell.options import GuidanceOptions, PieceOptions, SamplingOptions, fields_of

T = TypeVar("T")

ACTION_FIELDS = (
    Field("text", "string", "A full sentence; empty for a gap, which then needs seconds."),
    Field("seconds", "number", "How long it lasts; its usual length by default.", high=3600),
    Field("start", "number", "Second at which it begins; by default when the one before it ends.", high=3600),
    Field("transition", "number", "Seconds over which it passes into the next.", high=3600),
    Field("guidance", "number", "Guidance of this text alone.", low=0, high=100),
)
PROMPT = Field(
    "prompt", "string", 'A sentence, or "a | b [3s] | c"; give either this or actions.', low=1, high=MAX_CHARACTERS
)  # fmt: skip
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "steps": (1, 1000), "overlap": (0.05, 60), "piece": (0.1, 60), "guidance": (0, 100), "style": (None, 400),
    "guidance_above": (0, 100),
}  # fmt: skip


def _fields_of(*options: type) -> tuple[Field, ...]:
    """The fields of options of the command line: the same names, defaults and meanings."""
    found = []
    for option in options:
        for field in fields_of(option):
            kind, note = get_args(field.annotation)
            plain = next((part for part in get_args(kind) or (kind,) if part in _TYPES), str)
            low, high = _BOUNDS.get(field.name, (None, None))
            help_ = note.help.replace("--", "")
            found.append(Field(field.name, _TYPES[plain], help_, field.default, low, high))
    return tuple(found)


def _options(kind: type[T], chosen: Mapping[str, Any]) -> T:
    """Options of the command line from fields of the same names."""
    return kind(**{field.name: chosen[field.name] for field in dataclasses.fields(cast(Any, kind))})


SETTING_FIELDS = _fields_of(SamplingOptions, GuidanceOptions, PieceOptions)
JOB_FIELDS = (
    Field("kind", "string", "generate makes a motion, loop one whose end flows into its beginning; the others are edits.",
          "generate", choices=tuple(TAKES)),
    PROMPT,
    Field("actions", "array", "A timeline, instead of a prompt: one row for each action.", low=1, high=MAX_ACTIONS,
          schema={"items": object_schema(ACTION_FIELDS)}),
    Field("seconds", "number", "Length of everything; by default each action gets its own.", low=0.1, high=3600),
    Field("seed", "integer", "The same request with the same seed gives the same motion.", 0, 0, 2**63 - 1),
    Field("samples", "integer", "How many motions to make of the same request.", 1, 1, 1000),
    Field("path", "string", "Way of a loop's cycle.", "free", choices=PATHS),
    Field("turn", "number", "Degrees to the left in a cycle of a circular path; 360 by default.", low=-3600, high=3600),
    *EDIT_FIELDS,
    Field("settings", "object", "How it is sampled and cut; the options of the command line.",
          schema=object_schema(SETTING_FIELDS)),
)  # fmt: skip


@dataclass(frozen=True)
class JobRequest:
    """A motion that somebody wants.

    Attributes:
        actions: what happens.
        notes: what of the prompt could have been read otherwise.
        kind: generate, loop, or an edit.
        given: all members as they were read, of which edits have their own.
        seconds: length of everything; None for that of the actions.
        first: settings that no model is needed for.
        sampling, guidance, pieces: the rest of them.
    """

    actions: tuple[Action, ...]
    notes: tuple[str, ...]
    kind: str
    given: Mapping[str, Any]
    seconds: float | None
    first: GenerateSettings
    sampling: SamplingOptions
    guidance: GuidanceOptions
    pieces: PieceOptions

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "JobRequest":
        """From a JSON object.

        Raises:
            ValueError: one line for the client.
        """
        given = read_fields(body, JOB_FIELDS)
        kind = given["kind"]
        check_members(kind, body)
        split = Split(()) if kind in OF_MOTION else _actions(given)
        chosen = read_fields(given["settings"] or {}, SETTING_FIELDS, "settings.")
        sampling = _options(SamplingOptions, chosen)
        guidance, pieces = _options(GuidanceOptions, chosen), _options(PieceOptions, chosen)
        path, turn = given["path"], given["turn"]
        if path != "free" and kind != "loop":
            raise Refusal(f"path is {path!r}, which only loops have; ask for the kind loop")
        if turn is not None and path != "circular":
            raise Refusal(f"turn is {turn:g} but path is {path!r}; only a circular path turns")
        first = GenerateSettings(
            seed=given["seed"], samples=given["samples"], sampler=sampling.settings(), taper=pieces.taper,
            path=LoopPath(path, 360.0 if turn is None else turn),
        )  # fmt: skip
        return cls(
            split.actions,
            tuple(split.notes),
            kind,
            given,
            given["seconds"],
            first,
            sampling,
            guidance,
            pieces,
        )

    def settings(self, model: MotionPipeline, *, precision: str, batch_limit: int) -> GenerateSettings:
        """Everything that decides the motion, with what the model has to say."""
        first = dataclasses.replace(self.first, batch_limit=batch_limit)
        asked = None if precision == "auto" else precision
        sampled = self.sampling.applied(first, model.model, self.guidance, asked)
        return self.pieces.applied(sampled, model.representation.fps)


def _actions(given: Mapping[str, Any]) -> Split:
    if (given["prompt"] is None) == (given["actions"] is None):
        raise Refusal("give either prompt or actions")
    if given["prompt"] is not None:
        return split_text(given["prompt"])
    rows = []
    for number, row in enumerate(given["actions"]):
        where = f"actions[{number}]"
        if not isinstance(row, dict):
            raise Refusal(f'{where} is no object; write {{"text": ..., "seconds": ...}}')
        rows.append(read_fields(row, ACTION_FIELDS, f"{where}."))
    return Split(tuple(parse_timeline(json.dumps(rows))))


def split_text(prompt: str) -> Split:
    """The actions of a prompt, with notes. The name of a file is refused: the command line would read it.

    Raises:
        ValueError: one line for the client.
    """
    if prompt.strip().lower().endswith((".json", ".csv")):
        raise Refusal("a prompt that ends in .json or .csv would be a file; send its rows as actions")
    return read_split(prompt)
