"""What a model knows: its actions, how long and how fast each is in recordings, and which is closest to a sentence."""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from mdm_adapter.data.datasets import Clip
from mdm_adapter.data.sentences import label_sentence
from mdm_adapter.models.happening import MOSTLY, Happening
from mdm_adapter.models.measured import cycles, ground_speed, landings
from mdm_adapter.models.text import TextEncoder
from mdm_adapter.prompts.counts import read_count
from mdm_adapter.prompts.ways import Way, way_over_ground

T = TypeVar("T")
FILE = "vocabulary.json"
FAMILIAR = 0.55  # cosine to the nearest known sentence below which an action is called unknown
DEFAULT_SECONDS = 4.0
STEPPING = 0.25  # metres a second from which the landings of feet are steps
CAPTIONS_KEPT = 24
SENTENCES_KEPT = 512  # whose matches are remembered
MAX_BYTES = 64 << 20
# What is written: of captions without labels each is an action of its own, and HumanML3D has 40,000. Every caption kept
# is embedded when a model is loaded.
WRITTEN_BYTES = 4 << 20
MOST_ACTIONS = 3000
# A label of ten times as many clips may be so much further from a sentence and is meant all the same: "a person runs"
# is nearer to "the person runs, stops and runs again" than to "a person runs forward".
COMMON = 0.05
# A sentence means one known action where its cosine is so high and so far above the next action's; captions within
# about so much of the nearest share in the wording.
PLAIN, APART, SHARPNESS = 0.66, 0.04, 0.03
TOLD = 0.85  # cosine to a caption of an action of many recordings from which a sentence needs no help
_SUBJECT = re.compile(r"^(?:someone|somebody|(?:an?|the) (?:person|human|figure|man|woman))\b", re.I)


