"""The face of the package: load a model, make, plan, read. What a model and a motion offer, as an editor completes it.

The engine knows no bodies: what `load` returns comes from a plug-in, and these protocols say what every motion model's
plug-in offers to its user.
"""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from motioncollage import plugins
from motioncollage.models import BUNDLED, load_model

OnStep = Callable[[int, int], None]


SETS = ("babel", "dataset", "items")  # readers of whole data sets, which no file's ending names


class Motion(Protocol):
    """Motions that share one request: a small value, never changed.

        motion.save("walk.mp4")
        motion.joints[0, :, 15]  # where the head of the first sample is, metres

    Attributes:
        joints: float32 [samples, frames, 22, 3], metres, y up; the joints of SMPL in its order.
        rotations: float32 [samples, frames, 22, 4], x y z w, of every joint relative to its parent; none turned in a T-pose.
        features: float32 [samples, frames, width], what the model made, not normalised.
        fps: frames per second.
        segments: what each stretch of frames shows: text, start, end.
        settings: how the motion was made.
    """

    @property
    def joints(self) -> NDArray[np.float32]: ...

    @property
    def rotations(self) -> NDArray[np.float32]: ...

    @property
    def features(self) -> NDArray[np.float32]: ...

    @property
    def fps(self) -> float: ...

    @property
    def segments(self) -> Sequence[Any]: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def seconds(self) -> float: ...

    def sample(self, number: int) -> "Motion":
        """One of the motions alone."""
        ...

    def save(
        self, path: Path | str, *, force: bool = False, format: str | None = None, **options: Any
    ) -> list[Path]:
        """Write the motion in the format that the name ends with, or in another.

        motion.save("walk.npz")
        motion.save("walk.mp4", force=True)
        """
        ...

    def to_bvh(self, path: Path | str, **options: Any) -> list[Path]:
        """As a BVH file for each sample.

        motion.to_bvh("walk.bvh", fps=60, scale=100)
        """
        ...

    def to_glb(self, path: Path | str, **options: Any) -> list[Path]:
        """As one binary glTF file with an animation for each sample.

        motion.to_glb("walk.glb")
        """
        ...

    def show(self, **options: Any) -> Any:
        """All samples side by side in a notebook, to play and to turn.

        motion.show(height=480)
        """
        ...


class Model(Protocol):
    """A model of motion, ready to use.

        model = mc.load("starter")

    Attributes:
        name: what it was loaded as.
        edit: edits of real motion.
    """

    @property
    def name(self) -> str: ...

    @property
    def edit(self) -> Any:
        """Edits of real motion.

            model.edit.inbetween(first, second, seconds=2.0, text="he turns")
            model.edit.replace(motion, 2.0, 4.0, text="he jumps")

        Also extend, joints, restyle, detail, follow, reach.
        """
        ...

    def plan(
        self, request: Any, settings: Any = None, *, seconds: float | None = None, loop: bool = False
    ) -> Any:
        """Which pieces would be made.

        print(model.plan("a person walks, then waves", seconds=8).describe())
        """
        ...

    def generate(
        self, request: Any, settings: Any = None, *, seconds: float | None = None, loop: bool = False,
        on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """One continuous motion in which the actions of a request follow each other.

        model.generate("a person walks, then waves", seed=1, samples=2)
        """
        ...

    def loop(
        self, request: Any, settings: Any = None, *, seconds: float | None = None, path: str = "free",
        turn: float = 360.0, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A motion whose last frame flows into its first.

        model.loop("a person walks forward", seconds=8, path="circular").save("walk.mp4")
        """
        ...


def load(
    name: str = BUNDLED["motion"], *, medium: str = "motion", device: str = "auto", text_encoder: str | None = None
) -> Model:  # fmt: skip
    """A model by its name, by the folder of its checkpoint, or from a hub.

        model = mc.load("starter")
        model = mc.load("humanml_trans_enc_512/", device="cuda")
        model = mc.load("hf:owner/name")

    Args:
        name: what `mc.model_names("motion")` lists, a folder, or `hf:owner/name[@revision]`: fetched once, then from the
            cache.
        medium: `motion`, or `image` for what the image commands use.
        device: `auto`, `cpu`, `cuda`, `mps`.
        text_encoder: where the text encoder of a published checkpoint is: a folder, or a name on a hub.

    Raises:
        ValueError: neither a known name nor a folder of a known kind, or nothing on the hub that can be read.
    """
    model: Model = load_model(name, medium=medium, device=device, text_encoder=text_encoder)
    return model


def plan(
    request: Any, *, model: str = BUNDLED["motion"], seconds: float | None = None, loop: bool = False
) -> Any:
    """Which pieces a model would make of a request, without making any.

        print(mc.plan("a person walks, then waves").describe())

    Args:
        request: a prompt or actions.
        model: whose pieces, as `load` takes it.
        seconds: length of everything; by default every action gets its own.
        loop: let the last frame flow into the first.
    """
    return load(model).plan(request, seconds=seconds, loop=loop)


def split(prompt: str, *, splitter: str = "english") -> list[Any]:
    """The actions that a prompt names.

        [action.text for action in mc.split("a man walks, then waves and bows")]

    Raises:
        ValueError: an unknown splitter, or a prompt without an action.
    """
    return list(plugins.load("splitters", splitter)(prompt))


def read(path: Path | str, **options: Any) -> Motion:
    """A motion from a file; the ending says how it is read.

        motion = mc.read("take.bvh")
        motion = mc.read("take.bvh", map="names.json")
        motion = mc.read("01_01_poses.npz", body_model="body_models/")

    Args:
        options: of the reader.

    Raises:
        ValueError: no such file, an ending that nothing reads, content that is at fault, or an option that the reader
            has not.
    """
    path = Path(path)
    ending = path.suffix.lower().lstrip(".")
    known = [name for name in plugins.available("readers") if name not in SETS]
    if not path.exists():
        raise ValueError(f"motion {path} does not exist; give a file that ends in {', '.join(known)}")
    if ending not in known:
        raise ValueError(f"motion {path} is none of {', '.join(known)}; convert it first")
    reader = plugins.load("readers", ending)
    taken = [name for name in inspect.signature(reader).parameters if name != "path"]
    for option in options:
        if option not in taken:
            raise ValueError(f"{ending} takes no {option}; it takes {', '.join(taken) or 'no options'}")
    motion: Motion = reader(path, **options)
    return motion
