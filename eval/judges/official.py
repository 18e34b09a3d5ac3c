"""The official text-motion evaluator of HumanML3D (Guo et al. 2022): movement convolutions and bidirectional
GRUs.

Module names follow the released state dictionaries (`text_mot_match/model/finest.tar`). Widths are read from
the weights. Oddities that are part of the numbers: the last four features (contacts) are dropped, padding to
196 frames is zero *after* normalisation, lengths are divided by 4, the encoder's own mean and std are used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from eval.judges.words import WordVectoriser
from eval.metrics.metric import to_float64
from motioncollage.files import check_file, load_numbers
from motioncollage.wording import reason

UNIT_LENGTH = 4  # frames a movement covers
MAX_FRAMES = 196
CONTACTS = 4
OFFICIAL_FILES = {
    "text_mot_match/model/finest.tar": "the weights of the text and motion encoders",
    "Comp_v6_KLD01/meta/mean.npy": "the evaluator's mean of the features (not the dataset's Mean.npy)",
    "Comp_v6_KLD01/meta/std.npy": "the evaluator's standard deviation (not the dataset's)",
}
PARTS = ("movement_encoder", "text_encoder", "motion_encoder")


@dataclass(frozen=True)
class OfficialDims:
    """Widths of the networks; the defaults are the release's."""

    pose: int = 263
    movement_hidden: int = 512
    movement_latent: int = 512
    motion_hidden: int = 1024
    text_hidden: int = 512
    embedding: int = 512
    word: int = 300
    tags: int = 15

    @classmethod
    def of(cls, weights: Mapping[str, Mapping[str, Tensor]]) -> "OfficialDims":
        """Read the widths from state dictionaries keyed by part."""
        movement, text, motion = (weights[part] for part in PARTS)
        return cls(
            pose=movement["main.0.weight"].shape[1] + CONTACTS,
            movement_hidden=movement["main.0.weight"].shape[0],
            movement_latent=movement["out_net.weight"].shape[0],
            motion_hidden=motion["hidden"].shape[2],
            text_hidden=text["hidden"].shape[2],
            embedding=motion["output_net.3.weight"].shape[0],
            word=text["pos_emb.weight"].shape[0],
            tags=text["pos_emb.weight"].shape[1],
        )