@dataclass(frozen=True)
class KnownAction:
    """One action of the training data; what older vocabularies do not say is None.

    Attributes:
        action: its label.
        captions: sentences for it.
        clips: recordings.
        seconds: median length of a clip.
        shortest: length of the shortest clip, seconds.
        unit: seconds of one repetition (`measured.cycles`, or what captions count: "kicks twice").
        step: seconds of one step (`measured.landings`, or what captions count); None where it goes nowhere.
        speed: median over its clips of the mean speed over the ground, metres a second (`measured.ground_speed`).
        fastest: speed of the fastest second of any clip, metres a second.
        sentence: the label as somebody would type it, which need not be among the captions; None where there is no label.
    """

    action: str
    captions: tuple[str, ...]
    clips: int
    seconds: float
    shortest: float | None = None
    unit: float | None = None
    step: float | None = None
    speed: float | None = None
    fastest: float | None = None
    sentence: str | None = None

    @classmethod
    def of(cls, action: str, clips: list[Clip], fps: float) -> "KnownAction":
        """From its clips."""
        seconds = [clip.frames / fps for clip in clips]
        speeds = [ground_speed(clip.features, fps) for clip in clips]
        speed = median(mean for mean, _ in speeds)
        told = [_told(clip) for clip in clips]
        units = [
            s / (counts.get("repetition") or cycles(c.features)) for s, c, counts in zip(seconds, clips, told)
        ]
        steps = [counts.get("step") or landings(clip.features) for clip, counts in zip(clips, told)]
        paces = [s / count for s, count in zip(seconds, steps) if count > 1]
        return cls(
            action, _typical([caption for clip in clips for caption in clip.captions]), len(clips),
            seconds=round(sorted(seconds)[len(seconds) // 2], 2),
            shortest=round(min(seconds), 2),
            unit=round(median(units), 2),
            step=round(median(paces), 2) if paces and speed >= STEPPING else None,
            speed=round(speed, 2),
            fastest=round(max(peak for _, peak in speeds), 2),
            sentence=label_sentence(action) if any(clip.action for clip in clips) else None,
        )  # fmt: skip

    @classmethod
    def read(cls, row: dict[str, Any]) -> "KnownAction":
        """From a row of a file.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        action, captions = str(row["action"]), tuple(map(str, row["captions"]))
        measured = {name: _measured(row[name], name) for name in MEASURED if row.get(name) is not None}
        sentence = None if row.get("sentence") is None else str(row["sentence"])
        return cls(action, captions, int(row["clips"]), float(row["seconds"]), **measured, sentence=sentence)


def _typical(captions: list[str]) -> tuple[str, ...]:
    """Captions that differ in more than whom they are about: half of them the most frequent, half of all kinds."""
    counts = Counter(_SUBJECT.sub("a person", caption) for caption in captions)
    wording = {_SUBJECT.sub("a person", caption): caption for caption in reversed(captions)}
    ranked = [wording[plain] for plain, _ in counts.most_common()]
    return tuple(_spread(ranked, CAPTIONS_KEPT))


def _spread(ranked: Sequence[T], most: int) -> list[T]:
    """At most so many: half of them the first, half evenly from all that follow."""
    head, tail = ranked[: most // 2], ranked[most // 2 :]
    stride = max(1, -(-len(tail) // (most // 2)))
    return [*head, *tail[::stride]]


MEASURED = ("shortest", "unit", "step", "speed", "fastest")


def _measured(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value!r}")
    return float(value)


def _told(clip: Clip) -> dict[str, int]:
    """What the captions of a clip count, exactly."""
    counts = [count for caption in clip.captions if (count := read_count(caption)) and not count.vague]
    return {count.what: count.times for count in counts}


@dataclass(frozen=True)
class Vocabulary:
    """All actions that a model was trained on."""

    actions: tuple[KnownAction, ...]

    @classmethod
    def of(
        cls, clips: tuple[Clip, ...], *, fps: float = 20.0, progress: Callable[[int, int], None] | None = None
    ) -> "Vocabulary":
        """From training clips, most frequent action first; of more than `MOST_ACTIONS` those, and some of all others."""
        groups: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            groups[clip.action or clip.captions[0]].append(clip)
        ranked = sorted(groups, key=lambda action: -len(groups[action]))
        kept = ranked if len(ranked) <= MOST_ACTIONS else _spread(ranked, MOST_ACTIONS)
        known = []
        for action in kept:
            known.append(KnownAction.of(action, groups[action], fps))
            if progress:
                progress(len(known), len(kept))
        return cls(tuple(known))

    def write(self, folder: Path) -> None:
        """As `vocabulary.json` in a model's folder; the rarest actions beyond `WRITTEN_BYTES` are left out."""
        rows, size = [], 0
        for entry in self.actions:
            row = asdict(entry)
            size += len(json.dumps(row, indent=0)) + 2
            if size > WRITTEN_BYTES:
                break
            rows.append(row)
        (folder / FILE).write_text(json.dumps(rows, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Vocabulary | None":
        """From a model's folder; None where the model came without one, as published checkpoints do."""
        path = folder / FILE
        if not path.exists():
            return None
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MB; it is no vocabulary")
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            known = [KnownAction.read(row) for row in rows]
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"{path} is no vocabulary ({error}); install the model again") from error
        return cls(tuple(known))


@dataclass(frozen=True)
class Match:
    """A sentence's closest known actions, best first, with their cosines.

    Attributes:
        happening: how often the closest happens; None where nobody measured it.
        instead: where it rarely does, the closest actions that happen more often.
    """

    text: str
    nearest: tuple[tuple[KnownAction, float], ...]
    happening: Happening | None = None
    instead: tuple[KnownAction, ...] = ()

    @property
    def familiar(self) -> bool:
        return max(cosine for _, cosine in self.nearest) >= FAMILIAR

    @property
    def rare(self) -> bool:
        """Known, but it happens in less than half of the takes."""
        return self.familiar and self.happening is not None and self.happening.share < MOSTLY

    @property
    def other_way(self) -> Way | None:
        """The way over the ground that the sentence names, where the closest action goes, but no such way."""
        way = way_over_ground(self.text)
        if way is None or not self.familiar or (self.action.speed or 0) < STEPPING:
            return None
        told = any(way.shape in caption.lower() for caption in self.action.captions)
        return None if told else way

    @property
    def action(self) -> KnownAction:
        """The closest."""
        return self.nearest[0][0]


class Matcher:
    """Looks sentences up in a vocabulary with the model's own text encoder."""

    def __init__(
        self, vocabulary: Vocabulary, encoder: TextEncoder, happening: Mapping[str, Happening] | None = None
    ) -> None:
        """Args:
        happening: how often the actions happen, by label, where that was measured.
        """
        self.vocabulary, self.encoder, self.happening = vocabulary, encoder, happening or {}
        # The sentences of labels come last: they are looked up, but nothing need have been trained on them.
        known = [(i, caption) for i, entry in enumerate(vocabulary.actions) for caption in entry.captions]
        self.captions = len(known)
        known += [(i, entry.sentence) for i, entry in enumerate(vocabulary.actions) if entry.sentence]
        self.owner = torch.tensor([owner for owner, _ in known])
        self.embedding = self._embed([sentence for _, sentence in known])
        self.common = (
            COMMON * torch.tensor([float(max(1, entry.clips)) for entry in vocabulary.actions]).log10()
        )
        # Lengths, paces, repetitions and warnings all ask for the sentences of a prompt.
        self._looked_up = lru_cache(SENTENCES_KEPT)(self._look_up)

    def _embed(self, texts: list[str]) -> Tensor:
        embedding = self.encoder.encode(texts)
        present = (~embedding.padding)[..., None].float()
        mean = (embedding.tokens * present).sum(dim=1) / present.sum(dim=1)
        return functional.normalize(mean, dim=-1)

    def match(self, text: str, *, count: int = 3) -> Match:
        """The `count` closest actions to a sentence; of those that are nearly as close, the more common first."""
        return self._looked_up(text, count)

    def _look_up(self, text: str, count: int) -> Match:
        cosine = self.embedding @ self._embed([text])[0]
        best = torch.full((len(self.vocabulary.actions),), -1.0).scatter_reduce(0, self.owner, cosine, "amax")
        ranked = [
            (self.vocabulary.actions[int(i)], float(best[i]))
            for i in (best + self.common).argsort(descending=True)
        ]
        happening = self.happening.get(ranked[0][0].action)
        match = Match(text, tuple(ranked[:count]), happening)
        return replace(match, instead=self._instead(ranked)) if match.rare else match

    def in_known_words(self, text: str) -> Tensor | None:
        """A sentence's direction [width] among the captions of the action that it means; None where that is not plain.

        A model trained on a few sentences for an action follows them better than others that mean the same: half of the
        direction is the sentence's own, so that "slowly" and "her" count, the other half is that of the action's
        nearest captions. An action of many recordings was told in many ways and styles, which that would blur; it is
        helped only with sentences that are far from all of its captions.
        """
        match = self.match(text)
        first, *others = (cosine for _, cosine in match.nearest)
        if first < PLAIN or first - max(others, default=-1.0) < APART:
            return None
        own = self._embed([text])[0]
        action = self.vocabulary.actions.index(match.action)
        captions = self.embedding[: self.captions][self.owner[: self.captions] == action]
        if match.action.clips > CAPTIONS_KEPT and float((captions @ own).max()) > TOLD:
            return None
        near = torch.softmax(captions @ own / SHARPNESS, dim=0) @ captions
        return functional.normalize(own + functional.normalize(near, dim=-1), dim=-1)

    def _instead(self, ranked: Sequence[tuple[KnownAction, float]]) -> tuple[KnownAction, ...]:
        """The two closest actions that happen in most takes."""
        known = ((entry, self.happening.get(entry.action)) for entry, _ in ranked[1:])
        return tuple(entry for entry, how in known if how is not None and how.share >= MOSTLY)[:2]
