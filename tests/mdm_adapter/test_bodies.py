"""Body models: the same joints and vertices as smplx's own classes have; what is at fault or missing is one line."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from body_models import JOINTS, model_arrays, write_amass, write_body_model

from mdm_adapter.bodies import Bodies, default_folder, load_body, read_amass, read_recording
from mdm_adapter.io.smpl import SMPL_REST, smpl_joints

EXTRA = dict.fromkeys(("nose", "reye", "leye", "rear", "lear"), 0)


def by_smplx(path: Path, kind: str, poses: np.ndarray, trans: np.ndarray, betas: np.ndarray) -> Any:
    """Joints and vertices as smplx's own classes have them."""
    torch = pytest.importorskip("torch")
    body_models = pytest.importorskip("smplx.body_models")
    arrays = model_arrays(kind, seed=3)
    with contextlib.redirect_stdout(io.StringIO()):  # it warns of files with few shapes
        if kind == "smplx":
            # Its extra joints are vertices that the small model has not.
            body_models.VERTEX_IDS = {"smplx": EXTRA, "smplh": EXTRA}
            model = body_models.SMPLX(str(path), use_pca=False, flat_hand_mean=True, num_betas=16,
                                      use_hands=False, use_feet_keypoints=False)  # fmt: skip
        else:
            made = body_models.SMPLH if kind == "smplh" else body_models.SMPL
            model = made(str(path), data_struct=body_models.Struct(**arrays), vertex_ids=EXTRA, use_hands=False,
                         use_feet_keypoints=False, **({"use_pca": False, "flat_hand_mean": True} if kind == "smplh" else {}))  # fmt: skip

    def part(start: int, end: int) -> Any:
        return torch.tensor(poses[:, start:end], dtype=torch.float32)

    given = {"global_orient": part(0, 3), "transl": torch.tensor(trans, dtype=torch.float32)}
    given["betas"] = torch.tensor(betas, dtype=torch.float32)[None].expand(len(poses), -1)
    if kind == "smpl":
        given["body_pose"] = part(3, 72)
    elif kind == "smplh":
        given |= {
            "body_pose": part(3, 66),
            "left_hand_pose": part(66, 111),
            "right_hand_pose": part(111, 156),
        }
    else:
        given |= {"body_pose": part(3, 66), "jaw_pose": part(66, 69), "leye_pose": part(69, 72),
                  "reye_pose": part(72, 75), "left_hand_pose": part(75, 120), "right_hand_pose": part(120, 165),
                  "expression": torch.zeros(len(poses), 10)}  # fmt: skip
    with torch.no_grad():
        made_of = model(**given)
    return made_of.joints.numpy()[:, :22], made_of.vertices.numpy()


