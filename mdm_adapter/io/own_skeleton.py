"""Motion on the model's own skeleton instead of our 22 joints, as BVH or GLB: with the joints that only it has.

Rotations are the model's own and not solved from joints. Which skeleton that is, the representation of the motion says
(`motioncollage.representations`); motion of models that have none is refused.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from mdm_adapter.io.bvh import ORDER_OF_AXES, check_axes, euler_angles
from mdm_adapter.io.geometry import Floats, continuous, to_quaternions, unit
from mdm_adapter.io.glb import Blob
from mdm_adapter.io.motion_view import MAX_FPS, MAX_FRAMES
from mdm_adapter.io.paths import named, refuse_existing
from mdm_adapter.motion import Motion, Writer
from mdm_adapter.representation.named import meaning_of
from mdm_adapter.representation.protocol import OwnBody
from motioncollage.files import atomic_path

if TYPE_CHECKING:
    from pygltflib import GLTF2

_CHUNK = 2048  # keys turned into text at a time
THICKNESS = 0.08  # of a drawn bone over its length
_SIDES = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


@dataclass(frozen=True, eq=False)
class Keys:
    """Keys of one sample, K of them, `fps` a second.

    Attributes:
        joints, parents: names, and the number of the joint that each hangs on; -1 for the first.
        offsets: of every joint from its parent at rest [joints, 3], metres; of the first from the ground.
        rotations: against the parents [K, joints, 4], x y z w, without jumps of sign.
        root: places of the first joint [K, 3].
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Floats
    rotations: Floats
    root: Floats
    fps: float

    @property
    def rest(self) -> Floats:
        """The joints of the T-pose [joints, 3], standing on the ground."""
        places = self.offsets.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                places[joint] += places[parent]
        return places

    def children(self, joint: int) -> list[int]:
        return [child for child, parent in enumerate(self.parents) if parent == joint]


def keys_of(motion: Motion, *, fps: float | None = None, loop: bool = False) -> list[Keys]:
    """The samples of a motion on their own skeleton.

    Args:
        fps: keys a second, along straight lines between frames; None for those of the motion.
        loop: the last key is the first one of the next cycle.

    Raises:
        ValueError: a motion that has no skeleton of its own, or is no loop, or a frame rate that makes no sense.
    """
    meaning = meaning_of(motion.settings)
    if not isinstance(meaning, OwnBody):
        named_so = motion.settings.get("representation", "humanml3d")
        raise ValueError(
            f"motion in {named_so} has no skeleton besides the 22 joints; write bvh or glb instead"
        )
    if loop and (motion.settings.get("loop") is not True or meaning.way is None):
        raise ValueError("the motion is no loop: make one with `motioncollage loop`, or leave loop out")
    rate = motion.fps if fps is None else fps
    if not (math.isfinite(rate) and 0 < rate <= MAX_FPS):
        raise ValueError(f"fps is {rate}: give a number above 0, at most {MAX_FPS:g}, such as 30")
    if motion.frames * rate / motion.fps > MAX_FRAMES:
        raise ValueError(f"{rate:g} fps makes more than {MAX_FRAMES:,} keys: give fewer, or split the motion")
    found = []
    for sample in motion.features:
        features = torch.from_numpy(np.asarray(sample, dtype=np.float64))
        body = meaning.body(features)
        rest = body.rest.double().numpy()
        offsets = rest - rest[[max(parent, 0) for parent in body.parents]]
        offsets[0] = [0.0, -rest[:, 1].min(), 0.0]
        rotations = to_quaternions(body.rotations.double().numpy())
        root = body.root.double().numpy()
        if loop and meaning.way is not None:
            _, (x, z) = meaning.way.arrival(features)
            rotations = np.concatenate((rotations, rotations[:1]))
            root = np.concatenate((root, root[:1] + np.array([x, 0.0, z])))
        rotations, root = _at_rate(continuous(rotations), root, rate / motion.fps)
        found.append(Keys(body.joints, body.parents, offsets, rotations, root, rate))
    return found


