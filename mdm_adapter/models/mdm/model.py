"""MDM, and the bundled model that shares its schedule and features, as what pipelines ask for."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from torch import Tensor

from mdm_adapter.models.happening import Happening
from mdm_adapter.models.identity import identity_of
from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.denoiser import MDMDenoiser
from mdm_adapter.models.protocol import MotionDefaults
from mdm_adapter.models.text import TextEmbedding, TextEncoder, embed_each
from mdm_adapter.models.vocabulary import Matcher, Vocabulary
from mdm_adapter.representation.humanml3d import HUMANML3D
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.collage.guidance import Guidance
from motioncollage.sampling.levels import DiscreteLevels
from motioncollage.sampling.schedules import VPSchedule

# As many actions happen as with more, and joins are smoother (docs/studies).
STARTER_GUIDANCE = Guidance(2.0, limit=6.4, above=2.0)
PUBLISHED_GUIDANCE = Guidance(2.5)


class MDMModel:
    """`MotionModel` of a checkpoint with its text encoder."""

    representation = HUMANML3D

    def __init__(
        self,
        loaded: LoadedModel,
        encoder: TextEncoder,
        *,
        name: str,
        vocabulary: Vocabulary | None = None,
        happening: Mapping[str, Happening] | None = None,
    ) -> None:
        """Args:
            vocabulary: actions that it knows, for lengths and warnings; None for open-ended models.
            happening: how often they happen, by label, where that was measured.

        Raises:
            ValueError: a checkpoint without statistics.
        """
        normalisation = check_statistics(loaded, name)
        self.loaded, self.encoder, self.name = loaded, encoder, name
        self.longest = loaded.config.max_frames
        self.device = next(loaded.network.parameters()).device
        self.normalisation = normalisation.to(self.device)
        self.schedule = VPSchedule.named(loaded.config.noise_schedule, loaded.config.diffusion_steps)
        self.matcher = Matcher(vocabulary, encoder, happening) if vocabulary else None
        self.own_encoder = loaded.config.text_encoder_type in ("static", "ordered")
        self.defaults = MotionDefaults(STARTER_GUIDANCE if self.own_encoder else PUBLISHED_GUIDANCE)

    @cached_property
    def identity(self) -> str:
        return identity_of(self.loaded.network.state_dict())

    def levels(self, spacing: float) -> DiscreteLevels:
        return DiscreteLevels(self.schedule, spacing)

    def denoiser(self, precision: str, *, beyond: bool = False) -> MDMDenoiser:
        return MDMDenoiser(self.loaded.network, precision=precision, beyond=beyond)

    def padded(self, precision: str, valid: Sequence[int]) -> MDMDenoiser:
        return MDMDenoiser(self.loaded.network, precision=precision, valid=valid)

    def conditions(self, texts: Sequence[str]) -> list[TextEmbedding | None]:
        """Each distinct sentence is embedded once; what plainly means a known action comes nearer to its captions."""
        own = dict(zip(texts, embed_each(self.encoder, texts, self.device), strict=True))
        told = {
            text: None if embedding is None else self._told(text, embedding)
            for text, embedding in own.items()
        }
        return [told[text] for text in texts]

    def _told(self, text: str, own: TextEmbedding) -> TextEmbedding:
        """What the network is told of a sentence whose embedding has the bundled encoders' one token."""
        known = self.matcher.in_known_words(text) if self.matcher and self.own_encoder else None
        if known is None:
            return own
        return own._replace(tokens=known.to(own.tokens)[None] * own.tokens.norm())

    def normalise(self, features: Tensor) -> Tensor:
        return self.normalisation.apply(features)

    def denormalise(self, motion: Tensor) -> Tensor:
        return self.normalisation.undo(motion)


def check_statistics(loaded: LoadedModel, name: str) -> Normalisation:
    """The statistics that came with a checkpoint.

    Raises:
        ValueError: none did.
    """
    if loaded.normalisation is None:
        raise ValueError(f"model {name} has no Mean.npy and Std.npy; copy the dataset's into its folder")
    return loaded.normalisation