@pytest.mark.parametrize("kind", list(JOINTS))
def test_joints_and_vertices_are_those_of_smplx(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body_models = pytest.importorskip("smplx.body_models")
    monkeypatch.setattr(body_models, "VERTEX_IDS", body_models.VERTEX_IDS)
    path = write_body_model(tmp_path, kind, "female", seed=3)
    rng = np.random.default_rng(0)
    poses, trans = rng.normal(0, 0.5, (5, 3 * JOINTS[kind])), rng.normal(0, 1, (5, 3))
    # smplx cuts the shapes of small files to ten; ours takes what the file has.
    betas = np.concatenate((rng.normal(0, 1, 10), np.zeros(6 if kind == "smplx" else 0)))
    joints, vertices = by_smplx(path, kind, poses, trans, betas)
    skeleton = Bodies(tmp_path).skeleton(kind, "female")
    ours = smpl_joints(poses, trans, skeleton.shaped(betas))
    np.testing.assert_allclose(ours, joints, atol=2e-5)
    body = load_body(path, "female")
    np.testing.assert_allclose(np.concatenate(list(body.vertices(poses, trans, betas))), vertices, atol=2e-5)
    assert body.kind == kind
    assert body.faces.shape == (12 * JOINTS[kind], 3)


@pytest.mark.parametrize(("kind", "gender"), [("smplh", "female"), ("smplx", "male"), ("smpl", "neutral")])
def test_a_recording_stands_and_keeps_its_time(tmp_path: Path, kind: str, gender: str) -> None:
    write_body_model(tmp_path, kind, gender)
    path = write_amass(tmp_path / "take.npz", kind, gender, frames=61, fps=60.0)
    recording = read_recording(path)
    assert (recording.kind, recording.gender, recording.fps) == (kind, gender, 60.0)
    joints = read_amass(path, Bodies(tmp_path))
    assert joints.shape == (21, 22, 3)
    assert joints.dtype == np.float32
    np.testing.assert_allclose(joints[0, 0, [0, 2]], 0, atol=1e-6)
    assert joints[..., 1].min() == pytest.approx(0, abs=1e-6)
    assert (joints[:, 15, 1] > joints[:, 0, 1] + 0.3).all()
    # Frame 20 is frame 60 of the file.
    skeleton = Bodies(tmp_path).skeleton(kind, gender)
    last = smpl_joints(recording.poses[60:], recording.trans[60:], skeleton.shaped(recording.betas))[0]
    np.testing.assert_allclose(
        joints[20] - joints[20, 0], (last - last[0])[:, [0, 2, 1]] * [1, 1, -1], atol=1e-5
    )


def test_the_mean_body_needs_no_file(tmp_path: Path) -> None:
    path = write_amass(tmp_path / "mean.npz", gender="neutral", betas=np.zeros(16), poses=np.zeros((5, 156)),
                       trans=np.zeros((5, 3)))  # fmt: skip
    joints = read_amass(path, Bodies(tmp_path / "nothing"), fps=60.0)
    lies = SMPL_REST[:, [0, 2, 1]] * [1, 1, -1]  # without a turn of the root it lies on its back
    np.testing.assert_allclose(joints[0] - joints[0, 0], lies - lies[0], atol=1e-6)


def test_older_files_say_female_in_bytes(tmp_path: Path) -> None:
    path = write_amass(tmp_path / "old.npz", gender=b"female")
    assert read_recording(path).gender == "female"


def test_a_missing_model_is_told_with_its_source_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_amass(tmp_path / "take.npz", "smplh", "female")
    with pytest.raises(ValueError, match=r"^take\.npz: no body model female SMPL\+H: put smplh/female/model\.npz into .*"
                                         r"mano\.is\.tue\.mpg\.de.*--body-model") as told:  # fmt: skip
        read_amass(path, Bodies(tmp_path / "bodies"))
    assert "\n" not in str(told.value)
    monkeypatch.setenv("MOTIONCOLLAGE_BODY_MODELS", str(tmp_path / "elsewhere"))
    assert default_folder() == tmp_path / "elsewhere"
    with pytest.raises(ValueError, match="elsewhere"):
        read_amass(path)


@pytest.mark.parametrize(
    "name", ["smplh/female/model.npz", "female/model.npz", "SMPLH_female.npz", "SMPLH_FEMALE.npz"]
)
def test_usual_places_are_found(tmp_path: Path, name: str) -> None:
    made = write_body_model(tmp_path / "made", "smplh", "female")
    target = tmp_path / "bodies" / name
    target.parent.mkdir(parents=True)
    made.rename(target)
    assert Bodies(tmp_path / "bodies").file("smplh", "female") == target
    assert Bodies(target).file("smplx", "male") == target  # one file for everything


def test_files_without_hands_are_read(tmp_path: Path) -> None:
    """The SMPL+H files of AMASS lack what smplx's own class asks for."""
    gone = dict.fromkeys(("hands_meanl", "hands_meanr", "hands_componentsl", "hands_componentsr"))
    path = write_body_model(tmp_path, "smplh", **gone)
    assert load_body(path).template.shape == (416, 3)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"J_regressor": None}, "'J_regressor' is missing"),
        ({"weights": np.zeros((416, 3))}, r"weights is float64 \[416, 3\]"),
        ({"v_template": np.full((416, 3), np.nan)}, "not finite"),
        ({"v_template": np.array({}, dtype=object)}, "never loaded"),
        ({"kintree_table": np.zeros((2, 7), dtype=np.int64)}, "7 joints"),
        ({"kintree_table": np.zeros((2, 52), dtype=np.int64)}, "hang together"),
        ({"f": np.full((4, 3), 9999)}, "vertices that are not there"),
    ],
)
def test_bad_models_are_refused_in_one_line(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    path = write_body_model(tmp_path, "smplh", **changes)
    with pytest.raises(ValueError, match=told) as error:
        load_body(path)
    assert "\n" not in str(error.value)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "SMPLH_female.pkl"
    path.write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(ValueError, match=r"pickles could run anything.*mano\.is\.tue\.mpg\.de"):
        load_body(path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"poses": None}, "'poses' is missing"),
        ({"poses": np.zeros((61, 100))}, r"poses are \[61, 100\]"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "0 poses"),
        ({"trans": np.zeros((3, 3))}, "61 poses and trans"),
        ({"trans": np.full((61, 3), np.nan)}, "no finite number"),
        ({"trans": np.full((61, 3), 1e9)}, "m away"),
        ({"gender": "robot"}, "gender is 'robot'"),
        ({"mocap_framerate": None}, "mocap_framerate is missing"),
        ({"mocap_framerate": np.array(0.0)}, r"mocap_framerate is 0\.0"),
    ],
)
def test_bad_recordings_are_refused_in_one_line(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    path = write_amass(tmp_path / "take.npz", **{"gender": "female", **changes})
    with pytest.raises(ValueError, match=told) as error:
        read_recording(path)
    assert "\n" not in str(error.value)


def test_more_betas_than_shapes_are_refused(tmp_path: Path) -> None:
    write_body_model(tmp_path, "smplh", "female")
    path = write_amass(tmp_path / "take.npz", betas=np.ones(17))
    with pytest.raises(ValueError, match="betas has 17 numbers"):
        read_amass(path, Bodies(tmp_path))