class MovementEncoder(nn.Module):
    """Normalised features without contacts [B, T, 259] -> movements [B, T / 4, latent]."""

    def __init__(self, inputs: int, hidden: int, latent: int) -> None:
        super().__init__()
        # the dropouts are idle in evaluation; they stay for the numbering of the released weights
        self.main = nn.Sequential(
            nn.Conv1d(inputs, hidden, 4, stride=2, padding=1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
            nn.Conv1d(hidden, latent, 4, stride=2, padding=1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
        )
        self.out_net = nn.Linear(latent, latent)

    def forward(self, features: Tensor) -> Tensor:
        return self.out_net(self.main(features.transpose(1, 2)).transpose(1, 2))


class RecurrentEncoder(nn.Module):
    """Sequence [B, L, inputs], lengths [B] -> [B, embedding], from a GRU's last states in both directions."""

    def __init__(self, inputs: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.input_emb = nn.Linear(inputs, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.output_net = nn.Sequential(
            nn.Linear(2 * hidden, hidden),
            nn.LayerNorm(hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, embedding),
        )
        self.hidden = nn.Parameter(torch.randn(2, 1, hidden))

    def forward(self, sequence: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(
            self.input_emb(sequence), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        start = self.hidden.expand(-1, len(sequence), -1).contiguous()
        last = self.gru(packed, start)[1]  # in the order of the input
        return self.output_net(torch.cat([last[0], last[1]], dim=-1))


class TextEncoder(RecurrentEncoder):
    """Word vectors [B, L, 300] plus embedded tags [B, L, 15] -> [B, embedding]."""

    def __init__(self, word: int, tags: int, hidden: int, embedding: int) -> None:
        super().__init__(word, hidden, embedding)
        self.pos_emb = nn.Linear(tags, word)

    def encode(self, words: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        return self(words + self.pos_emb(tags), lengths)


class OfficialEvaluator(nn.Module):
    """The official evaluator behind the protocol of `eval.judges.protocol`.

    Args:
        dims: widths.
        mean: [263] of the evaluator's own normalisation.
        std: [263].
        vectoriser: words -> vectors; None if only motions are embedded.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, dims: OfficialDims, mean: Any, std: Any, vectoriser: WordVectoriser | None = None
    ) -> None:
        super().__init__()
        self.dims, self.vectoriser = dims, vectoriser
        self.movement_encoder = MovementEncoder(
            dims.pose - CONTACTS, dims.movement_hidden, dims.movement_latent
        )
        self.text_encoder = TextEncoder(dims.word, dims.tags, dims.text_hidden, dims.embedding)
        self.motion_encoder = RecurrentEncoder(dims.movement_latent, dims.motion_hidden, dims.embedding)
        for name, values in (("mean", mean), ("std", std)):
            array = to_float64(values, f"the evaluator's {name}", 1)
            if len(array) != dims.pose:
                raise ValueError(
                    f"the evaluator's {name} has {len(array)} numbers, its network reads {dims.pose}"
                )
            self.register_buffer(name, torch.as_tensor(array, dtype=torch.float32), persistent=False)
        if not (self.std > 0).all():
            raise ValueError("the evaluator's std has entries that are not positive")
        if vectoriser is not None and vectoriser.width != dims.word:
            raise ValueError(f"word vectors of width {vectoriser.width}, the network reads {dims.word}")
        self.eval().requires_grad_(False)

    @property
    def embedding_width(self) -> int:
        return self.dims.embedding

    @torch.no_grad()
    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """[B, T, 263] not normalised, lengths [B] -> [B, D] in the order of the input."""
        self._check_width(features)
        return self.embed_normalised((features.to(self.mean) - self.mean) / self.std, lengths)

    @torch.no_grad()
    def embed_left(self, features: Tensor, lengths: Tensor, given: Tensor) -> Tensor:
        """As `embed_motion`, with up to three frames beyond a length as they are, if they are given [B].

        The published evaluation of a generator leaves there what the generator made of the rest of its window.
        """
        self._check_width(features)
        return self.embed_normalised((features.to(self.mean) - self.mean) / self.std, lengths, given)

    @torch.no_grad()
    def embed_normalised(self, features: Tensor, lengths: Tensor, given: Tensor | None = None) -> Tensor:
        """As `embed_motion`, of features [B, T, 263] in the evaluator's normalisation.

        Frames beyond a length (or beyond those that are given [B]) are set to zero and the batch is padded to 196, whatever its longest motion:
        the last movement looks three frames past its motion, so otherwise an embedding would depend on its
        neighbours. Motions above 196 frames, which the official evaluation does not have, get four frames of
        zeros.
        """
        self._check_width(features)
        lengths = torch.as_tensor(lengths)
        if int(lengths.min()) < UNIT_LENGTH or int(lengths.max()) > features.shape[1]:
            raise ValueError(
                f"lengths must lie between {UNIT_LENGTH} and {features.shape[1]}, they go from "
                f"{int(lengths.min())} to {int(lengths.max())}"
            )
        lengths = lengths.to(features.device)
        shown = lengths if given is None else torch.as_tensor(given).to(features.device)
        valid = torch.arange(features.shape[1], device=features.device) < shown[:, None]
        features = torch.where(valid[..., None], features, 0.0)[..., :-CONTACTS]
        result = features.new_zeros(len(features), self.dims.embedding)
        for chosen in (lengths <= MAX_FRAMES, lengths > MAX_FRAMES):
            if chosen.any():
                longest = -(-int(lengths[chosen].max()) // UNIT_LENGTH) * UNIT_LENGTH
                frames = MAX_FRAMES if longest <= MAX_FRAMES else longest + UNIT_LENGTH
                # a negative padding cuts
                padded = nn.functional.pad(features[chosen], (0, 0, 0, frames - features.shape[1]))
                result[chosen] = self.motion_encoder(
                    self.movement_encoder(padded), lengths[chosen] // UNIT_LENGTH
                )
        return result

    def _check_width(self, features: Tensor) -> None:
        if features.ndim != 3 or features.shape[2] != self.dims.pose:
            raise ValueError(f"features must be [B, T, {self.dims.pose}], they are {tuple(features.shape)}")

    @torch.no_grad()
    def embed_words(self, words: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Words [B, 22, 300], one-hot tags [B, 22, 15], lengths [B] -> [B, D] in the order of the input."""
        return self.text_encoder.encode(words.to(self.mean), tags.to(self.mean), lengths)

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Tagged captions ("a/DET man/NOUN walk/VERB") -> [B, D] in the order of the input."""
        if self.vectoriser is None:
            raise ValueError("this evaluator was made without word vectors and cannot read text")
        sentences = [self.vectoriser.sentence(text.split()) for text in texts]
        return self.embed_words(
            torch.from_numpy(np.stack([sentence.vectors for sentence in sentences])),
            torch.from_numpy(np.stack([sentence.tags for sentence in sentences])),
            torch.tensor([sentence.length for sentence in sentences]),
        )


def load_weights(path: Path) -> dict[str, dict[str, Tensor]]:
    """Read `finest.tar` as weights only (no code is run): state dictionaries of the three encoders."""
    try:
        content = torch.load(check_file(path, "evaluator"), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds; each means the same to the caller
        raise ValueError(
            f"{path} cannot be read as plain weights ({reason(error)}); copy it again"
        ) from error
    missing = [part for part in PARTS if not isinstance(content, dict) or part not in content]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(missing)}: it is not the official text_mot_match checkpoint"
        )
    return {part: content[part] for part in PARTS}


def build_official_evaluator(
    weights: Mapping[str, Mapping[str, Tensor]],
    mean: Any,
    std: Any,
    vectoriser: WordVectoriser | None = None,
) -> OfficialEvaluator:
    """An evaluator from weights in memory; every key must fit."""
    try:
        dims = OfficialDims.of(weights)
    except (KeyError, IndexError, AttributeError, TypeError) as error:
        raise ValueError(
            f"the evaluator's weights are others than the official ones ({reason(error)}); give the t2m/ of HumanML3D"
        ) from error
    evaluator = OfficialEvaluator(dims, mean, std, vectoriser)
    try:
        for part in PARTS:
            getattr(evaluator, part).load_state_dict(dict(weights[part]))
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the evaluator's weights do not fit together ({reason(error)}); give the t2m/ of HumanML3D"
        ) from error
    return evaluator


def load_official_evaluator(folder: Path, glove: Path | None = None) -> OfficialEvaluator:
    """Load the official release.

    Args:
        folder: the release's `t2m/`, with `text_mot_match/` and `Comp_v6_KLD01/` inside.
        glove: the release's `glove/`; None if only motions are embedded.
    """
    folder = Path(folder)
    for name, what in OFFICIAL_FILES.items():
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder / name} is missing: {what}. It belongs to the official evaluator (the folder "
                "t2m/ of HumanML3D's or MDM's evaluation download)"
            )
    mean, std = (load_numbers(folder / f"Comp_v6_KLD01/meta/{name}.npy") for name in ("mean", "std"))
    vectoriser = WordVectoriser.load(glove) if glove is not None else None
    return build_official_evaluator(
        load_weights(folder / "text_mot_match/model/finest.tar"), mean, std, vectoriser
    )
