"""What a studio project is: a document that its page edits, and takes that the server made. JSON from strangers is checked
member by member before anything of it is used, and becomes values that never change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from mdm_adapter.editing.loops import PATHS
from mdm_adapter.prompts import Action
from mdm_adapter.prompts.action import MAX_ACTIONS, MAX_CHARACTERS, clean, has_letter
from mdm_adapter.serving.fields import Field, read_fields, read_place
from mdm_adapter.serving.refusal import Refusal

FORMAT, VERSION = "motioncollage studio", 1
MOST_TAKES, MOST_AT_ONCE, MOST_POINTS = 64, 4, 500
NO_LOOP = "none"
_ID, _MOTION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}"), re.compile(r"[0-9a-f]{32}")
T = TypeVar("T")

BLOCK_FIELDS = (
    Field("id", "string", "Name of the block, unlike all others.", low=1, high=40),
    Field("text", "string", "What it shows; of imported motion what it is called.", low=1, high=1000),
    Field("start", "number", "Seconds.", 0.0, low=0, high=3600),
    Field("seconds", "number", "How long it lasts.", 4.0, low=0.2, high=3600),
    Field("transition", "number", "Seconds over which it passes into the next.", low=0.05, high=60),
    Field("clip", "string", "Motion that is kept: its name in the store.", "", high=32),
    Field("first", "number", "Seconds of the clip that are left out before.", 0.0, low=0, high=3600),
)
DOCUMENT_FIELDS = (
    Field("title", "string", "Name for people.", "Untitled", low=1, high=80),
    Field("prompt", "string", "What stands in the prompt box.", "", high=MAX_CHARACTERS),
    Field("blocks", "array", "Actions in time.", high=MAX_ACTIONS),
    Field("loop", "string", "Whether the end flows into the beginning, and on which way.", NO_LOOP,
          choices=(NO_LOOP, *PATHS)),
    Field("turn", "number", "Degrees to the left in a cycle of a circular loop.", 360.0, low=-3600, high=3600),
    Field("seed", "integer", "Of the next take.", 0, low=0, high=2**31 - 1),
    Field("count", "integer", "Takes that are made at once.", 1, low=1, high=MOST_AT_ONCE),
    Field("chosen", "string", "The take that is worked on; the latest by default.", "", high=40),
    Field("points", "array", "Path on the ground, [x, z] in metres.", low=2, high=MOST_POINTS),
    Field("place", "array", "Where it ends, [x, z] in metres.", low=2, high=2),
)  # fmt: skip
SPAN_FIELDS = (
    Field("block", "string", "Whose it is.", "", high=60),
    Field("text", "string", "What it shows; empty for a gap.", "", high=1000),
    Field("start", "integer", "Frame.", 0, low=0, high=1_000_000),
    Field("end", "integer", "Frame, exclusive.", 0, low=0, high=1_000_000),
    Field("clip", "string", "Kept motion.", "", high=32),
    Field("first", "integer", "Frame of the clip.", 0, low=0, high=10_000_000),
)
TAKE_FIELDS = (
    Field("id", "string", "Name of the take, unlike all others.", low=1, high=40),
    Field("batch", "string", "What it was made with.", low=1, high=40),
    Field("number", "integer", "For people.", 1, low=1, high=10**6),
    Field("seed", "integer", "Of its noise.", 0, low=0, high=2**31 - 1),
    Field("motion", "string", "Its name in the store.", low=32, high=32),
    Field("loop", "string", "As in the document.", NO_LOOP, choices=(NO_LOOP, *PATHS)),
    Field("how", "string", "How it came to be.", "", high=200),
    Field("spans", "array", "What it was made of.", high=2 * MAX_ACTIONS + 2),
)
PROJECT_FIELDS = (
    Field("format", "string", "Tells that it is one.", choices=(FORMAT,)),
    Field("version", "integer", "Of the format.", low=1, high=VERSION),
    Field("revision", "integer", "How often it was saved.", 0, low=0, high=2**53),
    Field("origin", "string", "Digest of the file that it was opened from.", "", high=64),
    Field("document", "object", "What the page edits."),
    Field("takes", "array", "What the server made.", high=MOST_TAKES),
    Field("motions", "object", "In files: motions by name, base64."),
)


@dataclass(frozen=True)
class Block:
    """An action in time, or motion that is kept (`clip`, from second `first` of it)."""

    id: str
    text: str
    start: float
    seconds: float
    transition: float | None = None
    clip: str = ""
    first: float = 0.0

    @property
    def action(self) -> Action:
        return Action(self.text, self.seconds, self.start, self.transition)


@dataclass(frozen=True)
class Span:
    """Frames `start` to before `end` of a take, which belong to a block or to a gap (without a text)."""

    block: str
    text: str
    start: int
    end: int
    clip: str = ""
    first: int = 0

    @property
    def frames(self) -> int:
        return self.end - self.start

    def same(self, other: "Span") -> bool:
        """Whether both show the same, wherever they lie."""
        mine, theirs = ((s.block, s.text, s.frames, s.clip, s.first) for s in (self, other))
        return mine == theirs


@dataclass(frozen=True)
class Take:
    """A motion that was made: its name in the store, how, and what of it shows which block."""

    id: str
    batch: str
    number: int
    seed: int
    motion: str
    loop: str
    how: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Document:
    """What a page edits; see `DOCUMENT_FIELDS`."""

    title: str = "Untitled"
    prompt: str = ""
    blocks: tuple[Block, ...] = ()
    loop: str = NO_LOOP
    turn: float = 360.0
    seed: int = 0
    count: int = 1
    chosen: str = ""
    points: tuple[tuple[float, float], ...] | None = None
    place: tuple[float, float] | None = None

    @property
    def in_time(self) -> list[Block]:
        """Blocks by their start; of several the longest first, since others may lie on top of it."""
        return sorted(self.blocks, key=lambda block: (block.start, -block.seconds))


@dataclass(frozen=True)
class Project:
    """A document with its takes.

    Attributes:
        revision: goes up with every save, so that of two pages one learns of the other.
        origin: digest of the file that it was opened from; empty for none.
    """

    document: Document = field(default_factory=Document)
    takes: tuple[Take, ...] = ()
    revision: int = 0
    origin: str = ""

    @property
    def chosen(self) -> Take | None:
        """The take that is worked on: the chosen one, else the first of the latest batch."""
        for take in self.takes:
            if take.id == self.document.chosen:
                return take
        latest = [take for take in self.takes if take.batch == self.takes[-1].batch] if self.takes else []
        return latest[0] if latest else None

    @property
    def motions(self) -> set[str]:
        """Names of all motions that it needs."""
        clips = {span.clip for take in self.takes for span in take.spans} | {
            b.clip for b in self.document.blocks
        }
        return {name for name in clips | {take.motion for take in self.takes} if name}

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, "version": VERSION, **asdict(self)}


def read_project(value: Mapping[str, Any]) -> Project:
    """A project from JSON that may be anything; what is in `motions` is the store's business.

    Raises:
        Refusal: one line that says where it is at fault.
    """
    if value.get("format") != FORMAT:
        raise Refusal(f"this is no project of the studio; its format would be {FORMAT!r}")
    version = value.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise Refusal(
            f"this project is of version {version}; this program reads up to {VERSION}, so update it"
        )
    given = read_fields(value, PROJECT_FIELDS, "project.")
    takes = []
    for number, row in enumerate(given["takes"] or ()):
        where = f"takes[{number}]."
        told = _object(row, TAKE_FIELDS, where, ("id", "batch", "motion"))
        check_name(told["id"], where), check_name(told["batch"], where), check_motion(told["motion"])
        spans = [_span(span, f"{where}spans[{i}].") for i, span in enumerate(told["spans"] or ())]
        takes.append(Take(**{**told, "spans": tuple(spans)}))
    _unlike([take.id for take in takes], "takes")
    document = read_document(given["document"] or {})
    return Project(document, tuple(takes), given["revision"], given["origin"])


def read_document(value: Mapping[str, Any]) -> Document:
    """A document from JSON that may be anything.

    Raises:
        Refusal: one line that says where it is at fault.
    """
    given = read_fields(value, DOCUMENT_FIELDS, "document.")
    blocks = tuple(_block(row, f"blocks[{i}].") for i, row in enumerate(given["blocks"] or ()))
    _unlike([block.id for block in blocks], "blocks")
    if given["turn"] == 0:
        raise Refusal("turn is 0; give degrees, to the left or below 0 to the right")
    points = given["points"] and tuple(read_place(point) for point in given["points"])
    place = None if given["place"] is None else read_place(given["place"])
    if points and place:
        raise Refusal("there are points and a place; a way follows a path or arrives somewhere")
    title = " ".join(clean(given["title"]).split()) or "Untitled"
    return Document(
        **{
            **given,
            "title": title,
            "prompt": clean(given["prompt"]),
            "blocks": blocks,
            "points": points,
            "place": place,
        }
    )


def check_name(name: str, where: str = "") -> str:
    """Refuse what is no plain name of a project, a block, a take."""
    if not _ID.fullmatch(name):
        raise Refusal(f"{where}{name[:40]!r} is no name; use a to z, 0 to 9 and -")
    return name


def check_motion(name: str) -> str:
    """Refuse what is no name of a motion in the store."""
    if not _MOTION.fullmatch(name):
        raise Refusal(f"{name[:40]!r} is no motion; its name has 32 digits from 0 to f")
    return name


def _block(row: Any, where: str) -> Block:
    given = _object(row, BLOCK_FIELDS, where, ("id", "text"))
    check_name(given["id"], where)
    if given["clip"]:
        check_motion(given["clip"])
    text = " ".join(clean(given["text"]).split())
    if not has_letter(text):
        raise Refusal(f"{where}text has no words; describe a movement")
    return Block(**{**given, "text": text})


def _span(row: Any, where: str) -> Span:
    given = _object(row, SPAN_FIELDS, where)
    if given["clip"]:
        check_motion(given["clip"])
    if given["end"] < given["start"]:
        raise Refusal(f"{where}end lies before its start")
    return Span(**given)


def _object(row: Any, fields: Sequence[Field], where: str, needed: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Refusal(f"{where.rstrip('.')} is no object")
    given = read_fields(row, fields, where)
    for name in needed:
        if given[name] is None:
            raise Refusal(f"{where}{name} is missing")
    return given


def _unlike(names: Sequence[str], what: str) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Refusal(f"two {what} are called {min(twice)!r}; each needs a name of its own")
