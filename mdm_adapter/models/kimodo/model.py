"""A Kimodo model as the house sees it: everything that planning, sampling, editing and evaluation ask of one."""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.checkpoint import LoadedKimodo, load_kimodo
from mdm_adapter.models.kimodo.collage import TravellingCollage
from mdm_adapter.models.kimodo.constraints import Constraint, observe
from mdm_adapter.models.kimodo.denoiser import MAX_FRAMES, KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.guidance import KimodoGuidance
from mdm_adapter.models.kimodo.loops import LoopingCollage, Places
from mdm_adapter.models.kimodo.representation import Pose
from mdm_adapter.models.kimodo.retarget import from_smpl, to_smpl
from mdm_adapter.models.kimodo.schedule import KimodoLevels
from mdm_adapter.models.kimodo.text.cleaning import clean_prompt
from mdm_adapter.models.kimodo.windows import Origin
from mdm_adapter.models.text import TextEmbedding, TextEncoder, embed_each
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Condition
from motioncollage.collage.graph import FactorGraph
from motioncollage.sampling.registry import SamplerSettings
from motioncollage.training import step_generator

SAMPLER = SamplerSettings("ddim", 100)  # the published one
PIECE, OVERLAP = 240, 30  # frames: 8 s and 1 s of the 10 s that the network knows
CARD, MAX_CARD_BYTES = "README.md", 4 << 20
_LICENCE = re.compile(r"^(license|license_name|license_link):\s*(\S.*)$", re.MULTILINE)


class KimodoModel:
    """A loaded folder with a text encoder; made once, used for many motions.

    Features are [samples, frames, width], normalised where the network and samplers see them.
    """

    max_frames = MAX_FRAMES
    sampler = SAMPLER
    piece, overlap = PIECE, OVERLAP

    def __init__(self, loaded: LoadedKimodo, encoder: TextEncoder, *, name: str) -> None:
        """Args:
            name: what the settings of a motion call the model.

        Raises:
            ValueError: an encoder of another width than the network reads.
        """
        wanted = loaded.config.network.text_width
        if encoder.width != wanted:
            raise ValueError(
                f"the text encoder embeds in {encoder.width} numbers and {name} reads {wanted}; use the model's own"
                " (LLM2Vec), or embeddings made with it"
            )
        self.loaded, self.encoder, self.name = loaded, encoder, name
        self.network, self.representation = loaded.network, loaded.representation
        self.statistics = loaded.statistics
        self.guidance = KimodoGuidance(loaded.config.guidance)
        self.fps, self.width = loaded.config.fps, loaded.representation.width
        self.device = next(loaded.network.parameters()).device

    @classmethod
    def load(
        cls,
        folder: Path | str,
        encoder: TextEncoder,
        *,
        name: str | None = None,
        device: torch.device | str = "cpu",
        joints: Path | str | None = None,
    ) -> "KimodoModel":
        """From a folder as the hub ships it (see `checkpoint.load_kimodo`)."""
        loaded = load_kimodo(folder, device=device, joints=joints)
        return cls(loaded, encoder, name=name or Path(folder).name)

    def denoiser(self, *, precision: str = "float32", beyond: bool = False) -> KimodoDenoiser:
        """The network on windows in their own frame."""
        return KimodoDenoiser(self.network, precision=precision, beyond=beyond)

    def levels(self, spacing: float = 1.0) -> KimodoLevels:
        """Noise levels for `motioncollage.sampling.registry.sample`; spacing 1 visits what the published sampler does."""
        return KimodoLevels(spacing, self.loaded.config.base_steps)

    def normalise(self, features: Tensor) -> Tensor:
        return self.statistics.apply(features)

    def denormalise(self, normalised: Tensor) -> Tensor:
        return self.statistics.undo(normalised)

    def noise(self, frames: int, seed: int, number: int) -> Tensor:
        """Start [frames, width] of one sample; the same whatever the number of samples beside it."""
        return torch.randn((frames, self.width), generator=step_generator(seed, number)).to(self.device)

    def conditions(self, texts: Sequence[str]) -> list[TextEmbedding | None]:
        """A condition for each text, cleaned up as in training; the null token for an empty one.

        Raises:
            ValueError: the encoder has no embedding of a sentence.
        """
        return embed_each(self.encoder, [clean_prompt(text) for text in texts], self.device)

    def observe(self, constraints: Sequence[Sequence[Constraint]], frames: int) -> Observed:
        """Constraints of each sample as the network reads them."""
        observed = observe(constraints, self.representation, self.statistics.to("cpu"), frames)
        return Observed(observed.values.to(self.device), observed.mask.to(self.device))

    def compose(
        self,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        *,
        guidance: KimodoGuidance | Sequence[KimodoGuidance] | None = None,
        composition: Composition = "collage",
        observed: Observed | None = None,
        start: Origin | None = None,
        precision: str = "float32",
        batch_limit: int = 64,
    ) -> TravellingCollage:
        """One denoiser of a long motion (see `TravellingCollage`); of one piece, for a graph of one."""
        return TravellingCollage(
            self.denoiser(precision=precision), graph, conditions,
            guidance=self.guidance if guidance is None else guidance,
            composition=composition, observed=observed, start=start, batch_limit=batch_limit,
        )  # fmt: skip

    def compose_loop(
        self,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        *,
        guidance: KimodoGuidance | Sequence[KimodoGuidance] | None = None,
        composition: Composition = "collage",
        observed: Observed | None = None,
        travel: bool = True,
        turns: int = 0,
        heading: float = 0.0,
        precision: str = "float32",
        batch_limit: int = 64,
        places: Places | None = None,
    ) -> LoopingCollage:
        """One denoiser of a cycle, for one sample (see `LoopingCollage`); read the result with its `unrolled`."""
        return LoopingCollage(
            self.denoiser(precision=precision), graph, conditions,
            guidance=self.guidance if guidance is None else guidance, composition=composition,
            observed=observed, travel=travel, turns=turns, heading=heading, batch_limit=batch_limit,
            places=places,
        )  # fmt: skip

    def pose(self, features: Tensor) -> Pose:
        """The model's own body (30 joints of SOMA, 22 of SMPL-X) from features, not normalised."""
        return self.representation.decode(features)

    def to_joints(self, features: Tensor) -> Tensor:
        """Our 22 joints [..., frames, 22, 3] in metres from features, not normalised, on the model's own body."""
        return to_smpl(self.pose(features).joints, self.representation.skeleton)

    def from_joints(self, joints: Tensor, *, fps: float | None = None) -> Tensor:
        """Features [frames, width], not normalised, of a motion of our 22 joints (see `retarget.from_smpl`).

        Args:
            fps: of the joints; the model's own by default.
        """
        rate = self.fps if fps is None else fps
        return from_smpl(joints, self.representation, fps=rate).to(joints)


def read_licence(folder: Path | str) -> str | None:
    """What the model card in a folder says of its licence, in one line; None where there is no card or it is silent."""
    card = Path(folder) / CARD
    if not card.is_file() or card.stat().st_size > MAX_CARD_BYTES:
        return None
    head = card.read_text(encoding="utf-8", errors="replace").partition("\n---")[0]
    said = dict(_LICENCE.findall(head))
    parts = [said[key].strip()[:200] for key in ("license_name", "license", "license_link") if key in said]
    return ", ".join(part for part in parts if part.isprintable()) or None
