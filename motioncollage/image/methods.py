"""Ways to make wide images with one and the same model, so that they can be compared. New ones register here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed
from motioncollage.collage.outpaint import SlidingWindow, outpaint
from motioncollage.image.pipelines import Along, ImagePipeline, ImageSettings
from motioncollage.image.plans import SITE_AXES, ImagePlan, PieceSettings, plan_image
from motioncollage.image.seams import piece_ends


@dataclass(frozen=True)
class WideRequest:
    """Wide images to be made, as high as a piece.

    Attributes:
        width: sites.
        pieces: how collages cut them; windows that slide keep half of their sites, as in the paper.
        along: vectors along the image; None for none.
        settings: the same for all methods.
    """

    pipeline: ImagePipeline
    width: int
    pieces: PieceSettings
    along: Along | None
    settings: ImageSettings

    @property
    def size(self) -> int:
        return self.pieces.size

    def square(self, start: int, settings: ImageSettings) -> tuple[ImagePlan, Composed]:
        """A plain square that starts at a site, with the vector of its middle."""
        plan = plan_image(self.size, self.size, self.pieces)
        along = self.along
        middle = (start + self.size / 2) / self.width
        conditions = self.pipeline.conditions(plan, (lambda _: along(middle)) if along else None)
        return plan, self.pipeline.compose(plan, conditions, settings)


ImageMethod = Callable[[WideRequest], Tensor]
IMAGE_METHODS: dict[str, ImageMethod] = {}


def register(name: str) -> Callable[[ImageMethod], ImageMethod]:
    """Make a method known under a name."""

    def add(method: ImageMethod) -> ImageMethod:
        IMAGE_METHODS[name] = method
        return method

    return add


@register("tiles")
def tiles(request: WideRequest) -> Tensor:
    """Squares beside each other that know nothing of each other."""
    parts = []
    for number, start in enumerate(range(0, request.width, request.size)):
        settings = replace(request.settings, seed=request.settings.seed + number * SEEDS)
        plan, denoiser = request.square(start, settings)
        pipeline = request.pipeline
        parts.append(pipeline.sample(denoiser, pipeline.noise(plan, settings), settings))
    return torch.cat(parts, dim=3)[..., : request.width]


@register("replacement")
def replacement(request: WideRequest) -> Tensor:
    """Windows that slide by half; what is known replaces the prediction (paper, algorithm 4)."""
    return _slide(request, Replacement)


@register("reconstruction")
def reconstruction(request: WideRequest) -> Tensor:
    """Windows that slide by half; the error on what is known guides the score (paper, algorithm 5)."""
    return _slide(request, Reconstruction)


def _slide(request: WideRequest, conditioned: Callable[[Composed, Mask, Tensor], Composed]) -> Tensor:
    spans = SlidingWindow(request.size, request.size // 2).spans(request.width)

    def sample_window(number: int, _: int, mask: Mask | None, value: Tensor | None) -> Tensor:
        settings = replace(request.settings, seed=request.settings.seed + number * SEEDS)
        plan, denoiser = request.square(spans[number].start, settings)
        if mask is not None and value is not None:
            denoiser = conditioned(denoiser, mask, value)
        return request.pipeline.sample(denoiser, request.pipeline.noise(plan, settings), settings)

    return outpaint(sample_window, spans, axis=SITE_AXES[1])


@register("multidiffusion")
def multidiffusion(request: WideRequest) -> Tensor:
    """Overlapping pieces, predictions averaged where they overlap (Bar-Tal et al. 2023)."""
    return _compose(replace(request, settings=replace(request.settings, composition="average")))


@register("collage")
def collage(request: WideRequest) -> Tensor:
    """Overlapping pieces, overlaps subtracted: DiffCollage."""
    return _compose(request)


def _compose(request: WideRequest) -> Tensor:
    plan = plan_image(request.size, request.width, request.pieces)
    conditions = request.pipeline.conditions(plan, request.along)
    return request.pipeline.generate(plan, conditions, request.settings)


SEEDS = 1_000_003  # between the seeds of windows


def seams_of(method: str, request: WideRequest) -> list[int]:
    """Columns before which something joins: where tiles or windows meet, or pieces end."""
    if method == "tiles":
        return list(range(request.size, request.width, request.size))
    if method in ("replacement", "reconstruction"):
        spans = SlidingWindow(request.size, request.size // 2).spans(request.width)
        return [span.stop for span in spans[:-1]]
    return piece_ends(plan_image(request.size, request.width, request.pieces), 1)
