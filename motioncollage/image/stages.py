"""A picture in stages: a coarse one of the whole, then twice as large, and so on, each a collage of its own.

Pieces know nothing beyond what they share with their neighbours. A coarse picture, of which one piece shows the whole
or much of it, decides where the sun is; it is then a linear condition, y = H u with the means of blocks (the paper's
appendix C.1), of the collage of the next stage, which so is super-resolution by the same network. Where a model has a
network of detail, it sees what was made and makes it larger.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.conditioning import BlockMean, Replacement, Separable
from motioncollage.collage.denoiser import Composed, Condition, PerSample
from motioncollage.image.denoiser import ImageDenoiser
from motioncollage.image.network import ImageCondition, ImageNetwork
from motioncollage.image.pipelines import Along, ImagePipeline, ImageSettings
from motioncollage.image.plans import (
    CUBE_AXES,
    SITE_AXES,
    CubePlan,
    ImagePlan,
    PieceSettings,
    places,
)
from motioncollage.image.surface import HALF, Surface
from motioncollage.image.training import repeated
from motioncollage.sampling.noise import OnStep

BLOCKS = Separable((BlockMean(HALF, -2), BlockMean(HALF, -1)))
FINER_STEPS = 8  # of the sampler in each stage behind the first
DETAIL_DRAW = 7  # of noise that no other stage draws
DETAIL_PIECES = 2  # a network of detail has no attention: its pieces may be larger than those of its training


class Sample(Protocol):
    """Samples a composed denoiser of a plan."""

    def __call__(
        self, denoiser: Composed, plan: Any, begun: Tensor | None = None, *, draw: int = 0
    ) -> Tensor:
        """Sites [samples, channels, ...].

        Args:
            begun: what is known but for its finest (`ImagePipeline.refine`); None for a picture from noise alone.
            draw: of the noise; every stage has its own.
        """
        ...


def make_whole(
    pipeline: ImagePipeline, surface: Surface, pieces: PieceSettings, along: Along | None, settings: ImageSettings,
    sample: Sample, *, coarse: bool = True, labels: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Sites [samples, channels, ...]: a scene first, then twice as large, until it is as large as asked.

    Args:
        along: vectors of the classes along the surface.
        coarse: begin with a scene; otherwise the whole is made of pieces at once.
        labels: [height, width] of a map, for what is made of pieces at once.

    Raises:
        ValueError: a surface that pieces cannot cover, before anything is made.
    """
    begins = not coarse or surface.begins(pieces)
    cover = surface.plan(surface.scene_pieces(pieces) if coarse and begins else pieces)
    denoiser = pipeline.compose(cover, pipeline.conditions(cover, along, labels), settings)
    if begins:
        return sample(denoiser, cover)
    scene = make_whole(pipeline, surface.half(), pieces, along, settings, sample)
    held = Replacement(denoiser, BLOCKS, scene, least=surface.held)
    return sample(held, cover, repeated(scene, HALF), draw=scene.shape[-2])


def unwatched(pipeline: ImagePipeline, settings: ImageSettings, steps: int = FINER_STEPS) -> Sample:
    """Samples without showing anything.

    Args:
        steps: of each stage behind the first.
    """

    def sample(denoiser: Composed, plan: Any, begun: Tensor | None = None, *, draw: int = 0) -> Tensor:
        if begun is not None:
            return pipeline.refine(denoiser, begun, settings, steps, draw=draw)
        return pipeline.sample(denoiser, pipeline.noise(plan, settings), settings)

    return sample


def detail_pieces(network: ImageNetwork) -> PieceSettings:
    """How a picture is cut for detail: an eighth of a piece is shared."""
    size, multiple = DETAIL_PIECES * network.config.size, network.config.multiple
    return PieceSettings(size, max(multiple, size // 8 // multiple * multiple), multiple=multiple)


def add_detail(
    pipeline: ImagePipeline, pictures: Tensor, plan: ImagePlan | CubePlan, along: Along | None, settings: ImageSettings,
    steps: int = FINER_STEPS, *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Pictures as many times as large as the model's network of detail makes them, with their detail.

    Args:
        pictures: [samples, 3, height, width] in -1 to 1, or [samples, 3, 6, face, face] of cubes.
        plan: of the large pictures, cut by `detail_pieces`.
        along: vectors of the network of detail, as `ImagePipeline.conditions` takes them.
        settings: seed and samples; detail is sampled with DPM-Solver++, without guidance.
        steps: of the sampler.

    Raises:
        ValueError: a model without such a network, or a plan of another size.
    """
    network = pipeline.detail
    guides = repeated(pictures.to(network.null.device), network.config.guide)
    inner = guides.shape[2:]
    if tuple(inner) != plan.graph.site_shape:
        raise ValueError(
            f"a plan of {plan.graph.site_shape} for a picture of {tuple(inner)}; they must agree"
        )
    axes = SITE_AXES if isinstance(plan, ImagePlan) else CUBE_AXES
    denoiser = CollageDenoiser(
        ImageDenoiser(network),
        plan.graph,
        _told(plan, guides, along, network.config.least_extent),
        axes=axes,
        batch_limit=settings.batch_limit,
    )
    return pipeline.refine(denoiser, guides, settings, steps, draw=DETAIL_DRAW, on_step=on_step)


def _told(
    plan: ImagePlan | CubePlan, guides: Tensor, along: Along | None, least: float
) -> Sequence[Condition]:
    """What every node is told: its class, its place, and of each sample the coarse picture there."""
    flat = guides.flatten(2)
    where = places(plan, least=least)
    found = []
    for place, node in zip(where, plan.graph.nodes):
        vector = along(place.middle) if along else None
        there = flat[:, :, node.region.sites.to(flat.device)].unflatten(2, node.region.shape)
        found.append(PerSample(tuple(ImageCondition(vector, place.extent, guide=guide) for guide in there)))
    return found
