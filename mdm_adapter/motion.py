"""What everything here makes, reads and writes: motions that share one text."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.segments import Segment
from motioncollage import plugins
from motioncollage.face import read
from motioncollage.files import numbered


@dataclass(frozen=True, eq=False)
class Motion:
    """Generated motions that share one text.

    Attributes:
        joints: float32 [samples, frames, 22, 3], metres, y up, left is +x for a body that faces +z.
        features: float32 [samples, frames, width], in the representation of the model that made them, not normalised.
        fps: frames per second.
        segments: what each stretch of frames shows, ordered by start; neighbours may overlap.
        settings: how the motion was made; JSON types only (a tuple comes back as a list).
    """

    joints: NDArray[np.float32]
    features: NDArray[np.float32]
    fps: float = 20.0
    segments: tuple[Segment, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """How many motions there are."""
        return len(self.joints)

    @property
    def frames(self) -> int:
        """Frames of each of them."""
        return int(self.joints.shape[1])

    @property
    def seconds(self) -> float:
        """How long each of them lasts."""
        return self.frames / self.fps

    @cached_property
    def rotations(self) -> NDArray[np.float32]:
        """Turns of all joints relative to their parents, quaternions x y z w, [samples, frames, 22, 4].

        Of the skeleton that `save` writes as BVH and GLB, which rests in a T-pose and faces +z: there nothing is turned.
        Where bones lie comes from the joints; how they are turned about themselves, `io.solve` says.
        """
        from mdm_adapter.io.baking import BakeSettings, bake, rig_of
        from mdm_adapter.io.motion_view import views

        samples = views(self)
        rig = rig_of(samples)
        solved = [bake(sample, BakeSettings(positions=True), rig=rig).rotations for sample in samples]
        return np.stack(solved).astype(np.float32)

    def sample(self, number: int) -> "Motion":
        """One of the motions alone.

        Raises:
            ValueError: there is no such sample.
        """
        if not 0 <= number < self.samples:
            raise ValueError(f"sample {number} of {self.samples}; they count from 0")
        one = slice(number, number + 1)
        return Motion(self.joints[one], self.features[one], self.fps, self.segments, self.settings)

    def save(
        self, path: Path | str, *, force: bool = False, format: str | None = None, **options: Any
    ) -> list[Path]:
        """Write the motion; `motioncollage plugins` lists the formats.

            motion.save("walk.glb", fps=30)
            motion.save("walk.npz", format="smpl")

        Args:
            path: such as `walk.npz`, `walk.mp4`, `walk.bvh`; formats that hold one motion get a file for each sample,
                `walk.mp4`, `walk-2.mp4` and so on.
            force: replace files that are there.
            format: a writer's name, where the ending of the path does not say it.
            options: of the writer.

        Returns:
            The files of the samples.

        Raises:
            ValueError: a format that no writer has, or an option that the writer has not.
            FileExistsError: a file is there and `force` is false.
        """
        return write_motion(path, self, force=force, format=format, **options)

    def show(self, **options: Any) -> Any:
        """All samples (8 at most) side by side in a notebook: play, turn, step from frame to frame.

            motion.show(height=480)

        Args:
            options: of the writer `html`: title, theme (auto, light, dark), and the height of the frame in pixels.

        Raises:
            ValueError: too many samples or frames, or an unusable option.
        """
        writer: Writer = plugins.load("writers", "html")
        writer.check("html", self.samples)
        return writer.show(self, **options)

    def to_bvh(self, path: Path | str, **options: Any) -> list[Path]:
        """As a BVH file for each sample: `motion.to_bvh("walk.bvh", fps=60, scale=100)`."""
        return self.save(path, format="bvh", **options)

    def to_glb(self, path: Path | str, **options: Any) -> list[Path]:
        """As one binary glTF file with an animation for each sample: `motion.to_glb("walk.glb")`."""
        return self.save(path, format="glb", **options)


def write_motion(
    path: Path | str, motion: Motion, *, force: bool = False, format: str | None = None, **options: Any
) -> list[Path]:
    """`Motion.save`."""
    path = Path(path)
    name = format or path.suffix.lower().lstrip(".")
    if not name:
        raise ValueError(f"{path} has no ending; end it in one of {', '.join(plugins.available('writers'))}")
    writer: Writer = plugins.load("writers", name)
    writer.check(name, motion.samples, options)
    if writer.together or motion.samples == 1:
        targets = [(path, motion)]
    else:
        targets = [(target, motion.sample(i)) for i, target in enumerate(numbered(path, motion.samples))]
    written: list[Path] = []
    for target, part in targets:
        files = writer.write(target, part, force=force, **options)
        written += [target] if files is None else [files] if isinstance(files, Path) else list(files)
    return written


@dataclass(frozen=True)
class Writer:
    """What an entry point of `motioncollage.writers` names; the entry point's name is the format.

    Attributes:
        write: (path, motion, *, force, **options) -> nothing, a path or paths; writes under a temporary name and renames.
        together: whether it takes all samples at once; otherwise it is called for each of them.
        ending: of its files, where that is not the format's name.
        loops: whether `loop=True` makes it write a cycle whose last key is its first.
        most: samples that one file holds at most; 0 where there is no such limit.
        show: (motion, **options) -> what a notebook shows of it, which `Motion.show` gives; None where it cannot.
    """

    write: Any
    together: bool = False
    ending: str = ""
    loops: bool = False
    most: int = 0
    show: Any = None

    def check(self, name: str, samples: int, options: Iterable[str] = ()) -> None:
        """ValueError for an option that the format `name` has not, or for more samples than one of its files holds."""
        for option in options:
            if option not in inspect.signature(self.write).parameters:
                raise ValueError(f"{name} takes no {option}; it takes {_options(self)}")
        if self.most and samples > self.most:
            raise ValueError(f"{name} holds {self.most} samples at most, not {samples}: choose some of them")


def _options(writer: Writer) -> str:
    own = ("path", "motion", "force", "progress")
    return ", ".join(n for n in inspect.signature(writer.write).parameters if n not in own) or "no options"


def format_names(text: str) -> list[str]:
    """Names of writers with commas, each checked, none twice.

    Raises:
        ValueError: a format that no writer has.
    """
    names = list(dict.fromkeys(name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()))
    for name in names:
        plugins.load("writers", name)
    return names


def target_of(stem: Path, format: str) -> Path:
    """Where a format goes beside others of the same motion: `walk.bvh`, `walk-smpl.npz`."""
    writer: Writer = plugins.load("writers", format)
    if writer.ending and writer.ending != format:
        return stem.with_name(f"{stem.name}-{format}.{writer.ending}")
    return stem.with_name(f"{stem.name}.{format}")


def read_motion(path: Path | str, **options: Any) -> Motion:
    """`motioncollage.read`, as the value that this package makes."""
    motion = read(path, **options)
    assert isinstance(motion, Motion)
    return motion
