"""The starter evaluator: our own small text-motion evaluator, of the same role as the official one.

Trained by contrast (`eval.judges.training`): matching texts and motions come close, others and spoilt motions go
away. It shares nothing with a generator: its word vectors are learned from its own captions, unknown words
fall into hashed buckets.
"""

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from motioncollage.files import DAMAGE, atomic_path, check_file
from motioncollage.wording import reason

FILE = "evaluator.safetensors"
FORMAT = "motioncollage starter evaluator 2"
MAX_BYTES = 256 << 20
EXACT = ("mean", "std")
CONTACTS = 4
UNIT_LENGTH = 4
# features are scaled by the mean deviation of their kind: a still joint's tremor does not become a signal
GROUPS = (slice(0, 1), slice(1, 3), slice(3, 4), slice(4, 67), slice(67, 193), slice(193, 259))


@dataclass(frozen=True)
class StarterConfig:
    """Sizes of the starter evaluator.

    pose: features a frame; hidden: width of the motion encoder; word: width of a word vector; text_hidden:
    width of the text encoder; embedding: D; radius: length of every embedding, chosen so that distances have
    the size readers know from the official evaluator; buckets: hashed places for unknown words; max_words:
    further words are not read; dropout: in training.
    """

    pose: int = 263
    hidden: int = 192
    word: int = 96
    text_hidden: int = 128
    embedding: int = 256
    radius: float = 10.0
    buckets: int = 64
    max_words: int = 48
    dropout: float = 0.1


@dataclass(frozen=True)
class Vocabulary:
    """Known words; row 0 is padding, then the words, then the buckets of unknown ones."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, captions: Iterable[str]) -> "Vocabulary":
        """All words of the captions, in alphabetical order."""
        return cls(tuple(sorted({word for caption in captions for word in tokenise(caption)})))

    def rows(self, caption: str, buckets: int, longest: int) -> list[int]:
        """Rows of the words of a caption, at least one."""
        rows = [self._index.get(word) or self.bucket(word, buckets) for word in tokenise(caption)[:longest]]
        # an empty caption is a sentence too: it has one unknown word
        return rows or [self.bucket("", buckets)]

    def bucket(self, word: str, buckets: int) -> int:
        """Row of an unknown word: the same on every machine, unlike Python's hash."""
        return 1 + len(self.words) + zlib.crc32(word.encode()) % buckets

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words, 1)}


def tokenise(caption: str) -> list[str]:
    """Lowercase words: letters, digits and apostrophes."""
    return re.findall(r"[a-z0-9']+", caption.lower())


