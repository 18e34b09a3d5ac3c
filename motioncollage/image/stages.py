"""A picture in stages: a coarse one of the whole, then twice as large, and so on, each a collage of its own.

Pieces know nothing beyond what they share with their neighbours. A coarse picture, of which one piece shows the whole
or much of it, decides where the sun is; it is then a linear condition, y = H u with the means of blocks (the paper's
appendix C.1), of the collage of the next stage, which so is super-resolution by the same network. Where a model has a
network of detail, it sees what was made and makes it larger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
    plan_cube,
    plan_image,
)
from motioncollage.image.torus import Offset, plan_torus
from motioncollage.image.training import repeated
from motioncollage.sampling.noise import OnStep

HALF = 2  # a coarse picture's pixel, in pixels of the next
BLOCKS = Separable((BlockMean(HALF, -2), BlockMean(HALF, -1)))
LEAST_SCENE = 32  # sites; as high as the smallest scenes that models learn
# Below this noise pieces are no longer held to the coarse picture: what is left to decide is finer than its pixels.
HOLD = 0.2
FINER_STEPS = 8  # of the sampler in each stage behind the first
DETAIL_DRAW = 7  # of noise that no other stage draws
DETAIL_PIECES = 2  # a network of detail has no attention: its pieces may be larger than those of its training
DETAIL_SMALLEST = 0.125  # least height of its training squares in parts of their picture


@dataclass(frozen=True)
class Size:
    """Sites of an image, whether its right edge goes on at its left, and how high and wide the smallest scene may be."""

    height: int
    width: int
    wrapped: bool = False
    least: tuple[int, int] = (LEAST_SCENE, 1)

    def half(self) -> "Size":
        return replace(self, height=self.height // HALF, width=self.width // HALF)

    def halves(self, multiple: int) -> bool:
        """Whether it can be made half as large, and is still a scene."""
        sides = (self.height, self.width)
        return all(
            side % (HALF * multiple) == 0 and side >= HALF * least for side, least in zip(sides, self.least)
        )

    def nearest(self, pieces: PieceSettings) -> "Size":
        """The size next to it that can be made half as large until it is as small as a scene may be."""
        if max(self.height, self.width) <= pieces.size:
            return self
        times = (
            min(side // least for side, least in zip((self.height, self.width), self.least)).bit_length() - 1
        )
        unit = pieces.multiple * HALF ** max(0, times)
        height, width = (max(1, (side + unit // 2) // unit) * unit for side in (self.height, self.width))
        near = replace(self, height=height, width=width)
        # What became larger may be halved once more.
        return near if near == self else near.nearest(pieces)


Plan = Callable[[Size, PieceSettings], ImagePlan]


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
    sample: Sample, *, plan: Plan = plain_plan,
) -> Tensor:  # fmt: skip
    """Sites [samples, channels, height, width]: a scene first, then twice as large, until it is as large as asked.

    Args:
        plan: covers a size with pieces.
    """
    smallest = not size.halves(pieces.multiple) or max(size.height, size.width) <= pieces.size
    cover = plan(size, scene_pieces(size, pieces) if smallest else pieces)
    denoiser = pipeline.compose(cover, pipeline.conditions(cover, along), settings)
    if smallest:
        return sample(denoiser, cover)
    coarse = make_whole(pipeline, size.half(), pieces, along, settings, sample, plan=plan)
    return _finer(denoiser, cover, coarse, sample)


def texture_size(height: int, width: int, pieces: PieceSettings) -> Size:
    """The size of a texture, whose smallest scene is a piece along a side."""
    return Size(height, width, wrapped=True, least=(pieces.size, pieces.size))


def make_torus(
    pipeline: ImagePipeline, size: Size, pieces: PieceSettings, offset: Offset, along: Along | None,
    settings: ImageSettings, sample: Sample,
) -> Tensor:  # fmt: skip
    """Sites [samples, channels, height, width] of a texture of a `texture_size`: first one of a piece, or little more."""
    cover = lambda size, pieces: plan_torus(size.height, size.width, pieces, offset)
    return make_whole(pipeline, size, pieces, along, settings, sample, plan=cover)


def make_cube(
    pipeline: ImagePipeline, face: int, pieces: PieceSettings, along: Along | None, settings: ImageSettings,
    sample: Sample,
) -> Tensor:  # fmt: skip
    """Sites [samples, channels, 6, face, face] of a cube: first one whose faces are a piece each, or little more."""
    cover = plan_cube(face, pieces)
    denoiser = pipeline.compose(cover, pipeline.conditions(cover, along), settings)
    if face % (HALF * pieces.multiple) or face < HALF * pieces.size:
        return sample(denoiser, cover)
    coarse = make_cube(pipeline, face // HALF, pieces, along, settings, sample)
    return _finer(denoiser, cover, coarse, sample)


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


def _finer(denoiser: Composed, cover: ImagePlan | CubePlan, coarse: Tensor, sample: Sample) -> Tensor:
    """The next stage, held to the one before it."""
    held = Replacement(denoiser, BLOCKS, coarse, least=HOLD)
    return sample(held, cover, repeated(coarse, HALF), draw=coarse.shape[-2])


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
        _told(plan, guides, along),
        axes=axes,
        batch_limit=settings.batch_limit,
    )
    return pipeline.refine(denoiser, guides, settings, steps, draw=DETAIL_DRAW, on_step=on_step)


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
