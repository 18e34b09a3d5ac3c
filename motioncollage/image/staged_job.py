"""Images in stages (`motioncollage.image.stages`), as the commands make them: which stages, and how large."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from motioncollage.image.job import ImageOptions, Job, check_picture
from motioncollage.models import BUNDLED
from motioncollage.shell.options import Steps
from motioncollage.shell.output import console, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from motioncollage.collage.denoiser import Composed
    from motioncollage.image.pipelines import Along
    from motioncollage.image.plans import CubePlan, ImagePlan, PieceSettings
    from motioncollage.image.stages import Size

LARGER = 4  # times as large as a piece is what stages usually make


@dataclass(frozen=True)
class StagedOptions(ImageOptions):
    """What commands take that make images of nothing but a class.

    How good:
        coarse: Begin with a coarse picture of the whole; by default with models that know whole scenes.
        detail: End with detail, 4 times as large, by a network of its own; by default with models that have one.
        finer_steps: Sampling steps of each stage behind the first, the detail too.
    """

    coarse: bool | None = None
    detail: bool | None = None
    finer_steps: Steps = 8


@dataclass(frozen=True)
class WholeOptions(StagedOptions):
    """The same of wide images and panoramas: they are made of photos that come along, if of nothing else.

    What to make:
        model: photos (pieces of those that come along), landscapes (a network), or a folder of train image or of diffusers.
        classes: Of photos beach, canyon, city, forest, lake, meadow, mountains, sea or steppe; of a model a class or text, or
            several with commas, which lead into one another from left to right.
    """

    model: str = BUNDLED["photos"]


@dataclass(frozen=True)
class SettlingStages(StagedOptions):
    """The same where pieces meet others on all sides: renewed noise lets them settle, or a faint edge can stay."""

    sampler: str = "heun"


class StagedJob(Job):
    """A job that makes a coarse picture first and detail last, where the model can and the options do not say no."""

    def __init__(self, options: StagedOptions, *, also: "Sequence[str]" = ()) -> None:
        super().__init__(options, also=also)
        model = self.pipeline.model
        if options.coarse and not model.scenes:
            raise ValueError(f"model {self.pipeline.name!r} knows no whole scenes; leave --coarse away")
        self.coarse = model.scenes if options.coarse is None else options.coarse
        self.detail = model.detail is not None if options.detail is None else options.detail
        self.times = self.pipeline.detail.config.guide if self.detail else 1
        self.finer_steps = options.finer_steps

    def about(self, **more: Any) -> dict[str, Any]:
        stages = {"coarse": self.coarse, "detail": self.times, "finer_steps": self.finer_steps}
        return super().about(**(stages if self.coarse or self.detail else {}), **more)

    @property
    def large(self) -> bool:
        """Whether stages make the picture larger than a model of pieces alone would."""
        return self.coarse or self.detail

    @property
    def usual_height(self) -> int:
        """Of a wide picture: a piece, or four, as a network of detail makes them, too."""
        return self.size * (self.times if self.detail else LARGER if self.coarse else 1)

    @property
    def usual_width(self) -> int:
        """Of a wide picture: of pieces of 64 pixels 512, of larger pictures 1024."""
        return self.size * (16 if self.large else 8)

    @property
    def usual_face(self) -> int:
        """Of a cube: a larger one takes minutes."""
        return self.usual_height if self.large else max(128, self.size)

    def stage(
        self,
        denoiser: "Composed",
        plan: "ImagePlan | CubePlan",
        begun: "Tensor | None" = None,
        *,
        draw: int = 0,
    ) -> "Tensor":
        """Sites of a stage (`stages.Sample`)."""
        if begun is None:
            return self.sample(denoiser, plan)
        refine, settings, steps = self.pipeline.refine, self.settings, self.finer_steps
        run = lambda shown, update: refine(shown, begun, settings, steps, draw=draw, on_step=update)
        return self.watched(denoiser, plan, run)

    def image(
        self, height: int, width: int, *, wrapped: bool = False, labels: "Path | None" = None
    ) -> "Tensor":
        """Pictures [samples, 3, height, width]."""
        from motioncollage.image.plans import along_chain, plan_image
        from motioncollage.image.stages import LEAST_SCENE, Size, make_whole

        check_picture(self.settings.samples, height, width)
        rows, columns = self.small(height, "height"), self.small(width, "width")
        plan = self.plan(rows, columns, wrapped=wrapped)
        if self.coarse and labels is None:
            along = along_chain(self.vectors, wrapped=wrapped) if self.vectors else None
            # Classes that lead into one another need pieces that are told one each, not two that see everything.
            least = LEAST_SCENE if len(self.vectors) < 2 else self.pieces.size
            size = Size(plan.height, plan.width, wrapped, (least, 1))
            self.say_what_halves(size)
            sites = make_whole(self.pipeline, size, self.pieces, along, self.settings, self.stage)
        else:
            sites = self.generate(plan, labels)
        pictures = self.pipeline.decode(sites, plan)
        large = lambda pieces: plan_image(height, width, pieces, wrapped=wrapped)
        return self.detailed(pictures, large, wrapped=wrapped)

    def say_what_halves(self, size: "Size") -> None:
        """A picture that cannot be halved begins larger, of pieces that know nothing of each other."""
        better, unit = size.nearest(self.pieces), self.times * self.pipeline.model.factor
        if better != size:
            console.print(
                f"{size.width * unit} x {size.height * unit} cannot be halved down to one small scene, so that places may"
                f" change along the picture; {better.width * unit} x {better.height * unit} can"
            )

    def cube(self, face: int) -> "Tensor":
        """Faces [6, 3, face, face] of a cube."""
        from motioncollage.image.plans import along_chain, plan_cube
        from motioncollage.image.stages import make_cube

        small = self.small(face, "face")
        plan = plan_cube(small, self.pieces)
        console.print(f"{plural(plan.graph.factors, 'piece')} of {self.size} pixels")
        if self.coarse:
            along = along_chain(self.vectors, wrapped=True) if self.vectors else None
            sites = make_cube(self.pipeline, small, self.pieces, along, self.settings, self.stage)
        else:
            sites = self.generate(plan)
        faces = self.detailed(sites.clamp(-1, 1), lambda pieces: plan_cube(face, pieces), wrapped=True)
        return faces[0].movedim(1, 0)

    def small(self, pixels: int, name: str) -> int:
        """Pixels before the detail."""
        unit = self.times * self.pipeline.model.multiple
        if self.detail and pixels % unit:
            nearest = max(1, (pixels + unit // 2) // unit) * unit
            raise ValueError(
                f"{name} is {pixels} pixels; with detail it must be a multiple of {unit}, such as {nearest}"
            )
        return pixels // self.times

    def detailed(
        self, pictures: "Tensor", plan: "Callable[[PieceSettings], ImagePlan | CubePlan]", *, wrapped: bool
    ) -> "Tensor":
        """Pictures with detail, if it is asked for.

        Args:
            plan: of the large pictures, from how they are cut.
        """
        from motioncollage.image.stages import add_detail, detail_pieces

        if not self.detail:
            return pictures
        cover, along = plan(detail_pieces(self.pipeline.detail)), self._detail_classes(wrapped)
        with self.making(), progress_bar("detail") as update:
            made = add_detail(
                self.pipeline, pictures, cover, along, self.settings, self.finer_steps, on_step=update
            )
        return made.clamp(-1, 1)

    def _detail_classes(self, wrapped: bool) -> "Along | None":
        """Classes as the network of detail knows them; none if it does not know all."""
        from motioncollage.image.plans import along_chain

        network = self.pipeline.detail
        if not self.classes or not set(self.classes) <= set(network.config.classes):
            return None
        return along_chain([network.class_vector(name) for name in self.classes], wrapped=wrapped)
