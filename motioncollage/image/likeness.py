"""Textures like one photograph: a small network learns its crops at two scales, and makes the whole before the detail.

At the coarse scale a piece sees a good part of the photograph, and learns how its stones or bricks lie; at the fine one
it learns what they are made of. The coarse texture is made first, on a torus of its own; the fine one starts from it,
enlarged, with as much noise as hides what it lacks, and its coarse part is led to it until little noise is left.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed, NoiseLevel
from motioncollage.files import read_text
from motioncollage.image.data import Crops, Picture, PictureFolder
from motioncollage.image.network import CONFIG, SMALLEST, ImageConfig, ImageNetwork, save_network
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.image.plans import PieceSettings
from motioncollage.image.torus import Offset, TorusPlan, plan_torus
from motioncollage.image.training import ImageObjective, ImageTraining, Part
from motioncollage.sampling.noise import OnStep
from motioncollage.sampling.registry import sample_from
from motioncollage.sampling.schedules import SigmaSchedule
from motioncollage.seeds import RENEWED, Noise, sample_keys
from motioncollage.training import Trainer, TrainingSettings

WHOLE, DETAIL = "whole", "detail"  # the classes of such a network: its scales
FACTORS = (
    4,
    2,
)  # how many times as coarse the coarse scale is; the first that leaves the photograph large enough
START = 0.8  # noise that the enlarged coarse texture gets before its detail is made
LED = (0.2, 0.4)  # noise down to which the coarse part is led wholly, and above which it is left alone below
DETAIL_STEPS = 0.6  # steps of the detail in parts of those of the whole: it starts halfway


@dataclass(frozen=True)
class Recipe:
    """How a photograph is learnt, from the weights of a model that knows pictures.

    Attributes:
        steps: of training.
        batch_size: squares in a step.
        share: part of the steps that learn the coarse scale.
    """

    steps: int = 150
    batch_size: int = 8
    learning_rate: float = 5e-4
    share: float = 0.5


def coarse_factor(photo: Tensor, size: int) -> int:
    """How many times as coarse the coarse scale of a photograph [3, height, width] is, for pieces of `size`.

    Raises:
        ValueError: a photograph that is too small to be learnt at two scales.
    """
    for factor in FACTORS:
        if min(photo.shape[1:]) >= factor * size:
            return factor
    raise ValueError(
        f"the photo has {photo.shape[2]} x {photo.shape[1]} pixels; a texture needs one of at least"
        f" {FACTORS[-1] * size} a side"
    )


class ExactCrops(Crops):
    """Squares as large as they are in the picture."""

    def draw(
        self, picture: Picture, generator: torch.Generator, frame: tuple[int, int] | None = None
    ) -> tuple[Tensor, tuple[float, float], Tensor | None]:
        """A square [3, size, size] in -1 to 1, and no place that means anything."""
        _, height, width = picture.pixels.shape
        top, left = (
            int(torch.randint(side - self.size + 1, (), generator=generator)) for side in (height, width)
        )
        square = picture.pixels[:, top : top + self.size, left : left + self.size]
        return square.float() / 127.5 - 1, (0.0, 1.0), None


# Pieces and what they share: an eighth at the fine scale, a half at the coarse one, which is small.
SHARED = {WHOLE: 1 / 2, DETAIL: 1 / 8}
LOG_SIGMA = {WHOLE: (-0.8, 1.4), DETAIL: (-1.6, 1.1)}  # the detail is made from little noise only


class TwoScales:
    """Denoising error of crops of a photograph, in turn at its two scales (`motioncollage.training.Objective`)."""

    def __init__(self, photo: Tensor, config: ImageConfig, recipe: Recipe) -> None:
        self.share = recipe.share
        coarse = torch.nn.functional.avg_pool2d(photo[None], coarse_factor(photo, config.size))[0]
        self.of: dict[str, ImageObjective] = {}
        for number, (name, pixels) in enumerate(((WHOLE, coarse), (DETAIL, photo))):
            shared = SHARED[name]
            parts = (Part(1, 1, 0.6), Part(1, shared, 0.15), Part(shared, 1, 0.15), Part(shared, shared, 0.1))
            training = ImageTraining(
                recipe.batch_size, ExactCrops(size=config.size), LOG_SIGMA[name], drop_class=0.0, drop_extent=1.0,
                parts=parts,
            )  # fmt: skip
            picture = Picture((pixels + 1) * 127.5, number, name)
            self.of[name] = ImageObjective(PictureFolder((picture,), (WHOLE, DETAIL), {}), config, training)

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        coarse = math.floor((step + 1) * self.share) > math.floor(step * self.share)
        return self.of[WHOLE if coarse else DETAIL].training_terms(model, step, generator)

    def validation_loss(self, model: nn.Module) -> float:
        """Of both scales together."""
        return sum(objective.validation_loss(model) for objective in self.of.values())


def learn(
    photo: Tensor, folder: Path, start: ImageNetwork, recipe: Recipe, *, about: dict[str, Any], seed: int = 0,
    on_step: OnStep | None = None,
) -> None:  # fmt: skip
    """Train on a photograph [3, height, width] in -1 to 1, and write the model into a folder.

    Args:
        start: what the network begins with: it has seen many pictures; begun with nothing, it makes coloured noise after
            a hundred steps.
        about: further facts for the folder's configuration.

    Raises:
        ValueError: a photograph that is too small.
        KeyboardInterrupt: stopped before the end; nothing is written.
    """
    factor = coarse_factor(photo, start.config.size)
    config = replace(start.config, classes=(WHOLE, DETAIL))
    weights = start.state_dict()
    if start.config.classes != config.classes:
        # Both scales begin as pictures of no class.
        weights = {**weights, "classes.weight": start.null.detach().expand(2, -1).clone()}
    network = ImageNetwork(config).to(start.null.device)
    network.load_state_dict(weights)
    settings = TrainingSettings(
        steps=recipe.steps, learning_rate=recipe.learning_rate, warmup=10, schedule="cosine", weight_decay=0.0,
        ema_decay=0.98, validate_every=0, seed=seed,
    )  # fmt: skip
    trainer = Trainer(network, TwoScales(photo, config, recipe), settings, checkpoint=None)
    reached = trainer.run(lambda step, _: on_step(step, recipe.steps) if on_step else None)
    if reached < recipe.steps:
        raise KeyboardInterrupt
    assert isinstance(trainer.average, ImageNetwork)
    save_network(folder, trainer.average, {**about, "texture": {"factor": factor, "steps": reached}})


def texture_factor(folder: Path) -> int | None:
    """How many times as coarse the coarse scale of a model that `learn` wrote is; None for any other model."""
    if not (folder / CONFIG).is_file():
        return None
    try:
        found = json.loads(read_text(folder / CONFIG))["about"]["texture"]["factor"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if found in FACTORS else None


@dataclass(frozen=True)
class Coarse:
    """Observes a texture that is `size` (height, width) in all: means of areas, round the torus."""

    size: tuple[int, int]
    fine: tuple[int, int]

    def apply(self, x: Tensor) -> Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(x, self.size)

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """y enlarged without steps, which repeating would leave, and across the edges."""
        around = torch.nn.functional.pad(y, (2, 2, 2, 2), mode="circular")
        sides = [round(side * (n + 4) / n) for side, n in zip(self.fine, self.size)]
        made = torch.nn.functional.interpolate(around, size=sides, mode="bicubic", align_corners=False)
        top, left = ((whole - side) // 2 for whole, side in zip(sides, self.fine))
        return made[..., top : top + self.fine[0], left : left + self.fine[1]]


@dataclass(frozen=True)
class Led:
    """A denoiser whose clean predictions agree with a coarse texture while there is much noise, and then less and less."""

    denoiser: Composed
    observation: Coarse
    value: Tensor

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        clean = self.denoiser(x, level)
        free, wholly = LED
        share = min(1.0, max(0.0, (level.sigma / level.alpha - free) / (wholly - free)))
        if share == 0:
            return clean
        missing = self.value - self.observation.apply(clean)
        return clean + share * self.observation.pseudo_inverse(missing)


@dataclass(frozen=True)
class Likeness:
    """Makes textures with a model of `learn`.

    Attributes:
        pipeline: of the loaded model.
        factor: how many times as coarse its coarse scale is.
        offset: of the rows of pieces.
        taper: as in `PieceSettings`.
    """

    pipeline: ImagePipeline
    factor: int
    offset: Offset = "none"
    taper: float = 0.5

    def plan(self, height: int, width: int, scale: str) -> TorusPlan:
        """Pieces of one scale over a torus."""
        model = self.pipeline.model
        shared = max(1, round(model.size * SHARED[scale] / model.multiple)) * model.multiple
        cut = PieceSettings(model.size, shared, self.taper, multiple=model.multiple)
        return plan_torus(height, width, cut, self.offset)

    def coarse_size(self, height: int, width: int) -> tuple[int, int]:
        """Pixels of the coarse texture: at least a piece, in whole blocks."""
        least = self.pipeline.model.size
        rows, columns = (
            max(least, round(side / self.factor / SMALLEST) * SMALLEST) for side in (height, width)
        )
        return rows, columns

    def make(
        self, height: int, width: int, settings: ImageSettings, *, on_step: OnStep | None = None,
        photo: Tensor | None = None, known: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Textures [samples, 3, height, width] in -1 to 1.

        Args:
            photo: [1, 3, height, width], a part of which is kept.
            known: [1, 1, height, width], True on that part.
        """
        steps = settings.sampler.steps
        later = max(2, round(DETAIL_STEPS * steps))
        total = steps + later  # a bar that both scales fill

        def part(first: int) -> OnStep | None:
            return (lambda done, _: on_step(first + done, total)) if on_step else None

        size = self.coarse_size(height, width)
        observation = Coarse(size, (height, width))
        coarse = self._whole(size, settings, observation, photo, known, part(0))
        plan = self.plan(height, width, DETAIL)
        detail = replace(settings, sampler=replace(settings.sampler, steps=later))
        denoiser: Composed = Led(self._composed(plan, DETAIL, settings), observation, coarse)
        given = observation.pseudo_inverse(coarse)
        if photo is not None and known is not None:
            photo, known = photo.to(given), known.to(given.device)
            denoiser = Replacement(denoiser, Mask(known), photo * known)
            given = torch.where(known, photo, given)
        sigmas = SigmaSchedule(SigmaSchedule().sigma_min, START).sigmas(later)
        levels = [self.pipeline.model.levels.at(float(sigma)) for sigma in sigmas]
        start = given + levels[0].sigma * self.pipeline.noise_of(tuple(given.shape[1:]), settings, draw=1)
        renewed = Noise(sample_keys(settings.seed, settings.samples), RENEWED, 1, device=given.device)
        made = sample_from(
            denoiser, start, levels, self.pipeline.model.levels, detail.sampler, renewed, on_step=part(steps)
        ).clamp(-1, 1)
        # To the bit, which adding what is missing is not.
        return made if photo is None or known is None else torch.where(known, photo, made)

    def _composed(self, plan: TorusPlan, scale: str, settings: ImageSettings) -> Composed:
        vector = self.pipeline.model.vector(scale)
        return self.pipeline.compose(plan, plan.conditions(self.pipeline.model, lambda _: vector), settings)

    def _whole(
        self, size: tuple[int, int], settings: ImageSettings, observation: Coarse, photo: Tensor | None,
        known: Tensor | None, on_step: OnStep | None,
    ) -> Tensor:  # fmt: skip
        """The coarse texture, of which what is known altogether is kept."""
        plan = self.plan(*size, WHOLE)
        denoiser = self._composed(plan, WHOLE, settings)
        if photo is not None and known is not None:
            whole = Mask(observation.apply(known.to(photo)) > 0.999)
            value = observation.apply(photo) * whole.known
            denoiser = Replacement(Reconstruction(denoiser, whole, value), whole, value)
        start = self.pipeline.noise(plan, settings)
        return self.pipeline.sample(denoiser, start, settings, on_step=on_step)


def middle(height: int, width: int, border: int) -> Tensor:
    """Where a photograph is kept [1, 1, height, width]: all but so many pixels along each edge.

    Raises:
        ValueError: a border that leaves nothing.
    """
    if not 0 < 2 * border < min(height, width):
        raise ValueError(
            f"--border is {border} pixels of {width} x {height}; leave something of the middle, and make something"
        )
    known = torch.zeros(1, 1, height, width, dtype=torch.bool)
    known[..., border:-border, border:-border] = True
    return known


def shrunk(photo: Tensor, side: int) -> Tensor:
    """A photograph [3, height, width] whose shorter side is at most `side`, in multiples of 8."""
    shape: Sequence[int] = photo.shape[1:]
    scale = min(1.0, side / min(shape))
    rows, columns = (max(SMALLEST, round(n * scale / SMALLEST) * SMALLEST) for n in shape)
    if (rows, columns) == tuple(shape):
        return photo
    return torch.nn.functional.interpolate(photo[None], (rows, columns), mode="bicubic", antialias=True)[
        0
    ].clamp(-1, 1)
