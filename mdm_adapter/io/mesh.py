"""The body of a motion with a surface: a model of the SMPL family that its user has, moved as SMPL moves.

`obj` writes a mesh for each key, exactly as the model has it, through `smplx`. `smpl-glb` writes one file in which the
surface hangs on the 22 joints: the format has no place for what a pose changes besides turning bones (`posedirs`), and
shares of joints are rounded to a 255th, so that the skin differs from the meshes by some millimetres at bent joints.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.bodies import Bodies, Body
from mdm_adapter.io.baking import BakeSettings
from mdm_adapter.io.bvh import check_axes, upright
from mdm_adapter.io.drawing import BODY
from mdm_adapter.io.geometry import Floats, unit
from mdm_adapter.io.glb import build
from mdm_adapter.io.mannequin import Surface
from mdm_adapter.io.motion_view import MotionLike, views
from mdm_adapter.io.paths import named, numbered, refuse_existing
from mdm_adapter.io.smpl import on_body, parameters
from mdm_adapter.motion import Writer
from mdm_adapter.representation.skeleton import JOINT_COUNT
from motioncollage.files import atomic_path

MAX_MESHES = 20_000  # files of one motion
_MEAN = np.zeros(0)  # betas: the shape of a body is not in its joints


def write_obj(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    scale: float = 1.0,
    up: str = "y",
    body_model: Path | str | None = None,
    gender: str = "neutral",
) -> tuple[Path, ...]:
    """Write every sample as a sequence of meshes, `walk-00001.obj` and so on, of the user's own body model.

    Args:
        path: gives the files their folder and name; those of other samples are called `walk-2-00001.obj` and so on.
        motion: joints [samples, frames, 22, 3], metres, y up (see `MotionLike`).
        force: replace files that exist.
        fps: meshes a second; None for the frames of the motion.
        scale: units of the file in a metre.
        up: `y` or `z`.
        body_model: a model file or the folder of them (`bodies.Bodies`).
        gender: of the body: neutral, female or male.

    Raises:
        ValueError: an argument or the motion is unusable, or there is no body model; one line.
        ImportError: `smplx` is not installed.
        FileExistsError: a file exists and `force` is false; nothing has been written then.
        OSError: a file cannot be written; those of this motion are removed again.
    """
    path = named(path, ".obj")
    check_axes(scale, up)
    samples = views(motion, name=path.stem)
    body = _body(body_model, gender)
    keys = on_body(samples, BakeSettings(fps, True), body.shaped(_MEAN)[1][:JOINT_COUNT])
    count = sum(len(baked.root) for baked in keys)
    if count > MAX_MESHES:
        raise ValueError(
            f"{count:,} meshes are more than {MAX_MESHES:,}: give fewer fps, or a part of the motion"
        )
    targets = [
        [stem.with_name(f"{stem.stem}-{number + 1:05d}.obj") for number in range(len(baked.root))]
        for stem, baked in zip(numbered(path, len(keys)), keys)
    ]
    refuse_existing([target for part in targets for target in part], force)
    faces = "".join(f"f {a} {b} {c}\n" for a, b, c in (body.faces + 1).tolist())
    written: list[Path] = []
    try:
        for part, baked in zip(targets, keys):
            for target, vertices in zip(part, _each(body, *parameters(baked, up="y"))):
                places = (upright(vertices, up) * scale).tolist()
                lines = "".join(f"v {x:.5f} {y:.5f} {z:.5f}\n" for x, y, z in places)
                with atomic_path(target, force=force) as temporary:
                    temporary.write_text(lines + faces, encoding="ascii")
                written.append(target)
    except BaseException:
        for target in written:
            with suppress(OSError):
                target.unlink()
        raise
    return tuple(written)


def write_body_glb(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    between: str = "cubic",
    loop: bool = False,
    cycles: int = 1,
    in_place: bool = False,
    ground: bool = False,
    body_model: Path | str | None = None,
    gender: str = "neutral",
) -> Path:
    """Write all samples as one `.glb`: the user's own body model on bones, an animation for each sample.

    Args:
        motion: joints [samples, frames, 22, 3], metres, y up (see `MotionLike`).
        force: replace a file that exists.
        fps, between, loop, cycles, in_place: see `BakeSettings`.
        ground: a floor of tiles under the way of the body.
        body_model: a model file or the folder of them (`bodies.Bodies`).
        gender: of the body: neutral, female or male.

    Raises:
        ValueError: an argument or the motion is unusable, or there is no body model; one line.
        FileExistsError: the file exists and `force` is false.
        OSError: the file cannot be written.
    """
    path = named(path, ".glb")
    settings = BakeSettings(fps, True, between, loop, cycles, in_place)
    samples = views(motion, name=path.stem)
    refuse_existing([path], force)
    body = _body(body_model, gender)
    vertices, rest = _rest(body)
    baked = on_body(samples, settings, rest)
    document = build(
        baked[0].rig, baked, ground=ground, surfaces=[surface_of(body, vertices)], materials=(("Body", BODY),)
    )
    with atomic_path(path, force=force) as temporary:
        document.save_binary(str(temporary))
    return path


def surface_of(body: Body, vertices: Floats) -> Surface:
    """A body's skin on the 22 joints; hands and face go with the joint that carries them."""
    carriers = list(range(len(body.parents)))
    for joint in range(JOINT_COUNT, len(carriers)):
        carriers[joint] = carriers[body.parents[joint]]
    shares = np.zeros((len(vertices), JOINT_COUNT))
    for joint, carrier in enumerate(carriers):
        shares[:, carrier] += body.weights[:, joint]
    joints = np.argsort(-shares, axis=1, kind="stable")[:, :4]
    largest = np.maximum(np.take_along_axis(shares, joints, axis=1), 0)
    weights = np.rint(255 * largest / np.maximum(largest.sum(axis=1, keepdims=True), 1e-9)).astype(np.int64)
    weights[:, 0] += 255 - weights.sum(axis=1)
    return Surface(
        vertices.astype(np.float32), _normals(vertices, body.faces), joints.astype(np.uint8),
        weights.astype(np.uint8), body.faces,
    )  # fmt: skip


def _normals(vertices: Floats, faces: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of the vertices [V, 3], as their faces lie, the larger ones counting more."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(second - first, third - first)
    found = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(found, faces[:, corner], across)
    found = unit(found)
    found[np.linalg.norm(found, axis=1) < 0.5] = [0.0, 1.0, 0.0]
    return found.astype(np.float32)


def _body(body_model: Path | str | None, gender: str) -> Body:
    return Bodies(None if body_model is None else Path(body_model)).body(gender)


def _rest(body: Body) -> tuple[Floats, Floats]:
    """Vertices [V, 3] and the 22 joints [22, 3] at rest, standing on y = 0."""
    vertices, joints = body.shaped(_MEAN)
    ground = np.array([0.0, vertices[:, 1].min(), 0.0])
    return vertices - ground, joints[:JOINT_COUNT] - ground


def _each(body: Body, poses: Floats, trans: Floats) -> Iterator[Floats]:
    """The vertices [V, 3] of every key."""
    for some in body.vertices(poses, trans, _MEAN):
        yield from (vertices.astype(np.float64) for vertices in some)


OBJ = Writer(write_obj, together=True)
GLB = Writer(write_body_glb, together=True, ending="glb", loops=True)
