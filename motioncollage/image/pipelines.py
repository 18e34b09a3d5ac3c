"""From a plan to a picture: compose, sample, and edits that keep what there is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from motioncollage.compose import CollageDenoiser, Composition
from motioncollage.conditioning import Observation, Reconstruction, Replacement
from motioncollage.denoiser import Composed, NoiseLevel
from motioncollage.image.denoiser import ImageDenoiser
from motioncollage.image.network import ImageCondition, ImageNetwork
from motioncollage.image.plans import CUBE_AXES, SITE_AXES, CubePlan, ImagePlan
from motioncollage.precision import check_precision
from motioncollage.samplers import ContinuousLevels, OnStep, gaussian, sample_eta
from motioncollage.sampling import SamplerSettings, sample
from motioncollage.schedules import SigmaSchedule
from motioncollage.training import step_generator


@dataclass(frozen=True)
class ImageSettings:
    """Everything that decides a picture, besides the model, the plan and its conditions.

    Attributes:
        seed: of the noise.
        samples: pictures made at a time.
        sampler: the paper uses the stochastic sampler of Karras et al. 2022, here `heun` with churn.
        guidance: 1 none.
        composition: `collage`, or `average` (MultiDiffusion).
        batch_limit: most pieces in a network call.
        precision: auto, float32, bfloat16.
    """

    seed: int = 0
    samples: int = 1
    sampler: SamplerSettings = field(default_factory=lambda: SamplerSettings("heun", 18, churn=10.0))
    guidance: float = 1.0
    composition: Composition = "collage"
    batch_limit: int = 32
    precision: str = "auto"

    def __post_init__(self) -> None:
        check_precision(self.precision)
        if not 1 <= self.samples <= 1000:
            raise ValueError(f"samples is {self.samples}; choose between 1 and 1000")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}; give a whole number from 0")


LEVELS = ContinuousLevels(SigmaSchedule())
PROJECTIONS = 40


class ImagePipeline:
    """A loaded network; made once, used for many pictures."""

    def __init__(self, network: ImageNetwork, *, name: str) -> None:
        self.network, self.name = network, name
        self.size = network.config.size
        self.device = network.null.device

    def compose(
        self, plan: ImagePlan | CubePlan, conditions: Sequence[ImageCondition | None], settings: ImageSettings
    ) -> Composed:
        """One denoiser of the whole image."""
        axes = SITE_AXES if isinstance(plan, ImagePlan) else CUBE_AXES
        return CollageDenoiser(
            ImageDenoiser(self.network, precision=settings.precision), plan.graph, conditions, axes=axes,
            guidance=settings.guidance, composition=settings.composition, batch_limit=settings.batch_limit,
        )  # fmt: skip

    def noise(self, plan: ImagePlan | CubePlan, settings: ImageSettings) -> Tensor:
        """Standard normal start [samples, 3, height, width]; every sample from a stream of its own."""
        shape = (3, *plan.graph.site_shape)
        parts = [
            torch.randn(shape, generator=step_generator(settings.seed, i)) for i in range(settings.samples)
        ]
        return torch.stack(parts).to(self.device)

    def generate(
        self, plan: ImagePlan | CubePlan, conditions: Sequence[ImageCondition | None], settings: ImageSettings,
        *, on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """Pictures [samples, 3, height, width] in -1 to 1."""
        denoiser = self.compose(plan, conditions, settings)
        return self.sample(denoiser, self.noise(plan, settings), settings, on_step=on_step)

    def sample(
        self, denoiser: Composed, start: Tensor, settings: ImageSettings, *, on_step: OnStep | None = None
    ) -> Tensor:
        """Sample a composed denoiser from standard normal noise; pixels beyond -1 to 1 are cut off."""
        generator = torch.Generator().manual_seed(settings.seed)
        made = sample(denoiser, start, LEVELS, settings.sampler, generator, on_step=on_step)
        return made.clamp(-1, 1)

    def restoring(
        self, plan: ImagePlan, conditions: Sequence[ImageCondition | None], settings: ImageSettings,
        observation: Observation, value: Tensor,
    ) -> Composed:  # fmt: skip
        """A denoiser of pictures that agree with y = H u: in-painting, super-resolution, connecting.

        Reconstruction leads into what is known (paper, algorithm 5), replacement then keeps it to the bit (algorithm 4).

        Args:
            observation: H.
            value: y, of the shape that H gives.
        """
        value = value.to(self.device)
        led = Reconstruction(self.compose(plan, conditions, settings), observation, value)
        return Replacement(led, observation, value)

    @staticmethod
    def settle(pictures: Tensor, observation: Observation, value: Tensor) -> Tensor:
        """Pictures in -1 to 1 that agree with y = H u, near those given: cutting off alone would change the means that
        super-resolution keeps. Alternating projections; y must be that of some picture."""
        value = value.to(pictures)
        for _ in range(PROJECTIONS):
            error = value - observation.apply(pictures)
            pictures = (pictures + observation.pseudo_inverse(error)).clamp(-1, 1)
        return pictures

    def redo(
        self, plan: ImagePlan | CubePlan, conditions: Sequence[ImageCondition | None], settings: ImageSettings, picture: Tensor,
        strength: float, *, on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """SDEdit (Meng et al. 2022): noise a picture [3, height, width], strokes perhaps, and denoise it.

        Args:
            strength: noise's standard deviation, in parts of the largest on a logarithmic scale: 0 keeps the picture,
                1 forgets it.
        """
        if not 0 < strength <= 1:
            raise ValueError(
                f"strength is {strength:g}; choose above 0 (nothing changes) and up to 1 (nothing is kept)"
            )
        schedule = SigmaSchedule()
        top = schedule.sigma_min * (schedule.sigma_max / schedule.sigma_min) ** strength
        levels = [
            NoiseLevel.exploding(float(s))
            for s in SigmaSchedule(schedule.sigma_min, top, schedule.rho).sigmas(settings.sampler.steps)
        ]
        noisy = picture.to(self.device)[None] + levels[0].sigma * self.noise(plan, settings)
        generator = torch.Generator().manual_seed(settings.seed)
        made = sample_eta(
            self.compose(plan, conditions, settings),
            noisy,
            levels,
            eta=1.0,
            noise=gaussian(generator),
            on_step=on_step,
        )
        return made.clamp(-1, 1)
