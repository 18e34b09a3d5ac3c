"""What a model knows: its actions, how long each naturally lasts, and which is closest to a sentence."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mdm_adapter.data.datasets import Clip
from mdm_adapter.models.happening import MOSTLY, Happening
from mdm_adapter.models.text import TextEncoder

FILE = "vocabulary.json"
FAMILIAR = 0.55  # cosine to the nearest known sentence below which an action is called unknown
DEFAULT_SECONDS = 4.0
SHORTEST, LONGEST = 3.0, 6.0
CAPTIONS_KEPT = 24
MAX_BYTES = 4 << 20


@dataclass(frozen=True)
class KnownAction:
    """One action of the training data: its label, sentences for it, clips, and the median length of a clip."""

    action: str
    captions: tuple[str, ...]
    clips: int
    seconds: float


@dataclass(frozen=True)
class Vocabulary:
    """All actions that a model was trained on."""

    actions: tuple[KnownAction, ...]

    @classmethod
    def of(cls, clips: tuple[Clip, ...], *, fps: float = 20.0) -> "Vocabulary":
        """From training clips, most frequent action first."""
        groups: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            groups[clip.action or clip.captions[0]].append(clip)
        known = []
        for action, members in groups.items():
            captions = list(dict.fromkeys(caption for clip in members for caption in clip.captions))
            stride = max(1, len(captions) // CAPTIONS_KEPT)
            seconds = sorted(clip.frames for clip in members)[len(members) // 2] / fps
            known.append(
                KnownAction(
                    action, tuple(captions[::stride][:CAPTIONS_KEPT]), len(members), round(seconds, 2)
                )
            )
        return cls(tuple(sorted(known, key=lambda entry: -entry.clips)))

    def write(self, folder: Path) -> None:
        """As `vocabulary.json` in a model's folder."""
        rows = [asdict(entry) for entry in self.actions]
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
            known = [
                KnownAction(
                    str(r["action"]), tuple(map(str, r["captions"])), int(r["clips"]), float(r["seconds"])
                )
                for r in rows
            ]
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
        return self.nearest[0][1] >= FAMILIAR

    @property
    def rare(self) -> bool:
        """Known, but it happens in less than half of the takes."""
        return self.familiar and self.happening is not None and self.happening.share < MOSTLY

    @property
    def seconds(self) -> float:
        """A sensible length: that of the nearest action, within reason."""
        return min(LONGEST, max(SHORTEST, self.nearest[0][0].seconds))


class Matcher:
    """Looks sentences up in a vocabulary with the model's own text encoder."""

    def __init__(
        self, vocabulary: Vocabulary, encoder: TextEncoder, happening: Mapping[str, Happening] | None = None
    ) -> None:
        """Args:
        happening: how often the actions happen, by label, where that was measured.
        """
        self.vocabulary, self.encoder, self.happening = vocabulary, encoder, happening or {}
        captions = [caption for entry in vocabulary.actions for caption in entry.captions]
        self.owner = torch.tensor([i for i, entry in enumerate(vocabulary.actions) for _ in entry.captions])
        self.embedding = self._embed(captions)

    def _embed(self, texts: list[str]) -> Tensor:
        embedding = self.encoder.encode(texts)
        present = (~embedding.padding)[..., None].float()
        mean = (embedding.tokens * present).sum(dim=1) / present.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=-1)

    def match(self, text: str, *, count: int = 3) -> Match:
        """The `count` closest actions to a sentence."""
        cosine = self.embedding @ self._embed([text])[0]
        best = torch.full((len(self.vocabulary.actions),), -1.0).scatter_reduce(0, self.owner, cosine, "amax")
        values, indices = best.sort(descending=True)
        ranked = [(self.vocabulary.actions[int(i)], float(v)) for i, v in zip(indices, values)]
        happening = self.happening.get(ranked[0][0].action)
        match = Match(text, tuple(ranked[:count]), happening)
        return replace(match, instead=self._instead(ranked)) if match.rare else match

    def _instead(self, ranked: Sequence[tuple[KnownAction, float]]) -> tuple[KnownAction, ...]:
        """The two closest actions that happen in most takes."""
        known = ((entry, self.happening.get(entry.action)) for entry, _ in ranked[1:])
        return tuple(entry for entry, how in known if how is not None and how.share >= MOSTLY)[:2]
