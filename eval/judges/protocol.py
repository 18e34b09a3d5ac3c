"""What the evaluation asks of an embedding network. Anything of this shape can judge motion."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class MotionEmbedder(Protocol):
    """Turns motions into points of a space where distances mean something."""

    @property
    def embedding_width(self) -> int:
        """D, the width of an embedding."""
        ...

    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Embed motions.

        Args: features: [B, T, 263], in the units of the features: *not* normalised. An evaluator normalises
            with its
                own statistics, which are not those of the generator.
            lengths: [B] valid frames; what lies beyond them is ignored.

        Returns:
            [B, D] in the order of the input.
        """
        ...


@runtime_checkable
class TextEmbedder(Protocol):
    """Turns descriptions into points of the same space."""

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed descriptions.

        Args: texts: B strings in the form the evaluator reads: captions for the starter evaluator, tagged
            tokens
                ("a/DET person/NOUN walk/VERB", as HumanML3D's text files hold them) for the official one.

        Returns:
            [B, D] in the order of the input.
        """
        ...


@runtime_checkable
class TextMotionEvaluator(MotionEmbedder, TextEmbedder, Protocol):
    """Both encoders, sharing one space."""


@runtime_checkable
class SeesBeyond(Protocol):
    """An evaluator whose last group of frames looks past the end of a motion, as the official one does."""

    def embed_left(self, features: Tensor, lengths: Tensor, given: Tensor) -> Tensor:
        """As `embed_motion`, but what lies beyond a length is looked at, up to the frames that are given [B]."""
        ...
