"""Body model files in the real format, with a cube around each joint instead of thousands of vertices."""

from pathlib import Path
from typing import Any

import numpy as np

from mdm_adapter.io.smpl import SMPL_REST
from mdm_adapter.representation.skeleton import PARENTS

JOINTS = {"smpl": 24, "smplh": 52, "smplx": 55}
SHAPES = {"smpl": 10, "smplh": 16, "smplx": 400}
NAMES = {"smpl": "SMPL_{}.npz", "smplh": "SMPLH_{}.npz", "smplx": "SMPLX_{}.npz"}
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
SIDES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
     [1, 5, 7], [1, 7, 3]]
)  # fmt: skip


def parents_of(kind: str) -> list[int]:
    """The real hierarchies: hands, jaw and eyes after the 22 joints of the body."""
    hands = [joint for wrist, first in ((20, 0), (21, 15)) for joint in _fingers(wrist, first)]
    if kind == "smpl":
        return [*PARENTS, 20, 21]
    if kind == "smplh":
        return [*PARENTS, *(joint if joint in (20, 21) else joint + 22 for joint in hands)]
    return [*PARENTS, 15, 15, 15, *(joint if joint in (20, 21) else joint + 25 for joint in hands)]


def _fingers(wrist: int, first: int) -> list[int]:
    return [above for finger in range(5) for above in (wrist, first + 3 * finger, first + 3 * finger + 1)]


def rest_of(kind: str) -> np.ndarray:
    """Where the joints are at rest [J, 3], metres: the template's, and fingers along the hands."""
    parents = parents_of(kind)
    rest = np.zeros((len(parents), 3))
    rest[:22] = SMPL_REST
    for joint in range(22, len(parents)):
        above = parents[joint]
        aside = 0.02 * np.sign(rest[above, 0]) if above != 15 else 0.0
        rest[joint] = rest[above] + [aside, 0.01 * (above == 15), 0.004 * (joint % 5 - 2)]
    return rest


def model_arrays(kind: str, seed: int = 0) -> dict[str, Any]:
    """All arrays of a body model file, under their real names."""
    rng = np.random.default_rng(seed)
    parents, rest = parents_of(kind), rest_of(kind)
    joints = len(parents)
    vertices = (rest[:, None] + 0.01 * CORNERS).reshape(-1, 3)
    regressor = np.kron(np.eye(joints), np.full(8, 1 / 8))
    weights = np.kron(np.eye(joints), np.ones((8, 1)))
    for joint in range(1, joints):  # half of every cube goes with the bone above
        weights[8 * joint : 8 * joint + 4] = (
            0.5 * np.eye(joints)[[joint]] + 0.5 * np.eye(joints)[[parents[joint]]]
        )
    # A shape makes joints wider apart and taller; each vertex has something of its own.
    shapes = vertices[..., None] * rng.normal(0, 0.02, (1, 3, SHAPES[kind]))
    shapes += rng.normal(0, 0.001, shapes.shape)
    tree = np.stack((np.array(parents), np.arange(joints))).astype(np.int64)
    tree[0, 0] = 2**32 - 1
    found: dict[str, Any] = {
        "v_template": vertices, "f": np.concatenate([SIDES + 8 * joint for joint in range(joints)]).astype(np.uint32),
        "shapedirs": shapes, "posedirs": rng.normal(0, 0.001, (len(vertices), 3, 9 * (joints - 1))),
        "J_regressor": regressor, "weights": weights, "kintree_table": tree.astype(np.uint32),
    }  # fmt: skip
    if kind != "smpl":
        for side in "lr":
            found[f"hands_mean{side}"] = rng.normal(0, 0.1, 45)
            found[f"hands_components{side}"] = np.eye(45)
    if kind == "smplx":
        found["lmk_faces_idx"] = np.arange(51)
        found["lmk_bary_coords"] = np.full((51, 3), 1 / 3)
        # As in the published files: pickled dictionaries, which nobody may load.
        found["joint2num"] = np.array({"Pelvis": 0}, dtype=object)
        found["part2num"] = np.array({"Torso": 0}, dtype=object)
    return found


def write_body_model(
    folder: Path, kind: str = "smplh", gender: str = "neutral", *, seed: int = 0, **changes: Any
) -> Path:
    """A body model where `smplx` looks for it; `changes` replace arrays, None leaves one out."""
    path = folder / kind / NAMES[kind].format(gender.upper())
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {**model_arrays(kind, seed), **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def write_amass(path: Path, kind: str = "smplh", gender: str | bytes = "female", *, frames: int = 61, fps: float = 60.0,
                seed: int = 1, **changes: Any) -> Path:  # fmt: skip
    """A recording as AMASS stores it: somebody stands upright along z and moves a little."""
    rng = np.random.default_rng(seed)
    poses = np.cumsum(rng.normal(0, 0.01, (frames, 3 * JOINTS[kind])), axis=0)
    poses[:, 0] += np.pi / 2
    rate = "mocap_frame_rate" if kind == "smplx" else "mocap_framerate"
    arrays: dict[str, Any] = {
        "poses": poses, "trans": np.cumsum(rng.normal(0, 0.005, (frames, 3)), axis=0) + np.array([0, 0, 1.2]),
        "betas": rng.normal(0, 1, 16 if kind != "smpl" else 10), "gender": np.array(gender), rate: np.array(fps),
    }  # fmt: skip
    if kind == "smplh":
        arrays["dmpls"] = np.zeros((frames, 8))
    np.savez(path, **{key: value for key, value in {**arrays, **changes}.items() if value is not None})
    return path
