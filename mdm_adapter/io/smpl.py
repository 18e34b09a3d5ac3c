"""Motion as SMPL pose parameters, in an `.npz` like those of AMASS.

Rotations are relative to the rest pose of the SMPL body of mean shape, whose joints are below; the body model itself
is not needed, and not contained. Its proportions are not the motion's: bones point where they do in the motion, and
the way of the root is scaled by the length of the legs, so that feet which stand keep standing.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mdm_adapter.io.baking import Baked, BakeSettings, bake
from mdm_adapter.io.bvh import check_axes, upright
from mdm_adapter.io.geometry import Floats, to_matrices, to_quaternions, turn
from mdm_adapter.io.motion_view import MotionLike, MotionView, views
from mdm_adapter.io.paths import named, numbered, refuse_existing
from mdm_adapter.io.rig import TIPS, Rig, lengths_of
from mdm_adapter.io.solve import to_world
from mdm_adapter.motion import Writer
from mdm_adapter.representation.skeleton import FEET, JOINT_COUNT, PARENTS
from motioncollage.files import atomic_path

# Joints of SMPL's template, neutral, betas zero, in its own coordinates: metres, y up, rounded to a tenth of one mm.
SMPL_REST = np.array(
    [
        [-0.0018, -0.2233, 0.0282], [0.0677, -0.3147, 0.0214], [-0.0695, -0.3139, 0.0239], [-0.0043, -0.1144, 0.0015],
        [0.1020, -0.6899, 0.0169], [-0.1078, -0.6964, 0.0150], [0.0012, 0.0208, 0.0026], [0.0884, -1.0879, -0.0268],
        [-0.0920, -1.0948, -0.0273], [0.0026, 0.0737, 0.0280], [0.1148, -1.1437, 0.0925], [-0.1174, -1.1430, 0.0961],
        [-0.0002, 0.2876, -0.0148], [0.0815, 0.1955, -0.0060], [-0.0791, 0.1926, -0.0106], [0.0050, 0.3526, 0.0365],
        [0.1724, 0.2260, -0.0149], [-0.1752, 0.2251, -0.0197], [0.4320, 0.2132, -0.0424], [-0.4289, 0.2118, -0.0411],
        [0.6813, 0.2222, -0.0435], [-0.6842, 0.2196, -0.0467],
    ]
)  # fmt: skip
JOINTS_OF_FILE = 52  # SMPL+H: 22 of the body, 30 of the fingers, which stay straight
BETAS, DMPLS = 16, 8
_LEG_BONES = [4, 5, 7, 8]


def write_smpl(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    up: str = "z",
    between: str = "cubic",
    loop: bool = False,
    cycles: int = 1,
    in_place: bool = False,
) -> tuple[Path, ...]:
    """Write every sample of a motion as `.npz` with `poses`, `trans`, `betas`, `dmpls`, `gender`, `mocap_framerate`.

    `poses` is [K, 156], axis times angle of 52 joints; `trans` [K, 3], metres, added to the template as SMPL does;
    `betas` [16] and `dmpls` [K, 8] are zero, `gender` is neutral.

    Args:
        path: the file of the first sample; those of others are called `name-2.npz` and so on.
        motion: joints [samples, frames, 22, 3], metres, y up (see `MotionLike`).
        force: replace files that exist.
        fps, between, loop, cycles, in_place: see `BakeSettings`.
        up: `z` as in AMASS, or `y`.

    Raises:
        ValueError: an argument or the motion is unusable; one line.
        FileExistsError: a file exists and `force` is false; nothing has been written then.
        OSError: a file cannot be written.
    """
    path = named(path, ".npz")
    check_axes(1.0, up)
    settings = BakeSettings(fps, True, between, loop, cycles, in_place)
    samples = views(motion, name=path.stem)
    targets = numbered(path, len(samples))
    refuse_existing(targets, force)
    for target, baked in zip(targets, on_body(samples, settings)):
        poses, trans = parameters(baked, up=up)
        with atomic_path(target, force=force) as temporary:
            np.savez(
                temporary,
                poses=poses,
                trans=trans,
                betas=np.zeros(BETAS),
                dmpls=np.zeros((len(poses), DMPLS)),
                gender=np.asarray("neutral"),
                mocap_framerate=np.asarray(float(baked.fps)),
            )
    return targets


def on_body(samples: Sequence[MotionView], settings: BakeSettings, rest: Floats = SMPL_REST) -> list[Baked]:
    """Samples of a motion as keys of a body with other proportions, whose joints [22, 3] at rest are given.

    Its bones point where those of the motion point and keep their lengths.
    """
    rig = Rig(rest, rest[[joint for _, joint in TIPS]])
    lengths = lengths_of(np.concatenate([sample.joints for sample in samples]))
    scale = float(rig.lengths[_LEG_BONES].sum() / lengths[_LEG_BONES].sum())
    feet = list(FEET)
    found = []
    for sample in samples:
        baked = bake(sample, settings, rig=rig)
        pelvis = baked.root * scale
        # Legs of other proportions end at other heights: the lower foot has to be as high as it was.
        stands = _joints(to_world(baked.rotations), pelvis, rest)[:, feet, 1].min(axis=1)
        pelvis[:, 1] -= np.median(stands - scale * baked.joints()[:, feet, 1].min(axis=1))
        found.append(replace(baked, root=pelvis, places=None))
    return found


def parameters(baked: Baked, *, up: str) -> tuple[Floats, Floats]:
    """`poses` [K, 156] and `trans` [K, 3] of keys on a body (`on_body`)."""
    rotations = baked.rotations.copy()
    if up == "z":
        quarter = Rotation.from_euler("x", 90, degrees=True).as_matrix()
        rotations[:, 0] = to_quaternions(quarter @ to_matrices(rotations[:, 0]))
    poses = np.zeros((len(rotations), JOINTS_OF_FILE, 3))
    poses[:, :JOINT_COUNT] = (
        Rotation.from_quat(rotations.reshape(-1, 4)).as_rotvec().reshape(-1, JOINT_COUNT, 3)
    )
    # The template turns about its pelvis, which does not lie at its origin.
    return poses.reshape(len(poses), -1), upright(baked.root, up) - baked.rig.rest[0]


def smpl_joints(poses: Floats, trans: Floats, rest: Floats = SMPL_REST) -> Floats:
    """Joints [K, 22, 3] of a body with parameters [K, 66 or more] and [K, 3].

    rest: its joints [22, 3] at rest; by default those of the template (betas zero).
    """
    turns = poses[:, : 3 * JOINT_COUNT].reshape(-1, 3)
    world = to_world(Rotation.from_rotvec(turns).as_quat().reshape(-1, JOINT_COUNT, 4))
    return _joints(world, trans + rest[0], rest)


def _joints(world: Floats, pelvis: Floats, rest: Floats = SMPL_REST) -> Floats:
    joints = np.empty((len(pelvis), JOINT_COUNT, 3))
    joints[:, 0] = pelvis
    for joint in range(1, JOINT_COUNT):
        parent = PARENTS[joint]
        joints[:, joint] = joints[:, parent] + turn(world[:, parent], rest[joint] - rest[parent])
    return joints


WRITER = Writer(write_smpl, together=True, ending="npz", loops=True)
