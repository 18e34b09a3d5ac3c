"""Motion as GLB (binary glTF 2.0), for the web, Blender, Unity, Unreal and Godot: a mannequin that moves.

A file holds all samples of a motion, an animation each, on one skeleton that rests in the T-pose of `rig`. Metres,
y up, as the format wants it. What each stretch of frames shows, and where pieces were joined, lies in the `extras` of
its animation.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.baking import Baked, BakeSettings, bake, rig_of
from mdm_adapter.io.drawing import PAPER, TILE, Colour
from mdm_adapter.io.mannequin import MATERIALS, Surface, mannequin
from mdm_adapter.io.motion_view import MotionLike, views
from mdm_adapter.io.paths import named, refuse_existing
from mdm_adapter.io.rig import NAMES, ORDER, TIPS, Rig
from mdm_adapter.motion import Writer
from mdm_adapter.representation.skeleton import PARENTS
from motioncollage.files import atomic_path

if TYPE_CHECKING:
    from pygltflib import GLTF2

_COMPONENTS = {"float32": 5126, "uint8": 5121, "uint16": 5123, "uint32": 5125}
_VERTICES, _INDICES = 34962, 34963
_TILES = 6000  # of a floor at most
_BELOW = 0.002  # metres of the floor below the soles


def write_glb(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    positions: bool | None = None,
    between: str = "cubic",
    loop: bool = False,
    cycles: int = 1,
    in_place: bool = False,
    ground: bool = False,
) -> Path:
    """Write all samples of a motion as one `.glb`: a skinned mannequin, an animation for each sample.

    Args:
        motion: joints [samples, frames, 22, 3], metres, y up (see `MotionLike`).
        force: replace a file that exists.
        fps, positions, between, loop, cycles, in_place: see `BakeSettings`.
        ground: a floor of tiles of half a metre under the way of the body.

    Raises:
        ValueError: an argument or the motion is unusable; one line.
        FileExistsError: the file exists and `force` is false.
        OSError: the file cannot be written.
    """
    path = named(path, ".glb")
    settings = BakeSettings(fps, positions, between, loop, cycles, in_place)
    samples = views(motion, name=path.stem)
    refuse_existing([path], force)
    rig = rig_of(samples)
    baked = [bake(sample, settings, rig=rig) for sample in samples]
    document = build(rig, baked, ground=ground)
    with atomic_path(path, force=force) as temporary:
        document.save_binary(str(temporary))
    return path


def build(
    rig: Rig,
    baked: Sequence[Baked],
    *,
    ground: bool = False,
    surfaces: Sequence[Surface] | None = None,
    materials: Sequence[tuple[str, Colour]] = MATERIALS,
) -> "GLTF2":
    """The whole document in memory.

    surfaces: what the rig wears, one for each of the materials; the mannequin by default.
    """
    import pygltflib as gltf

    document = gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="motioncollage"))
    blob = Blob(document)
    nodes = _skeleton(document, rig)
    places = np.concatenate((rig.rest[list(ORDER)], rig.tips)).astype(np.float32)
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(places), 1, 1))
    inverse[:, 3, :3] = -places  # column after column: the last row here is the translation
    bind = blob.accessor(inverse.reshape(-1, 16), "MAT4")
    document.skins.append(
        gltf.Skin(name="Skeleton", joints=nodes, inverseBindMatrices=bind, skeleton=nodes[0])
    )
    worn = mannequin(rig) if surfaces is None else surfaces
    for name, colour in materials:
        document.materials.append(_material(name, colour))
    document.meshes.append(
        gltf.Mesh(name="Mannequin", primitives=[_skinned(blob, part, i) for i, part in enumerate(worn)])
    )
    document.nodes.append(gltf.Node(name="Mannequin", mesh=0, skin=0))
    roots = [_armature(document, nodes[0]), len(document.nodes) - 2]
    if ground:
        roots.append(_ground(document, blob, [sample.root for sample in baked]))
    for sample in baked:
        document.animations.append(_animation(blob, sample, nodes))
    document.scenes.append(gltf.Scene(name="Scene", nodes=roots))
    document.scene = 0
    document.buffers.append(gltf.Buffer(byteLength=len(blob.data)))
    document.set_binary_blob(bytes(blob.data))
    return document


class Blob:
    """The binary part of a document, and the accessors into it."""

    def __init__(self, document: "GLTF2") -> None:
        self.document, self.data = document, bytearray()

    def accessor(
        self,
        array: NDArray[Any],
        kind: str,
        *,
        target: int | None = None,
        limits: bool = False,
        share: bool = False,
    ) -> int:
        """Append an array and describe it; its number. limits: with its least and largest values."""
        import pygltflib as gltf

        self.data += b"\0" * (-len(self.data) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        view = gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(raw), target=target)
        self.data += raw
        self.document.bufferViews.append(view)
        column = array.reshape(len(array), -1) if kind != "SCALAR" else array.reshape(-1, 1)
        self.document.accessors.append(
            gltf.Accessor(
                bufferView=len(self.document.bufferViews) - 1,
                componentType=_COMPONENTS[array.dtype.name],
                count=len(column),
                type=kind,
                normalized=True if share else None,
                min=column.min(axis=0).tolist() if limits else None,
                max=column.max(axis=0).tolist() if limits else None,
            )
        )
        return len(self.document.accessors) - 1

    def indices(self, triangles: NDArray[Any]) -> int:
        """The corners of triangles [m, 3], as small as they can be."""
        small = triangles.max() < 65535
        return self.accessor(
            triangles.reshape(-1).astype(np.uint16 if small else np.uint32), "SCALAR", target=_INDICES
        )


def _skeleton(document: "GLTF2", rig: Rig) -> list[int]:
    """Nodes of the joints in `ORDER`, then of the tips; their numbers."""
    import pygltflib as gltf

    number = {joint: i for i, joint in enumerate(ORDER)}
    for joint in ORDER:
        children = [number[child] for child in ORDER if PARENTS[child] == joint]
        children += [len(ORDER) + i for i, (_, above) in enumerate(TIPS) if above == joint]
        document.nodes.append(
            gltf.Node(name=NAMES[joint], translation=rig.offsets[joint].tolist(), children=children)
        )
    for (name, _), offset in zip(TIPS, rig.tip_offsets):
        document.nodes.append(gltf.Node(name=name, translation=offset.tolist()))
    return list(range(len(document.nodes)))


def _armature(document: "GLTF2", root: int) -> int:
    import pygltflib as gltf

    document.nodes.append(gltf.Node(name="Armature", children=[root]))
    return len(document.nodes) - 1


def _material(name: str, colour: Sequence[float], roughness: float = 0.62) -> Any:
    import pygltflib as gltf

    # Colours of screens are stored with a gamma; the format wants them without.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    surface = gltf.PbrMetallicRoughness(
        baseColorFactor=[*linear, 1.0], metallicFactor=0.0, roughnessFactor=roughness
    )
    return gltf.Material(name=name, pbrMetallicRoughness=surface)


def _skinned(blob: Blob, surface: Surface, material: int) -> Any:
    import pygltflib as gltf

    where = {joint: i for i, joint in enumerate(ORDER)}
    joints = np.array([where[joint] for joint in range(len(ORDER))], dtype=np.uint8)[surface.joints]
    joints[surface.weights == 0] = 0
    attributes = gltf.Attributes(
        POSITION=blob.accessor(surface.points, "VEC3", target=_VERTICES, limits=True),
        NORMAL=blob.accessor(surface.normals, "VEC3", target=_VERTICES),
        JOINTS_0=blob.accessor(joints, "VEC4", target=_VERTICES),
        WEIGHTS_0=blob.accessor(surface.weights, "VEC4", target=_VERTICES, share=True),
    )
    indices = blob.indices(surface.triangles)
    return gltf.Primitive(attributes=attributes, indices=indices, material=material)


def _animation(blob: Blob, baked: Baked, nodes: Sequence[int]) -> Any:
    """Rotations of all joints, and places of the hips or of all joints, as straight lines between keys."""
    import pygltflib as gltf

    times = blob.accessor((np.arange(len(baked.root)) / baked.fps).astype(np.float32), "SCALAR", limits=True)
    samplers: list[Any] = []
    channels: list[Any] = []

    def add(node: int, path: str, values: NDArray[Any], kind: str) -> None:
        output = blob.accessor(values.astype(np.float32), kind)
        samplers.append(gltf.AnimationSampler(input=times, output=output, interpolation="LINEAR"))
        target = gltf.AnimationChannelTarget(node=node, path=path)
        channels.append(gltf.AnimationChannel(sampler=len(samplers) - 1, target=target))

    for node, joint in zip(nodes, ORDER):
        if joint == 0:
            add(node, "translation", baked.root, "VEC3")
        elif baked.places is not None:
            add(node, "translation", baked.places[:, joint], "VEC3")
        add(node, "rotation", baked.rotations[:, joint], "VEC4")
    extras = {
        "fps": baked.fps,
        "loop": baked.loop,
        "segments": [{"text": s.text, "start": s.start, "end": s.end} for s in baked.segments],
        "seams": list(baked.seams),
    }
    return gltf.Animation(name=baked.name, samplers=samplers, channels=channels, extras=extras)


def _ground(document: "GLTF2", blob: Blob, paths: Sequence[NDArray[np.float64]]) -> int:
    """A floor of light and dark tiles under the paths [K, 3], with 2.5 m around them."""
    import pygltflib as gltf

    way = np.concatenate(paths)[:, [0, 2]]
    edge = 0.5
    while True:
        low, high = np.floor((way.min(axis=0) - 2.5) / edge), np.ceil((way.max(axis=0) + 2.5) / edge)
        if np.prod(high - low) <= _TILES:
            break
        edge *= 2
    i, j = (axis.reshape(-1) for axis in np.meshgrid(*map(np.arange, low, high), indexing="ij"))
    primitives = []
    for parity, (name, colour) in enumerate((("Floor", PAPER), ("Tiles", TILE))):
        cells = np.stack((i, j), axis=1)[(i + j) % 2 == parity]
        corners = (cells[:, None] + np.array([[0, 0], [0, 1], [1, 1], [1, 0]])) * edge
        points = np.insert(corners.reshape(-1, 2), 1, -_BELOW, axis=1).astype(np.float32)
        triangles = np.arange(len(cells))[:, None] * 4 + np.array([0, 1, 2, 0, 2, 3])
        document.materials.append(_material(name, colour, roughness=0.9))
        attributes = gltf.Attributes(
            POSITION=blob.accessor(points, "VEC3", target=_VERTICES, limits=True),
            NORMAL=blob.accessor(
                np.tile(np.array([0, 1, 0], dtype=np.float32), (len(points), 1)), "VEC3", target=_VERTICES
            ),
        )
        indices = blob.indices(triangles)
        primitives.append(
            gltf.Primitive(attributes=attributes, indices=indices, material=len(document.materials) - 1)
        )
    document.meshes.append(gltf.Mesh(name="Ground", primitives=primitives))
    document.nodes.append(gltf.Node(name="Ground", mesh=len(document.meshes) - 1))
    return len(document.nodes) - 1


WRITER = Writer(write_glb, together=True, loops=True)