def _at_rate(rotations: Floats, root: Floats, ratio: float) -> tuple[Floats, Floats]:
    """Keys between frames, along straight lines; quaternions of length 1 again."""
    times = np.arange(math.floor((len(root) - 1) * ratio + 1e-6) + 1) / ratio
    before = np.minimum(times.astype(np.int64), max(0, len(root) - 2))
    after = np.minimum(before + 1, len(root) - 1)
    share = times - before
    places = root[before] + share[:, None] * (root[after] - root[before])
    turns = rotations[before] + share[:, None, None] * (rotations[after] - rotations[before])
    return turns / np.linalg.norm(turns, axis=-1, keepdims=True), places


def write_bvh(
    path: Path | str,
    motion: Motion,
    *,
    force: bool = False,
    fps: float | None = None,
    scale: float = 1.0,
    loop: bool = False,
) -> Path:
    """Write one sample on its model's own skeleton as `.bvh`, y up.

    Args:
        fps, loop: as of `keys_of`.
        scale: units of the file in a metre: 1 for metres, 100 for centimetres.

    Raises:
        ValueError: the motion has no skeleton of its own, or an argument is unusable; one line.
        FileExistsError: the file exists and `force` is false.
    """
    path = named(path, ".bvh")
    check_axes(scale, "y")
    refuse_existing([path], force)
    keys = keys_of(motion, fps=fps, loop=loop)[0]
    with (
        atomic_path(path, force=force) as temporary,
        temporary.open("w", encoding="ascii", newline="\n") as file,
    ):
        file.writelines(_bvh(keys, scale))
    return path


def _bvh(keys: Keys, scale: float) -> Iterator[str]:
    order: list[int] = []
    turns = " ".join(f"{axis}rotation" for axis in ORDER_OF_AXES)

    def joint(number: int, depth: int) -> Iterator[str]:
        order.append(number)
        tab, below = "\t" * depth, keys.children(number)
        offset = " ".join(f"{value:.8g}" for value in (keys.offsets[number] * scale + 0.0).tolist())
        channels = "6 Xposition Yposition Zposition" if number == 0 else "3"
        yield f"{tab}{'JOINT' if number else 'ROOT'} {keys.joints[number]}\n{tab}{{\n"
        yield f"{tab}\tOFFSET {offset}\n{tab}\tCHANNELS {channels} {turns}\n"
        for child in below:
            yield from joint(child, depth + 1)
        if not below:
            yield f"{tab}\tEnd Site\n{tab}\t{{\n{tab}\t\tOFFSET 0 0 0\n{tab}\t}}\n"
        yield f"{tab}}}\n"

    yield "HIERARCHY\n"
    yield from joint(0, 0)
    yield f"MOTION\nFrames: {len(keys.root)}\nFrame Time: {1 / keys.fps:.10g}\n"
    angles = euler_angles(keys.rotations[:, order])
    values = np.concatenate((keys.root * scale, angles.reshape(len(angles), -1)), axis=1)
    row = " ".join(["%.6f"] * 3 + ["%.5f"] * (3 * len(order))) + "\n"
    for start in range(0, len(values), _CHUNK):
        yield "".join(row % tuple(line) for line in values[start : start + _CHUNK].tolist())


def write_glb(
    path: Path | str, motion: Motion, *, force: bool = False, fps: float | None = None, loop: bool = False
) -> Path:
    """Write all samples on their model's own skeleton as one `.glb`, an animation each; bones are drawn as wedges.

    Args:
        fps, loop: as of `keys_of`.

    Raises:
        ValueError: the motion has no skeleton of its own, or an argument is unusable; one line.
        FileExistsError: the file exists and `force` is false.
    """
    path = named(path, ".glb")
    refuse_existing([path], force)
    document = _document(keys_of(motion, fps=fps, loop=loop))
    with atomic_path(path, force=force) as temporary:
        document.save_binary(str(temporary))
    return path


