"""Ways to make a long thing with one and the same model, so that they can be compared; the collage is one of them.

A method is generic over media: motion and images hand it a `Job`. New ones come in as `motioncollage.methods` entry
points; the names there are what `--methods` takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from torch import Tensor

from motioncollage import plugins
from motioncollage.collage.compose import Composition
from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed
from motioncollage.collage.guidance import Guidance
from motioncollage.collage.outpaint import SlidingWindow, outpaint
from motioncollage.precision import check_precision
from motioncollage.sampling.registry import PRESETS, SamplerSettings


@dataclass(frozen=True)
class MethodSettings:
    """What decides a long thing besides model, request and seed; every method reads what concerns it.

    Attributes:
        guidance: classifier-free guidance; None for the model's own.
        sampler: one for all methods.
        piece: sites of a piece, and of a window that slides over one part; None for the model's own.
        overlap: sites that pieces share; None for the model's own. Sliding windows keep half, as in the paper.
        taper: part of an overlap over which a piece fades out (`layouts.chain`); 0 is the paper's composition.
        own_text: give overlaps within one part its text; otherwise they have the style, too.
        style: text of the overlaps between parts; empty for the null token.
        shared_noise: part of the start noise's variance that all pieces of a collage have in common.
        batch_limit: most windows of one network call.
        precision: auto, float32 or bfloat16 (`precision`).
        loop: make the end flow into the beginning, where the method can.
    """

    guidance: Guidance | None = None
    sampler: SamplerSettings = PRESETS["fast"].sampler
    piece: int | None = None
    overlap: int | None = None
    taper: float = 0.5
    own_text: bool = True
    style: str = ""
    shared_noise: float = 0.0
    batch_limit: int = 32
    precision: str = "auto"
    loop: bool = False

    def __post_init__(self) -> None:
        check_precision(self.precision)
        if not 0 <= self.taper <= 1:
            raise ValueError(
                f"taper is {self.taper:g}; choose between 0 (the paper's composition) and 1 (a cross-fade)"
            )
        if not 0 <= self.shared_noise <= 1:
            raise ValueError(f"shared_noise is {self.shared_noise:g}; choose between 0 and 1")
        if self.batch_limit < 1:
            raise ValueError(f"batch_limit is {self.batch_limit}; at least 1 sample must fit into a call")


@dataclass(frozen=True)
class Script:
    """What one long thing shows: texts, and how many sites each lasts."""

    texts: tuple[str, ...]
    frames: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.frames) or not self.texts:
            raise ValueError(
                f"{len(self.texts)} texts and {len(self.frames)} lengths; give one of each per action"
            )


class Made(NamedTuple):
    """Sites of a batch [batch, ...], normalised, and the sites at which windows or parts were joined."""

    sites: Tensor
    seams: tuple[int, ...]


class Job(Protocol):
    """One batch of long things in the making, along one axis; what methods are made of.

    Attributes:
        axis: of the sites along which the thing is long.
        sites: how many there are.
        parts: sites of each part, such as an action, in order.
        window: sites of a window that slides.
    """

    @property
    def axis(self) -> int: ...

    @property
    def sites(self) -> int: ...

    @property
    def parts(self) -> tuple[int, ...]: ...

    @property
    def window(self) -> int: ...

    def alone(self, part: int) -> Composed:
        """One window over one part, guided, that knows nothing of the others."""
        ...

    def whole(self) -> Composed:
        """One window over everything, however long."""
        ...

    def over(self, span: range, known: Tensor | None = None) -> Composed:
        """One window over some sites, under the condition of the part that it ends in.

        Args:
            known: what there is of it already [batch, ...], normalised, from its first site on; the rest is 0.
        """
        ...

    def pieces(self, composition: Composition) -> Composed:
        """Overlapping pieces over everything."""
        ...

    def sample(self, denoiser: Composed, sites: int, *, draw: int = 0, pieces: bool = False) -> Tensor:
        """Normalised sites; every draw starts from other noise, every sample from its own.

        Args:
            pieces: the denoiser is of pieces, which may have part of their noise in common.
        """
        ...

    def row(self, made: Sequence[Tensor]) -> Tensor:
        """Parts that know nothing of each other, one behind the other."""
        ...

    def finish(self, made: Tensor) -> Made:
        """What pieces made, brought into the order of the thing, and where they were joined."""
        ...


@dataclass(frozen=True)
class Method:
    """What an entry point of `motioncollage.methods` names.

    Attributes:
        run: makes the things of a job.
        reads: what it reads of `MethodSettings` besides `COMMON`. Benchmarks keep what was made under what the
            method reads, so a change of anything else makes nothing anew.
        refuses: why it cannot be used with a model, in a line; empty where it can. By default a model that makes no
            pieces says so itself (`no_pieces`).
        general: whether `all` compares it; not of methods that are one kind of model's own, which have to be named.
    """

    run: Callable[[Job], Made]
    reads: tuple[str, ...] = ()
    refuses: Callable[[object], str] = field(default=lambda model: str(getattr(model, "no_pieces", "")))
    general: bool = True

    @property
    def all_reads(self) -> tuple[str, ...]:
        return (*COMMON, *self.reads)


COMMON = ("guidance", "sampler", "precision")
PIECES = ("piece", "overlap", "shared_noise", "batch_limit", "loop")


def method(name: str) -> Method:
    """A method by its name.

    Raises:
        ValueError: an unknown name.
    """
    found: Method = plugins.load("methods", name)
    return found


def _ends(parts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(parts[:i]) for i in range(1, len(parts)))


def _short(job: Job) -> Made:
    """Every part on its own at the model's own length, put one behind the other unjoined."""
    made = [job.sample(job.alone(i), sites, draw=i) for i, sites in enumerate(job.parts)]
    return Made(job.row(made), _ends(job.parts))


def _baseline(job: Job) -> Made:
    """One window over everything, however long; several parts become one condition."""
    return Made(job.sample(job.whole(), job.sites), _ends(job.parts))


def _slide(conditioned: Callable[[Composed, Mask, Tensor], Composed]) -> Callable[[Job], Made]:
    def run(job: Job) -> Made:
        spans = SlidingWindow(job.window, job.window // 2).spans(*job.parts)

        def sample_window(number: int, sites: int, mask: Mask | None, value: Tensor | None) -> Tensor:
            denoiser = job.over(spans[number], value)
            if mask is not None and value is not None:
                denoiser = conditioned(denoiser, mask, value)
            return job.sample(denoiser, sites, draw=number)

        whole = outpaint(sample_window, spans, axis=job.axis)
        return Made(whole, tuple(span.stop for span in spans[:-1]))

    return run


def _compose(composition: Composition) -> Callable[[Job], Made]:
    def run(job: Job) -> Made:
        return job.finish(job.sample(job.pieces(composition), job.sites, pieces=True))

    return run


SHORT = Method(_short)
BASELINE = Method(_baseline)
# Windows that slide by half: what is known replaces the prediction (paper, algorithm 4) ...
REPLACEMENT = Method(_slide(Replacement), ("piece",))
# ... or the error on what is known guides the score (algorithm 5).
RECONSTRUCTION = Method(_slide(Reconstruction), ("piece",))
# Overlapping pieces, predictions averaged where they overlap (Bar-Tal et al. 2023).
MULTIDIFFUSION = Method(_compose("average"), PIECES)
# Overlapping pieces, overlaps subtracted: DiffCollage.
COLLAGE = Method(_compose("collage"), (*PIECES, "taper", "own_text", "style"))
