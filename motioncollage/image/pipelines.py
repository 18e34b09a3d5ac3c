"""From a plan to a picture: compose, sample, and edits that keep what there is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from motioncollage.collage.compose import CollageDenoiser, Composition
from motioncollage.collage.conditioning import Observation, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed, Condition
from motioncollage.image.models import ImageModel
from motioncollage.image.network import ImageNetwork
from motioncollage.image.plans import CUBE_AXES, SITE_AXES, CubePlan, ImagePlan, places
from motioncollage.sampling.eta import sample_eta
from motioncollage.sampling.noise import OnStep
from motioncollage.sampling.registry import SamplerSettings, sample, sample_from
from motioncollage.sampling.schedules import SigmaSchedule
from motioncollage.seeds import RENEWED, START, Noise, sample_keys

# Where a picture that is known but for its finest begins, far above what is open, and ends, finer than a picture's steps.
FINER_NOISE = (12.0, 0.002)
# The paper's sampler, stochastic (Karras et al. 2022): renewed noise lets pieces settle that disagree.
STOCHASTIC = SamplerSettings("heun", 20, churn=10.0)


@dataclass(frozen=True)
class ImageSettings:
    """Everything that decides a picture, besides the model, the plan and its conditions.

    Attributes:
        seed: of the noise.
        samples: pictures made at a time.
        sampler: takes half the time of `STOCHASTIC`, and makes what is nearer to real pictures (docs/images.md).
        guidance: 1 none.
        composition: `collage`, or `average` (MultiDiffusion).
        batch_limit: most pieces in a network call.
    """

    seed: int = 0
    samples: int = 1
    sampler: SamplerSettings = field(default_factory=lambda: SamplerSettings("dpm++", 20))
    guidance: float = 1.0
    composition: Composition = "collage"
    batch_limit: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 1000:
            raise ValueError(f"samples is {self.samples}; choose between 1 and 1000")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}; give a whole number from 0")


PROJECTIONS = 40
Along = Callable[[float], Tensor]


class ImagePipeline:
    """A loaded model; made once, used for many pictures."""

    def __init__(self, model: ImageModel, *, name: str) -> None:
        self.model, self.name = model, name

    @property
    def detail(self) -> ImageNetwork:
        """The network that makes pictures larger.

        Raises:
            ValueError: a model without one.
        """
        found = self.model.detail
        if found is None:
            raise ValueError(f"model {self.name!r} has no network of detail; leave --detail away")
        return found

    def conditions(
        self, plan: ImagePlan | CubePlan, along: Along | None, labels: Tensor | None = None
    ) -> list[Condition | None]:
        """A condition for every node: what lies there of a chain of vectors, which part of a picture it is, and its map.

        Args:
            labels: [height, width], what each site is; cropped to the nodes.
        """
        if labels is not None and tuple(labels.shape) != plan.graph.site_shape:
            raise ValueError(
                f"the map has {tuple(labels.shape)} pixels, the image {plan.graph.site_shape}; make them alike"
            )
        found = []
        for place, node in zip(places(plan, least=self.model.least_extent), plan.graph.nodes):
            part = None
            if labels is not None:
                part = labels.flatten()[node.region.sites.to(labels.device)].reshape(node.region.shape)
            found.append(self.model.condition(along(place.middle) if along else None, place.extent, part))
        return found

    def compose(
        self, plan: ImagePlan | CubePlan, conditions: Sequence[Condition | None], settings: ImageSettings
    ) -> Composed:
        """One denoiser of the whole image."""
        axes = SITE_AXES if isinstance(plan, ImagePlan) else CUBE_AXES
        denoiser, guidance = self.model.guided(settings.guidance)
        return CollageDenoiser(
            denoiser, plan.graph, conditions, axes=axes, guidance=guidance,
            composition=settings.composition, batch_limit=settings.batch_limit,
        )  # fmt: skip

    def noise(self, plan: ImagePlan | CubePlan, settings: ImageSettings) -> Tensor:
        """Standard normal start [samples, channels, height, width]; every sample from a stream of its own."""
        return self.noise_of((self.model.channels, *plan.graph.site_shape), settings)

    def noise_of(self, shape: tuple[int, ...], settings: ImageSettings, *, draw: int = 0) -> Tensor:
        """Standard normal start [samples, *shape]; every draw another."""
        keys = sample_keys(settings.seed, settings.samples)
        return Noise(keys, START, draw, device=self.model.device).draw(*shape)

    def generate(
        self, plan: ImagePlan | CubePlan, conditions: Sequence[Condition | None], settings: ImageSettings,
        *, on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """Sites [samples, channels, height, width] of pictures."""
        denoiser = self.compose(plan, conditions, settings)
        return self.sample(denoiser, self.noise(plan, settings), settings, on_step=on_step)

    def sample(
        self, denoiser: Composed, start: Tensor, settings: ImageSettings, *, draw: int = 0,
        on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """Sample a composed denoiser from standard normal noise."""
        renewed = self.renewed(settings, draw)
        return sample(denoiser, start, self.model.levels, settings.sampler, renewed, on_step=on_step)

    def refine(
        self, denoiser: Composed, begun: Tensor, settings: ImageSettings, steps: int, *, draw: int,
        on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """Sites that are known but for their finest, from little noise on, with DPM-Solver++.

        Args:
            denoiser: which is held to what is known.
            begun: [samples, channels, ...], what is known, as smooth as it is.
            draw: of the noise.
        """
        most, least = FINER_NOISE
        levels = self.model.levels
        visited = [levels.at(float(sigma)) for sigma in SigmaSchedule(least, most).sigmas(steps)]
        start = begun + most * self.noise_of(tuple(begun.shape[1:]), settings, draw=draw)
        renewed = self.renewed(settings, draw)
        return sample_from(
            denoiser, start, visited, levels, SamplerSettings("dpm++", steps), renewed, on_step=on_step
        )

    def renewed(self, settings: ImageSettings, draw: int = 0) -> Noise:
        """Noise that a sampler renews on its way."""
        keys = sample_keys(settings.seed, settings.samples)
        return Noise(keys, RENEWED, draw, device=self.model.device)

    def decode(self, sites: Tensor, plan: ImagePlan | CubePlan) -> Tensor:
        """Pictures in -1 to 1."""
        return self.model.decode(sites, wrapped=isinstance(plan, ImagePlan) and plan.wrapped)

    def restoring(
        self, plan: ImagePlan, conditions: Sequence[Condition | None], settings: ImageSettings,
        observation: Observation, value: Tensor,
    ) -> Composed:  # fmt: skip
        """A denoiser of sites that agree with y = H u: in-painting, super-resolution, connecting.

        Reconstruction leads into what is known (paper, algorithm 5), replacement then keeps it to the bit (algorithm 4).

        Args:
            observation: H.
            value: y, of the shape that H gives.
        """
        value = value.to(self.model.device)
        led = Reconstruction(self.compose(plan, conditions, settings), observation, value)
        return Replacement(led, observation, value)

    def redo(
        self, plan: ImagePlan, conditions: Sequence[Condition | None], settings: ImageSettings, given: Tensor,
        strength: float, *, on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """SDEdit (Meng et al. 2022): noise sites [channels, height, width], of strokes perhaps, and denoise them.

        Args:
            strength: noise's standard deviation, between the model's least and largest on a logarithmic scale: 0 keeps
                the picture, 1 forgets it.
        """
        if not 0 < strength <= 1:
            raise ValueError(
                f"strength is {strength:g}; choose above 0 (nothing changes) and up to 1 (nothing is kept)"
            )
        noisiest = self.model.levels.levels(2)[0]
        least, most = SigmaSchedule().sigma_min, SigmaSchedule().sigma_max
        top = least * (min(noisiest.sigma / noisiest.alpha, most) / least) ** strength
        ratios = SigmaSchedule(least, top).sigmas(settings.sampler.steps)
        levels = [self.model.levels.at(float(ratio)) for ratio in ratios]
        noisy = levels[0].alpha * given.to(self.model.device)[None] + levels[0].sigma * self.noise(
            plan, settings
        )
        denoiser = self.compose(plan, conditions, settings)
        renewed = self.renewed(settings)
        return sample_eta(denoiser, noisy, levels, eta=1.0, noise=renewed, on_step=on_step)


def settle(pictures: Tensor, observation: Observation, value: Tensor) -> Tensor:
    """Pictures in -1 to 1 that agree with y = H u, near those given.

    Cutting pixels off alone would change the means that super-resolution keeps. Alternating projections; y must be that
    of some picture.
    """
    value = value.to(pictures)
    for _ in range(PROJECTIONS):
        error = value - observation.apply(pictures)
        pictures = (pictures + observation.pseudo_inverse(error)).clamp(-1, 1)
    return pictures


def whole_sites(known: Tensor, factor: int) -> Tensor:
    """Which sites [1, 1, h, w] are known altogether, from known pixels [1, 1, h factor, w factor]."""
    if factor == 1:
        return known
    return -torch.nn.functional.max_pool2d(-known.float(), factor) > 0.5


def sites_of(pixels: int, model: ImageModel, name: str) -> int:
    """Sites along a side of so many pixels.

    Raises:
        ValueError: a side that the model's pieces do not divide.
    """
    unit = model.factor * model.multiple
    if pixels % unit or pixels < unit:
        nearest = max(1, math.floor(pixels / unit + 0.5)) * unit
        raise ValueError(f"{name} is {pixels} pixels; it must be a multiple of {unit}, such as {nearest}")
    return pixels // model.factor