def _document(samples: list[Keys]) -> "GLTF2":
    import pygltflib as gltf

    keys = samples[0]
    document = gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="motioncollage"))
    blob = Blob(document)
    for joint, name in enumerate(keys.joints):
        document.nodes.append(
            gltf.Node(name=name, translation=keys.offsets[joint].tolist(), children=keys.children(joint))
        )
    nodes = list(range(len(keys.joints)))
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(nodes), 1, 1))
    inverse[:, 3, :3] = -keys.rest  # column after column: the last row here is the translation
    bind = blob.accessor(inverse.reshape(-1, 16), "MAT4")
    document.skins.append(gltf.Skin(name="Skeleton", joints=nodes, inverseBindMatrices=bind, skeleton=0))
    points, normals, bearers = _wedges(keys)
    attributes = gltf.Attributes(
        POSITION=blob.accessor(points, "VEC3", target=34962, limits=True),
        NORMAL=blob.accessor(normals, "VEC3", target=34962),
        JOINTS_0=blob.accessor(bearers, "VEC4", target=34962),
        WEIGHTS_0=blob.accessor(
            np.tile(np.array([255, 0, 0, 0], dtype=np.uint8), (len(points), 1)),
            "VEC4",
            target=34962,
            share=True,
        ),
    )
    triangles = blob.indices(np.arange(len(points)).reshape(-1, 3))
    document.meshes.append(
        gltf.Mesh(name="Bones", primitives=[gltf.Primitive(attributes=attributes, indices=triangles)])
    )
    document.nodes.append(gltf.Node(name="Bones", mesh=0, skin=0))
    for number, sample in enumerate(samples):
        document.animations.append(_animation(blob, sample, f"motion{f'-{number + 1}' if number else ''}"))
    document.scenes.append(gltf.Scene(name="Scene", nodes=[0, len(nodes)]))
    document.scene = 0
    document.buffers.append(gltf.Buffer(byteLength=len(blob.data)))
    document.set_binary_blob(bytes(blob.data))
    return document


def _animation(blob: Blob, keys: Keys, name: str) -> "object":
    import pygltflib as gltf

    times = blob.accessor((np.arange(len(keys.root)) / keys.fps).astype(np.float32), "SCALAR", limits=True)
    animation = gltf.Animation(name=name, samplers=[], channels=[])
    tracks = [(0, "translation", keys.root, "VEC3")]
    tracks += [(joint, "rotation", keys.rotations[:, joint], "VEC4") for joint in range(len(keys.joints))]
    for node, path, values, kind in tracks:
        output = blob.accessor(values.astype(np.float32), kind)
        animation.samplers.append(gltf.AnimationSampler(input=times, output=output, interpolation="LINEAR"))
        target = gltf.AnimationChannelTarget(node=node, path=path)
        animation.channels.append(gltf.AnimationChannel(sampler=len(animation.samplers) - 1, target=target))
    return animation


def _wedges(keys: Keys) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """Corners and normals of every bone's eight triangles [n, 3], and the joint that carries each [n, 4]."""
    rest, corners, bearers = keys.rest, [], []
    for joint, parent in enumerate(keys.parents):
        bone = rest[joint] - rest[parent] if parent >= 0 else np.zeros(3)
        length = float(np.linalg.norm(bone))
        if length < 1e-6:
            continue
        along = bone / length
        side = unit(np.cross(along, [0.0, 0.0, 1.0] if abs(along[2]) < 0.9 else [1.0, 0.0, 0.0]))
        ring = (
            rest[parent]
            + 0.2 * bone
            + THICKNESS * length * (_SIDES @ np.stack((side, np.cross(along, side))))
        )
        for here, there in zip(ring, np.roll(ring, -1, axis=0)):
            corners += [[rest[parent], there, here], [here, there, rest[joint]]]
            bearers += [parent, parent]
    faces = np.array(corners)
    normals = unit(np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0]))
    carried = np.zeros((3 * len(faces), 4), dtype=np.uint8)
    carried[:, 0] = np.repeat(np.array(bearers, dtype=np.uint8), 3)
    points = faces.reshape(-1, 3).astype(np.float32)
    return points, np.repeat(normals, 3, axis=0).astype(np.float32), carried


BVH = Writer(write_bvh, ending="bvh", loops=True)
GLB = Writer(write_glb, together=True, ending="glb", loops=True)