class StarterEvaluator(nn.Module):
    """Motions and captions -> one space, on a sphere of radius `config.radius`.

    Args:
        config: sizes.
        vocabulary: known words.
        mean: [263] of the training features; None is zero.
        std: [263]; None is one.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        config: StarterConfig,
        vocabulary: Vocabulary,
        mean: Tensor | None = None,
        std: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        self.register_buffer("mean", torch.zeros(config.pose) if mean is None else mean.float())
        self.register_buffer("std", torch.ones(config.pose) if std is None else std.float())
        hidden, dropout = config.hidden, config.dropout
        self.first = nn.Conv1d(config.pose - CONTACTS, hidden, 4, stride=2, padding=1)
        self.second = nn.Conv1d(hidden, hidden, 4, stride=2, padding=1)
        self.motion = SequenceEncoder(hidden, hidden, config.embedding, dropout)
        self.words = nn.Embedding(1 + len(vocabulary.words) + config.buckets, config.word, padding_idx=0)
        self.text = SequenceEncoder(config.word, config.text_hidden, config.embedding, dropout)
        self.dropout = nn.Dropout(dropout)
        # log of the inverse temperature of the contrastive loss, learned with the rest
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())

    @property
    def embedding_width(self) -> int:
        return self.config.embedding

    @property
    def device(self) -> torch.device:
        return self.mean.device

    def forward_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Features [B, T, 263] not normalised, lengths [B] on the same device -> [B, D], with gradients.

        Lengths are floored to multiples of 4. What lies beyond them cannot change the result, nor can the
        other motions of the batch.
        """
        movements = lengths // UNIT_LENGTH
        frames = int(movements.max()) * UNIT_LENGTH
        x = (features[:, :frames].to(self.mean) - self.mean) / self.std
        x = _mask(x, movements * UNIT_LENGTH)[..., :-CONTACTS].transpose(1, 2)
        # four frames of zeros behind: the longest motion then ends as the others do
        x = functional.gelu(self.first(functional.pad(x, (0, 4))))
        x = functional.gelu(self.second(self.dropout(x))).transpose(1, 2)[:, : int(movements.max())]
        return self.motion(x, movements)

    def forward_rows(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Word rows [B, L], lengths [B] -> [B, D], with gradients."""
        return self.text(self.dropout(self.words(rows)), lengths)

    def rows(self, captions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Captions -> word rows [B, L] padded with 0, and lengths [B]."""
        config = self.config
        rows = [self.vocabulary.rows(c, config.buckets, config.max_words) for c in captions]
        lengths = torch.tensor([len(row) for row in rows])
        padded = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
        for target, row in zip(padded, rows):
            target[: len(row)] = torch.tensor(row)
        return padded, lengths

    @torch.no_grad()
    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Features [B, T, 263] not normalised, lengths [B] -> [B, D] of length `radius`, in that order."""
        lengths = torch.as_tensor(lengths)
        if features.ndim != 3 or features.shape[2] != self.config.pose:
            raise ValueError(f"features must be [B, T, {self.config.pose}], they are {tuple(features.shape)}")
        if len(lengths) != len(features):
            raise ValueError(f"{len(features)} motions but {len(lengths)} lengths")
        if not len(features):
            return torch.zeros(0, self.config.embedding, device=self.device)
        if int(lengths.min()) < UNIT_LENGTH or int(lengths.max()) > features.shape[1]:
            raise ValueError(
                f"lengths must lie between {UNIT_LENGTH} and {features.shape[1]}, they go from "
                f"{int(lengths.min())} to {int(lengths.max())}"
            )
        return self._on_sphere(self.forward_motion(features.to(self.device), lengths.to(self.device)))

    @torch.no_grad()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Captions -> [B, D] of length `radius`, in the input's order."""
        if not len(texts):
            return torch.zeros(0, self.config.embedding, device=self.device)
        rows, lengths = self.rows(texts)
        return self._on_sphere(self.forward_rows(rows.to(self.device), lengths.to(self.device)))

    def _on_sphere(self, embeddings: Tensor) -> Tensor:
        return functional.normalize(embeddings.float(), dim=-1) * self.config.radius


class SequenceEncoder(nn.Module):
    """Sequence [B, L, inputs], lengths [B] -> [B, outputs]: GRUs in both directions, their last states and
    mean.

    Two GRUs over padded sequences, the second over each sequence turned round, give what a packed
    bidirectional one gives, and matrix products of one size: several times faster on a CPU.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.forwards = nn.GRU(inputs, hidden, batch_first=True)
        self.backwards = nn.GRU(inputs, hidden, batch_first=True)
        self.head = nn.Sequential(
            nn.LayerNorm(4 * hidden),
            nn.Dropout(dropout),
            nn.Linear(4 * hidden, 2 * hidden),
            nn.GELU(),
            nn.Linear(2 * hidden, outputs),
        )

    def forward(self, sequence: Tensor, lengths: Tensor) -> Tensor:
        time = torch.arange(sequence.shape[1], device=sequence.device)
        source = (lengths[:, None] - 1 - time).clamp_min(0)
        turned = sequence.gather(1, source[..., None].expand_as(sequence))
        parts = []
        for gru, x in ((self.forwards, sequence), (self.backwards, turned)):
            states = gru(x)[0]
            last = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[2])
            parts += [states.gather(1, last)[:, 0], _mask(states, lengths).sum(dim=1) / lengths[:, None]]
        return self.head(torch.cat(parts, dim=-1))


def contrastive_loss(
    text: Tensor,
    motion: Tensor,
    same: Tensor,
    scale: Tensor | float,
    spoilt: Tensor | None = None,
    spoilt_weight: float = 1.0,
) -> Tensor:
    """Symmetric InfoNCE with in-batch negatives and spoilt versions of the own motion as further ones.

    Args: text: [B, D], of any length; cosines are compared. motion: [B, D], pairs in the same row. same: [B,
        B] bool, symmetric or not; True where motion j also fits text i, which is then no negative. The
            diagonal does not matter.
        scale: inverse temperature.
        spoilt: [K, B, D], K spoilt versions of each motion. They are negatives of their own text only: a walk
            played backwards is wrong for "walks forward" but may be right for a neighbour that walks
            backward.
        spoilt_weight: one spoilt version counts as this many ordinary negatives.

    Returns:
        scalar.
    """
    text, motion = functional.normalize(text.float(), dim=-1), functional.normalize(motion.float(), dim=-1)
    logits = text @ motion.T * scale
    target = torch.arange(len(text), device=text.device)
    ignored = same & ~torch.eye(len(text), dtype=torch.bool, device=text.device)
    logits = logits.masked_fill(ignored, float("-inf"))
    to_text = functional.cross_entropy(logits.T, target)
    if spoilt is not None and spoilt_weight > 0:
        versions = functional.normalize(spoilt.float(), dim=-1)
        extra = torch.einsum("bd,kbd->bk", text, versions) * scale
        weight = torch.tensor(spoilt_weight, device=text.device).log()
        logits = torch.cat([logits, extra + weight], dim=1)
    return (functional.cross_entropy(logits, target) + to_text) / 2


def feature_statistics(features: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Mean and deviation [263] of motions [T_i, 263]; the deviation is averaged over features of a kind."""
    # One motion at a time: together, in double precision, they would take several times their own memory.
    frames = sum(len(f) for f in features)
    mean = torch.zeros(features[0].shape[1], dtype=torch.float64)
    for motion in features:
        mean += torch.as_tensor(motion).double().sum(dim=0) / frames
    squares = torch.zeros_like(mean)
    for motion in features:
        squares += (torch.as_tensor(motion).double() - mean).square().sum(dim=0) / frames
    std = squares.sqrt()
    for group in GROUPS:
        std[group] = std[group].mean().clamp_min(1e-4)
    std[GROUPS[-1].stop :] = 1.0  # contacts are not read
    return mean.float(), std.float()


def save_starter_evaluator(evaluator: StarterEvaluator, path: Path, half: bool = True) -> None:
    """Write an evaluator to one safetensors file, atomically; `half` stores float16, half the size.

    Sizes and words are JSON in the file's metadata.
    """
    kind = torch.float16 if half else torch.float32
    # the statistics stay exact: they are few and scale everything
    state = {
        name: tensor.detach().cpu().to(torch.float32 if name in EXACT else kind).contiguous()
        for name, tensor in evaluator.state_dict().items()
    }
    about = {"config": asdict(evaluator.config), "words": evaluator.vocabulary.words}
    with atomic_path(path, force=True) as temporary:
        save_file(state, temporary, {"format": FORMAT, "about": json.dumps(about)})


def load_starter_evaluator(path: Path, device: torch.device | str = "cpu") -> StarterEvaluator:
    """Read an evaluator; tensors and JSON, no code is run.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file of another kind, a damaged one, or weights that do not fit its sizes.
    """
    path = Path(path)
    check_file(path, "evaluator", most=MAX_BYTES)
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is no safetensors file ({reason(error)}); give the {FILE} of"
            " motioncollage train evaluator"
        ) from error
    if about.get("format") != FORMAT:
        raise ValueError(f"{path} is not a starter evaluator of this version ({FORMAT}); train one anew")
    try:
        made = json.loads(about["about"])
        config, words = StarterConfig(**made["config"]), Vocabulary(tuple(map(str, made["words"])))
        with torch.device("meta"):  # absurd sizes cost nothing before they have met the weights
            expected = StarterEvaluator(config, words).state_dict()
        if {name: value.shape for name, value in expected.items()} != {n: v.shape for n, v in state.items()}:
            raise ValueError("sizes and weights differ")
        evaluator = StarterEvaluator(config, words)
        evaluator.load_state_dict(state)
    except DAMAGE as error:
        raise ValueError(f"{path} is damaged ({reason(error)}); copy it again") from error
    return evaluator.to(device).eval().requires_grad_(False)


def _mask(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Zero beyond the lengths: [B, L, C], [B]."""
    valid = torch.arange(sequence.shape[1], device=sequence.device) < lengths[:, None]
    return torch.where(
        valid[..., None], sequence, torch.zeros((), dtype=sequence.dtype, device=sequence.device)
    )
