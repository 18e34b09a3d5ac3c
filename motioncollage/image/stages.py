"""A picture in stages: a coarse one of the whole, then its pieces, then their detail, each a collage of its own.

Pieces know nothing beyond what they share with their neighbours. A coarse picture, of which one piece shows the whole
or much of it, decides where the sun is; it is then a linear condition, y = H u with the means of blocks (the paper's
appendix C.1), of the collage of the pieces. A network of detail sees what they made and makes it larger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
    plan_cube,
    plan_image,
)
from motioncollage.image.training import repeated
from motioncollage.sampling.noise import OnStep
from motioncollage.sampling.registry import SamplerSettings, sample_from
from motioncollage.sampling.schedules import SigmaSchedule

HALF = 2  # a coarse picture's pixel, in pixels of the next
BLOCKS = Separable((BlockMean(HALF, -2), BlockMean(HALF, -1)))
LEAST_SCENE = 32  # pixels; as high as the smallest scenes that models learn
# Below this noise pieces are no longer held to the coarse picture: what is left to decide is finer than its pixels.
HOLD = 0.3
# Where detail begins, far above what a coarse picture leaves open, and where it ends, finer than a picture's steps.
DETAIL_NOISE = (1.5, 0.01)
DETAIL_DRAW = 7  # of noise that no other stage draws
DETAIL_PIECES = 2  # a network of detail has no attention: its pieces may be larger than those of its training
DETAIL_SMALLEST = 0.125  # least height of its training squares in parts of their picture


@dataclass(frozen=True)
class Size:
    """Sites of an image, and whether its right edge goes on at its left."""

    height: int
    width: int
    wrapped: bool = False

    def half(self) -> "Size":
        return Size(self.height // HALF, self.width // HALF, self.wrapped)

    def halves(self, multiple: int) -> bool:
        """Whether it can be made half as large, and is still a scene."""
        unit = HALF * multiple
        return not (self.height % unit or self.width % unit) and self.height >= HALF * LEAST_SCENE


Plan = Callable[[Size, PieceSettings], ImagePlan]
Made = Callable[[Composed, ImagePlan], Tensor]


def plain_plan(size: Size, pieces: PieceSettings) -> ImagePlan:
    return plan_image(size.height, size.width, pieces, wrapped=size.wrapped)


def scene_pieces(size: Size, pieces: PieceSettings) -> PieceSettings:
    """How a scene is cut that is lower than a piece: into long pieces, which share a half and see most of it."""
    if size.height >= pieces.size:
        return pieces
    longest = pieces.size if size.width < HALF * pieces.size else HALF * pieces.size
    return replace(pieces, size=longest, overlap=longest // 2)


def make_whole(
    pipeline: ImagePipeline, size: Size, pieces: PieceSettings, along: Along | None, settings: ImageSettings,
    made: Made, *, plan: Plan = plain_plan,
) -> Tensor:  # fmt: skip
    """Sites [samples, channels, height, width]: a scene first, then twice as large, until it is as large as asked.

    Args:
        made: samples a composed denoiser of a plan.
        plan: covers a size with pieces.
    """
    if not size.halves(pieces.multiple) or max(size.height, size.width) <= pieces.size:
        cover = plan(size, scene_pieces(size, pieces))
        return made(pipeline.compose(cover, pipeline.conditions(cover, along), settings), cover)
    coarse = make_whole(pipeline, size.half(), pieces, along, settings, made, plan=plan)
    cover = plan(size, pieces)
    denoiser = pipeline.compose(cover, pipeline.conditions(cover, along), settings)
    return made(Replacement(denoiser, BLOCKS, coarse, least=HOLD), cover)


def make_cube(
    pipeline: ImagePipeline, face: int, pieces: PieceSettings, along: Along | None, settings: ImageSettings,
    made: Callable[[Composed, CubePlan], Tensor],
) -> Tensor:  # fmt: skip
    """Sites [samples, channels, 6, face, face] of a cube: first one whose faces are a piece each, or little more."""
    cover = plan_cube(face, pieces)
    denoiser = pipeline.compose(cover, pipeline.conditions(cover, along), settings)
    if face % (HALF * pieces.multiple) or face < HALF * pieces.size:
        return made(denoiser, cover)
    coarse = make_cube(pipeline, face // HALF, pieces, along, settings, made)
    return made(Replacement(denoiser, BLOCKS, coarse, least=HOLD), cover)


def detail_pieces(network: ImageNetwork) -> PieceSettings:
    """How a picture is cut for detail: an eighth of a piece is shared."""
    size, multiple = DETAIL_PIECES * network.config.size, network.config.multiple
    return PieceSettings(size, max(multiple, size // 8 // multiple * multiple), multiple=multiple)


def add_detail(
    pipeline: ImagePipeline, pictures: Tensor, plan: ImagePlan | CubePlan, along: Along | None, settings: ImageSettings,
    steps: int = 8, *, on_step: OnStep | None = None,
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
        _told(plan, guides, along),
        axes=axes,
        batch_limit=settings.batch_limit,
    )
    most, least = DETAIL_NOISE
    levels = pipeline.model.levels
    visited = [levels.at(float(sigma)) for sigma in SigmaSchedule(least, most).sigmas(steps)]
    start = guides + most * pipeline.noise_of(tuple(guides.shape[1:]), settings, draw=DETAIL_DRAW)
    renewed = pipeline.renewed(settings, DETAIL_DRAW)
    return sample_from(
        denoiser, start, visited, levels, SamplerSettings("dpm++", steps), renewed, on_step=on_step
    )


def _told(plan: ImagePlan | CubePlan, guides: Tensor, along: Along | None) -> Sequence[Condition]:
    """What every node is told: its class, its place, and of each sample the coarse picture there."""
    flat = guides.flatten(2)
    places = plan.places(DETAIL_SMALLEST) if isinstance(plan, ImagePlan) else plan.places()
    found = []
    for place, node in zip(places, plan.graph.nodes):
        vector = along(place.middle) if along else None
        there = flat[:, :, node.region.sites.to(flat.device)].unflatten(2, node.region.shape)
        found.append(PerSample(tuple(ImageCondition(vector, place.extent, guide=guide) for guide in there)))
    return found
