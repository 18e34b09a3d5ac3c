"""Images in stages (`motioncollage.image.stages`), as the commands make them: which stages, and how large."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from motioncollage.image.job import ImageOptions, Job, check_picture
from motioncollage.models import BUNDLED
from motioncollage.shell.options import Steps
from motioncollage.shell.output import console, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from motioncollage.collage.denoiser import Composed
    from motioncollage.image.pipelines import Along
    from motioncollage.image.plans import CubePlan, ImagePlan
    from motioncollage.image.surface import Surface

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

    def picture(self, surface: "Surface", labels: "Path | None" = None) -> "Tensor":
        """Pictures [samples, 3, ...] on a surface of so many pixels; of pieces alone with a map of labels."""
        from motioncollage.image.data import read_labels
        from motioncollage.image.pipelines import sites_of
        from motioncollage.image.plans import along_chain
        from motioncollage.image.stages import make_whole

        model = self.pipeline.model
        check_picture(self.settings.samples, *surface.laid_out)
        small = surface.of(
            *(
                sites_of(self.small(side, name), model, name)
                for side, name in zip(surface.sides, surface.SIDES)
            )
        )
        coarse = self.coarse and labels is None
        if coarse:
            self.say_what_halves(small)
        sites = make_whole(
            self.pipeline, small, self.pieces,
            along_chain(self.vectors, wrapped=surface.goes_round) if self.vectors else None,
            self.settings, self.stage, coarse=coarse, labels=None if labels is None else read_labels(labels).long(),
        )  # fmt: skip
        return self.detailed(small.decode(model, sites), surface)

    def stage(
        self,
        denoiser: "Composed",
        plan: "ImagePlan | CubePlan",
        begun: "Tensor | None" = None,
        *,
        draw: int = 0,
    ) -> "Tensor":
        """Sites of a stage (`stages.Sample`), with a progress bar and perhaps previews."""
        rows, columns = (side * self.pipeline.model.factor for side in plan.graph.site_shape[-2:])
        title = f"{columns} x {rows} of {plural(plan.graph.factors, 'piece')}"
        if begun is None:
            return self.sample(denoiser, plan, title=title)
        refine, settings, steps = self.pipeline.refine, self.settings, self.finer_steps
        run = lambda shown, update: refine(shown, begun, settings, steps, draw=draw, on_step=update)
        return self.watched(denoiser, plan, run, title=title)

    def say_what_halves(self, surface: "Surface") -> None:
        """A picture that cannot be halved begins larger, of pieces that know nothing of each other."""
        better, unit = surface.nearest(self.pieces), self.times * self.pipeline.model.factor
        if better != surface:
            console.print(
                f"{surface.described(unit)} cannot be halved down to one small scene, so that places may change along the"
                f" picture; {better.described(unit)} can"
            )

    def small(self, pixels: int, name: str) -> int:
        """Pixels before the detail."""
        unit = self.times * self.pipeline.model.multiple
        if self.detail and pixels % unit:
            nearest = max(1, (pixels + unit // 2) // unit) * unit
            raise ValueError(
                f"{name} is {pixels} pixels; with detail it must be a multiple of {unit}, such as {nearest}"
            )
        return pixels // self.times

    def detailed(self, pictures: "Tensor", surface: "Surface") -> "Tensor":
        """Pictures with detail, if it is asked for, on their large surface."""
        from motioncollage.image.stages import add_detail, detail_pieces

        if not self.detail:
            return pictures
        cover = surface.plan(detail_pieces(self.pipeline.detail))
        along = self._detail_classes(surface.goes_round)
        with self.making(), progress_bar("detail") as update:
            made = add_detail(
                self.pipeline, pictures, cover, along, self.settings, self.finer_steps, on_step=update
            )
        return made.clamp(-1, 1)

    def sheet(self, height: int, width: int, *, wrapped: bool = False) -> "Surface":
        """The surface of a flat picture.

        Classes that lead into one another need pieces that are told one each, not two that see everything: scenes are
        then at least a piece high.
        """
        from motioncollage.image.surface import LEAST_SCENE, Sheet

        scene = LEAST_SCENE if len(self.vectors) < 2 else self.pieces.size
        return Sheet(height, width, wrapped, scene)

    def _detail_classes(self, wrapped: bool) -> "Along | None":
        """Classes as the network of detail knows them; none if it does not know all."""
        from motioncollage.image.plans import along_chain

        network = self.pipeline.detail
        if not self.classes or not set(self.classes) <= set(network.config.classes):
            return None
        return along_chain([network.class_vector(name) for name in self.classes], wrapped=wrapped)
