"""What downloaded models are told: texts, as their text encoders put them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition

LONGEST = 1 << 12  # tokens, of encoders and tokenizers that name no limit


@dataclass(frozen=True, eq=False)
class TextCondition:
    """What a piece shows: `tokens` [length, width]; of models that read one, also `pooled` [width], the text in sum."""

    tokens: Tensor
    pooled: Tensor | None = None

    @property
    def vector(self) -> Tensor:
        """All of it in a row, as slerp takes it."""
        return torch.cat([self.tokens.flatten(), *([] if self.pooled is None else [self.pooled])])

    def of_vector(self, vector: Tensor) -> "TextCondition":
        """A condition of the shape of this one, from all of it in a row."""
        tokens, pooled = vector[: self.tokens.numel()], vector[self.tokens.numel() :]
        return TextCondition(tokens.view_as(self.tokens), pooled if len(pooled) else None)


class TextEncoder:
    """A text encoder of `transformers`, CLIP or T5, and its tokenizer."""

    def __init__(
        self, network: Any, tokenizer: Any, *, longest: int = LONGEST, shortens: bool = False
    ) -> None:
        """Args:
            network: in evaluation mode.
            longest: most tokens that the model reads; fewer where the encoder or the tokenizer have fewer.
            shortens: whether a longer text is cut off, since another encoder reads all of it.

        Raises:
            ValueError: parts that do not fit together.
        """
        if len(tokenizer) > network.config.vocab_size:
            raise ValueError(
                f"the tokenizer knows {len(tokenizer)} tokens, the text encoder {network.config.vocab_size}; their"
                " folders are of different models"
            )
        self.network, self.tokenizer, self.shortens = network, tokenizer, shortens
        self.width = int(network.config.hidden_size)
        # A tokenizer without settings of its own claims no limit.
        places = int(getattr(network.config, "max_position_embeddings", LONGEST))
        self.longest = min(longest, places, tokenizer.model_max_length)

    def read(self, text: str, *, layers: bool = False) -> Any:
        """What the encoder says of a text, padded to `longest`: of all its layers if asked.

        Raises:
            ValueError: a text that is longer.
        """
        padded = self.tokenizer(
            text, padding="max_length", max_length=self.longest, return_tensors="pt", truncation=self.shortens
        )
        ids = padded["input_ids"].to(self.network.device)
        count = ids.shape[1]
        if count > self.longest:
            raise ValueError(
                f"text {text[:40]!r}... has {count} tokens, the model reads {self.longest}; shorten it"
            )
        # As the models were trained: the padding counts as text, unless the encoder says otherwise.
        masked = getattr(self.network.config, "use_attention_mask", False)
        mask = padded["attention_mask"].to(ids.device) if masked else None
        return self.network(ids, attention_mask=mask, output_hidden_states=layers)


class Texted:
    """What is told by texts, and knows no classes.

    Attributes:
        null: what stands for no text.
    """

    null: TextCondition

    def encode(self, text: str) -> TextCondition:
        """The condition of a text.

        Raises:
            ValueError: a text longer than the encoders read.
        """
        raise NotImplementedError

    def condition(self, wanted: int | str | None) -> TextCondition | None:
        """The condition of a text; None stays the null token."""
        if isinstance(wanted, int):
            raise ValueError(f"class {wanted} means nothing to this model; give a text")
        return None if wanted is None else self.encode(wanted)

    def told(self, conditions: Sequence[Condition | None], like: Tensor) -> TextCondition:
        """Conditions in a batch: tokens [batch, length, width] and pooled [batch, width], of the kind of `like`.

        Raises:
            ValueError: a condition of another kind or shape.
        """
        rows: list[TextCondition] = []
        for condition in conditions:
            row = self.null if condition is None else condition
            if not isinstance(row, TextCondition) or (row.pooled is None) != (self.null.pooled is None):
                raise ValueError(f"a condition is a {type(row).__name__}; give what encode makes, or None")
            if row.tokens.shape != self.null.tokens.shape:
                raise ValueError(
                    f"a condition has shape {tuple(row.tokens.shape)}; this model reads {tuple(self.null.tokens.shape)}"
                )
            rows.append(row)
        pooled = [row.pooled.to(like) for row in rows if row.pooled is not None]
        return TextCondition(
            torch.stack([row.tokens.to(like) for row in rows]), torch.stack(pooled) if pooled else None
        )
