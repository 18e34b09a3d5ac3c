"""HY-Motion as what pipelines ask for: a flow whose velocities become clean predictions, and pieces that stand somewhere."""

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from mdm_adapter.models.hymotion.checkpoint import LoadedHYMotion
from mdm_adapter.models.hymotion.collage import StandingCollage
from mdm_adapter.models.hymotion.network import HYMotionNetwork, Text
from mdm_adapter.models.hymotion.representation import HYMOTION
from mdm_adapter.models.identity import identity_of
from mdm_adapter.models.protocol import Composing, CyclePath, MotionDefaults
from mdm_adapter.models.text import TextEmbedding, TextEncoder, embed_each
from motioncollage.collage.denoiser import Composed, Condition, NoiseLevel, flow_prediction
from motioncollage.collage.graph import FactorGraph
from motioncollage.collage.guidance import Guidance
from motioncollage.precision import check_precision, mixed
from motioncollage.sampling.flow import FlowLevels

PIECE, OVERLAP = 300, 30  # frames: 10 s and 1 s of the 12 s that the network knows
NO_LOOPS = "HY-Motion makes no loops (its pieces are turned to face +z, and a cycle has no first one); use another model"


class HYMotionDenoiser:
    """Scores pieces and overlaps alike. Conditions are rows of a `TextEmbedding`: first the sentence, then its tokens."""

    HALF_ABOVE = 0.3  # noise-to-signal ratio above which bfloat16 does no harm

    def __init__(self, loaded: LoadedHYMotion, *, precision: str, beyond: bool) -> None:
        check_precision(precision)
        self.loaded, self.precision = loaded, precision
        self.longest = None if beyond else loaded.network.config.longest

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[TextEmbedding | None]) -> Tensor:
        """Clean motion from x [batch, frames, width], normalised.

        Raises:
            ValueError: a window longer than any motion of the training.
        """
        if self.longest is not None and x.shape[1] > self.longest:
            raise ValueError(
                f"a piece has {x.shape[1]} frames; this model was trained on at most {self.longest}: use shorter pieces"
            )
        network: HYMotionNetwork = self.loaded.network
        time = torch.full((len(x),), level.timestep, dtype=torch.float32, device=x.device)
        half = mixed(self.precision, x.device, enabled=level.sigma > self.HALF_ABOVE * level.alpha)
        with torch.set_grad_enabled(x.requires_grad), half:
            velocity: Tensor = network(x, time, self._text(conditions, x))
        return flow_prediction(x, velocity.to(x.dtype), level)

    def _text(self, conditions: Sequence[TextEmbedding | None], x: Tensor) -> Text:
        config = self.loaded.network.config
        longest = max((len(c.tokens) - 1 for c in conditions if c is not None), default=1)
        tokens = x.new_zeros(len(x), max(1, longest), config.ctxt_input_dim)
        there = torch.zeros(tokens.shape[:2], dtype=torch.bool, device=x.device)
        sentence = x.new_zeros(len(x), config.vtxt_input_dim)
        for row, condition in enumerate(conditions):
            if condition is None:
                tokens[row, 0], there[row, 0] = self.loaded.null_token.to(x), True
                sentence[row] = self.loaded.null_sentence.to(x)
                continue
            count = len(condition.tokens) - 1
            tokens[row, :count] = condition.tokens[1:].to(x)
            there[row, :count] = ~condition.padding[1:]
            sentence[row] = condition.tokens[0, : config.vtxt_input_dim].to(x)
        return Text(tokens, there, sentence)


class HYMotionModel:
    """`MotionModel` and `PlacedModel` of an HY-Motion with its text encoder."""

    matcher = None
    representation = HYMOTION

    def __init__(self, loaded: LoadedHYMotion, encoder: TextEncoder, *, name: str) -> None:
        """Raises:
        ValueError: an encoder of another width than the network reads.
        """
        config = loaded.network.config
        if encoder.width != config.ctxt_input_dim:
            raise ValueError(
                f"the text encoder embeds in {encoder.width} numbers and {name} reads {config.ctxt_input_dim}; give"
                " embeddings made with the model's own (Qwen3-8B and CLIP ViT-L/14, docs/models.md)"
            )
        self.loaded, self.encoder, self.name = loaded, encoder, name
        self.device = next(loaded.network.parameters()).device
        self.longest = config.longest
        self.defaults = MotionDefaults(
            Guidance(loaded.guidance), min(PIECE, self.longest), min(OVERLAP, self.longest // 4), feet="free"
        )

    @cached_property
    def identity(self) -> str:
        statistics = self.loaded.normalisation
        return identity_of(
            {"mean": statistics.mean, "std": statistics.std, **self.loaded.network.state_dict()}
        )  # fmt: skip

    def levels(self, spacing: float) -> FlowLevels:
        return FlowLevels(spacing)

    def denoiser(self, precision: str, *, beyond: bool = False) -> HYMotionDenoiser:
        return HYMotionDenoiser(self.loaded, precision=precision, beyond=beyond)

    def conditions(self, texts: Sequence[str]) -> list[TextEmbedding | None]:
        return embed_each(self.encoder, [text.strip() for text in texts], self.device)

    def normalise(self, features: Tensor) -> Tensor:
        return self.loaded.normalisation.apply(features)

    def denormalise(self, motion: Tensor) -> Tensor:
        return self.loaded.normalisation.undo(motion)

    def compose(self, graph: FactorGraph, conditions: Sequence[Condition | None], how: Composing) -> Composed:
        if how.loop is not None:
            raise ValueError(NO_LOOPS)
        return how.guidance.compose(
            lambda scale: StandingCollage(
                self.denoiser(how.precision), self.loaded.normalisation, graph, conditions, how.scales(scale),
                composition=how.composition, start=how.start, batch_limit=how.batch_limit,
            )
        )  # fmt: skip

    def opened(self, motion: Tensor, loop: CyclePath) -> Tensor:
        raise ValueError(NO_LOOPS)
