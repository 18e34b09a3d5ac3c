"""Wide images as a medium of the engine's methods (`motioncollage.methods.Job`), so that ways to make them can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motioncollage import methods
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Composed
from motioncollage.collage.layouts import chain, grid
from motioncollage.image.models import ImageModel
from motioncollage.image.pipelines import Along, ImagePipeline, ImageSettings
from motioncollage.image.plans import SITE_AXES, ImagePlan, PieceSettings, plan_image
from motioncollage.image.seams import piece_ends
from motioncollage.image.stages import make_whole, unwatched
from motioncollage.image.surface import Sheet

# `short` makes of an image squares beside each other that know nothing of each other: tiles.
TILES = "tiles"
# A collage of a coarse picture of the whole, which conditions the next (`stages`), for models that know scenes.
STAGES = "stages"
IMAGE_METHODS = (TILES, "replacement", "reconstruction", "multidiffusion", "collage")


def image_methods(model: ImageModel) -> tuple[str, ...]:
    """Names of the ways in which a model can make wide images."""
    return (*IMAGE_METHODS, STAGES) if model.scenes else IMAGE_METHODS


@dataclass(frozen=True)
class WideJob:
    """Wide images in the making, as high as a piece.

    Attributes:
        width: sites.
        cut: how collages cut them; windows that slide keep half of their sites, as in the paper.
        along: vectors along the image; None for none.
        settings: the same for all methods.
    """

    pipeline: ImagePipeline
    width: int
    cut: PieceSettings
    along: Along | None
    settings: ImageSettings

    @property
    def axis(self) -> int:
        return SITE_AXES[1]

    @property
    def sites(self) -> int:
        return self.width

    @property
    def window(self) -> int:
        return self.cut.size

    @property
    def parts(self) -> tuple[int, ...]:
        """Squares beside each other; the last one may reach beyond the end (`made`)."""
        return (self.window,) * -(-self.width // self.window)

    def alone(self, part: int) -> Composed:
        return self._square(part * self.window)

    def over(self, span: range, known: Tensor | None = None) -> Composed:
        return self._square(span.start)

    def _square(self, start: int) -> Composed:
        """A plain square that starts at a site, with the vector of its middle."""
        plan = plan_image(self.window, self.window, self.cut)
        along = self.along
        middle = (start + self.window / 2) / self.width
        conditions = self.pipeline.conditions(plan, (lambda _: along(middle)) if along else None)
        return self.pipeline.compose(plan, conditions, self.settings)

    def whole(self) -> Composed:
        plan = ImagePlan(self.window, self.width, grid(chain([self.window], []), chain([self.width], [])))
        conditions = self.pipeline.conditions(plan, self.along)
        return self.pipeline.compose(plan, conditions, self.settings)

    def pieces(self, composition: Composition) -> Composed:
        plan = plan_image(self.window, self.width, self.cut)
        conditions = self.pipeline.conditions(plan, self.along)
        return self.pipeline.compose(plan, conditions, replace(self.settings, composition=composition))

    def sample(self, denoiser: Composed, sites: int, *, draw: int = 0, pieces: bool = False) -> Tensor:
        shape = (self.pipeline.model.channels, self.window, sites)
        start = self.pipeline.noise_of(shape, self.settings, draw=draw)
        return self.pipeline.sample(denoiser, start, self.settings, draw=draw)

    def row(self, made: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(made), dim=self.axis)

    def finish(self, made: Tensor) -> methods.Made:
        plan = plan_image(self.window, self.width, self.cut)
        return methods.Made(made, tuple(piece_ends(plan, 1)))

    def staged(self) -> methods.Made:
        """A collage that begins with a coarse picture of the whole."""
        surface, sample = Sheet(self.window, self.width), unwatched(self.pipeline, self.settings)
        return self.finish(make_whole(self.pipeline, surface, self.cut, self.along, self.settings, sample))

    def made(self, name: str) -> methods.Made:
        """Sites [samples, channels, height, width] by a method, by the name that images give it."""
        if name == STAGES:
            found = self.staged()
        else:
            found = methods.method("short" if name == TILES else name).run(self)
        inside = tuple(seam for seam in found.seams if seam < self.width)
        return methods.Made(found.sites[..., : self.width], inside)
