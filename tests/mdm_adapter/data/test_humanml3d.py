"""HumanML3D from AMASS: equal to the official files, and to the notebooks' arithmetic on a small body model."""

import csv
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from body_models import model_arrays, write_amass, write_body_model
from command_line import Command, one_line
from paths import golden
from scipy.spatial.transform import Rotation

from mdm_adapter.bodies import Bodies
from mdm_adapter.data.datasets import read_dataset
from mdm_adapter.data.humanml3d import Cut, Sources, finished, joints_of, read_index, write_statistics
from mdm_adapter.representation import features as representation

ROWS = (
    ("./pose_data/KIT/3/kick_poses.npy", 2, 40, "000001.npy"),
    ("./pose_data/MPI_HDM05/dg/a take_poses.npy", 0, -1, "000002.npy"),
    ("./pose_data/humanact12/humanact12/P01.npy", 0, -1, "000003.npy"),
    ("./pose_data/CMU/01/gone_poses.npy", 0, 50, "000004.npy"),
)


def npz(name: str) -> dict[str, np.ndarray]:
    with np.load(golden(f"hml_{name}.npz"), allow_pickle=False) as file:
        return dict(file)


@pytest.fixture
def amass(tmp_path: Path) -> Path:
    """Two takes of AMASS, one under the name of later downloads, and one of HumanAct12."""
    folder = tmp_path / "amass"
    for path in ("KIT/3", "HDM05/dg", "humanact12"):
        (folder / path).mkdir(parents=True)
    write_amass(folder / "KIT/3/kick_poses.npz", gender="male", frames=250, fps=100.0)
    write_amass(folder / "HDM05/dg/a take_poses.npz", gender="neutral", frames=500, fps=120.0, seed=2)
    extra = np.zeros((len(npz("clip_walk")["joints"]), 2, 3))
    np.save(folder / "humanact12" / "P01.npy", np.concatenate((npz("clip_walk")["joints"], extra), axis=1))
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_body_model(tmp_path / "models", gender="male", seed=3)
    write_body_model(tmp_path / "models", gender="female", seed=4)
    return tmp_path / "models"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "index.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("source_path", "start_frame", "end_frame", "new_name"), *ROWS])
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "repository" / "texts.zip"
    path.parent.mkdir()
    with ZipFile(path, "w") as archive:
        for name in ("000001", "M000001", "000002", "M000002", "000003"):
            archive.writestr(f"texts/{name}.txt", f"a person does {name}.#a/DET#0.0#0.0\n")
        archive.writestr("texts/../../escape.txt", "outside")
    (path.parent / "train.txt").write_text("000001\nM000001\n000002\n000004\n")
    (path.parent / "val.txt").write_text("M000002\n000003\n")
    return path


def notebook_joints(take: Path, arrays: dict[str, np.ndarray], skip: int, start: int, end: int) -> np.ndarray:
    """The published arithmetic, joint by joint, on the arrays of a body model file."""
    with np.load(take, allow_pickle=False) as file:
        poses, trans, betas = file["poses"], file["trans"], file["betas"][:10]
        step = int(float(file["mocap_framerate"]) / 20)
    shaped = arrays["v_template"] + arrays["shapedirs"][..., :10] @ betas
    rest = (arrays["J_regressor"] @ shaped)[:22]
    parents = arrays["kintree_table"][0].astype(np.int64)
    found = []
    for pose, moved in zip(poses[::step], trans[::step], strict=True):
        turns = Rotation.from_rotvec(pose.reshape(-1, 3)[:22]).as_matrix()
        world, place = [turns[0]], [rest[0]]
        for joint in range(1, 22):
            above = parents[joint]
            place.append(place[above] + world[above] @ (rest[joint] - rest[above]))
            world.append(world[above] @ turns[joint])
        found.append(np.array(place) + moved)
    joints = np.array(found) @ np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    joints = joints[skip:][start:end]
    joints[..., 0] *= -1
    return joints


def test_joints_are_those_of_the_notebook(amass: Path, models: Path) -> None:
    sources, bodies = Sources(amass, models), Bodies(models)
    kick = joints_of(Cut("KIT/3/kick_poses.npy", 2, 40, "000001"), sources, bodies)
    take = amass / "KIT/3/kick_poses.npz"
    np.testing.assert_allclose(kick, notebook_joints(take, model_arrays("smplh", 3), 0, 2, 40), atol=1e-9)
    assert len(kick) == 38
    # Sixty frames of a T-pose go first, and a body of no sex has the female model.
    other = joints_of(Cut("MPI_HDM05/dg/a take_poses.npy", 0, -1, "000002"), sources, bodies)
    take = amass / "HDM05/dg/a take_poses.npz"
    np.testing.assert_allclose(other, notebook_joints(take, model_arrays("smplh", 4), 60, 0, -1), atol=1e-9)
    assert len(other) == 84 - 60 - 1


def test_joints_are_those_of_smplx(amass: Path, models: Path) -> None:
    lbs = pytest.importorskip("smplx.lbs").lbs
    ours = joints_of(Cut("KIT/3/kick_poses.npy", 0, 50, "000001"), Sources(amass, models), Bodies(models))
    arrays = {k: v.astype(np.float32) if v.dtype == float else v for k, v in model_arrays("smplh", 3).items()}
    with np.load(amass / "KIT/3/kick_poses.npz", allow_pickle=False) as file:
        poses, trans, betas = (torch.from_numpy(file[key]).float() for key in ("poses", "trans", "betas"))
    parents = torch.tensor([-1, *arrays["kintree_table"][0, 1:].astype(int)])
    tensors = [torch.from_numpy(arrays[key]) for key in ("v_template", "shapedirs", "posedirs")]
    corrective = tensors[2].reshape(-1, tensors[2].shape[-1]).T
    shapes = betas[:10].expand(50, 10)
    _, joints = lbs(
        shapes, poses[::5].contiguous(), tensors[0][None], tensors[1][..., :10], corrective,
        torch.from_numpy(arrays["J_regressor"]), parents, torch.from_numpy(arrays["weights"]),
    )  # fmt: skip
    theirs = (joints[:, :22] + trans[::5, None]).numpy()[..., [0, 2, 1]] * [-1.0, 1.0, 1.0]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_command_makes_a_data_set(
    command: Command, tmp_path: Path, amass: Path, models: Path, index: Path, texts: Path
) -> None:
    out = tmp_path / "out"
    options = ("--amass", amass, "--body-models", models, "--index", index, "--texts", texts, "--out", out)
    result = command("data", "humanml3d", *options, "--processes", 1)
    assert result.code == 0, result.err
    assert "CMU" in result.out + result.err
    names = ["000001", "000002", "000003", "M000001", "M000002", "M000003"]
    assert sorted(file.stem for file in (out / "new_joint_vecs").iterdir()) == names
    # What was made from HumanAct12's joints is what the official code makes from them.
    walk = np.load(out / "new_joint_vecs" / "000003.npy")
    np.testing.assert_allclose(walk, npz("clip_walk")["features"], atol=2e-4)
    np.testing.assert_allclose(
        np.load(out / "new_joints" / "000003.npy"), npz("clip_walk")["recovered"], atol=1e-4
    )
    with (out / "missing.csv").open(newline="") as file:
        assert list(csv.reader(file))[1:] == [
            ["000004", "CMU/01/gone_poses.npy", "no file of the take"],
            ["M000003", "", "no captions in texts.zip"],
        ]
    assert (out / "train.txt").read_text().split() == ["000001", "M000001", "000002"]
    assert (out / "val.txt").read_text().split() == ["M000002", "000003"]
    assert not (tmp_path / "escape.txt").exists()
    every = np.concatenate([np.load(out / "new_joint_vecs" / f"{name}.npy") for name in names]).astype(float)
    np.testing.assert_allclose(np.load(out / "Mean.npy"), every.mean(axis=0), atol=1e-6)
    deviation = np.load(out / "Std.npy")
    np.testing.assert_allclose(deviation[67:193], every.std(axis=0)[67:193].mean(), atol=1e-6)
    np.testing.assert_allclose(deviation[0], every.std(axis=0)[0], atol=1e-6)
    train = read_dataset(out, "train")
    assert [clip.name for clip in train] == ["000001", "M000001", "000002"]
    assert [clip.name for clip in train.one_sided()] == ["000002"]

    # Again: finished clips stay as they are, and the take that has come is made.
    before = (out / "new_joint_vecs" / "000001.npy").stat().st_mtime_ns
    (amass / "CMU" / "01").mkdir(parents=True)
    write_amass(amass / "CMU/01/gone_poses.npz", frames=180, fps=60.0)
    result = command("data", "humanml3d", *options, "--processes", 1)
    assert result.code == 0, result.err
    assert (out / "new_joint_vecs" / "000001.npy").stat().st_mtime_ns == before
    assert finished("000004", out)


@pytest.mark.slow
def test_several_processes_make_the_same(
    command: Command, tmp_path: Path, amass: Path, models: Path, index: Path, texts: Path
) -> None:
    for count in (1, 2):
        out = tmp_path / f"out{count}"
        result = command(
            "data", "humanml3d", "--amass", amass, "--body-models", models, "--index", index,
            "--texts", texts, "--out", out, "--processes", count,
        )  # fmt: skip
        assert result.code == 0, result.err
    for file in (tmp_path / "out1").rglob("*.npy"):
        other = tmp_path / "out2" / file.relative_to(tmp_path / "out1")
        np.testing.assert_array_equal(np.load(file), np.load(other))


@pytest.mark.parametrize("clip", ["012314", "cmu06", "run", "salsa", "walk"])
def test_features_are_those_of_the_published_code(tmp_path: Path, clip: str) -> None:
    made = features_of(tmp_path, npz(f"clip_{clip}")["joints"])
    np.testing.assert_allclose(made, npz(f"clip_{clip}")["features"], atol=2e-4)


def test_official_features_come_back_from_official_joints(tmp_path: Path) -> None:
    """Clip 012314 as published. Its last frame is not in the joints, and the heading is smoothed over what follows."""
    official = npz("official_012314")
    made = features_of(tmp_path, official["new_joints"])
    assert len(made) == len(official["new_joint_vecs"]) - 1
    expected = official["new_joint_vecs"][: len(made)]
    np.testing.assert_allclose(made[:-40], expected[:-40], atol=6e-4)
    np.testing.assert_allclose(made, expected, atol=2e-2)


def features_of(folder: Path, joints: np.ndarray) -> np.ndarray:
    (folder / "humanact12").mkdir()
    np.save(folder / "humanact12" / "P02.npy", joints)
    cut = Cut("humanact12/humanact12/P02.npy", 0, -1, "012314")
    found = joints_of(cut, Sources(folder, folder), Bodies(folder))
    motion = representation.from_joints(torch.from_numpy(found), continuous_heading=False)
    return motion.features.numpy()


def test_statistics_do_not_depend_on_how_frames_are_parted(tmp_path: Path) -> None:
    (tmp_path / "new_joint_vecs").mkdir()
    frames = np.random.default_rng(0).normal(3.0, 0.5, (60, 263)).astype(np.float32)
    for name, part in (("all", frames), ("a", frames[:7]), ("b", frames[7:])):
        np.save(tmp_path / "new_joint_vecs" / f"{name}.npy", part)
    write_statistics(["all"], tmp_path)
    whole = np.load(tmp_path / "Mean.npy"), np.load(tmp_path / "Std.npy")
    write_statistics(["a", "b"], tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "Mean.npy"), whole[0], rtol=1e-6)
    np.testing.assert_allclose(np.load(tmp_path / "Std.npy"), whole[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("./pose_data/../../etc/a.npy", 0, 1, "000001.npy"), "source_path"),
        (("/etc/passwd/a.npy", 0, 1, "000001.npy"), "source_path"),
        (("./pose_data/KIT/a.npy", 0, 1, "../000001.npy"), "six digits"),
        (("./pose_data/KIT/a.npy", "x", 1, "000001.npy"), "line 2"),
    ],
)
def test_an_index_of_something_else_is_refused(tmp_path: Path, row: tuple[object, ...], words: str) -> None:
    path = tmp_path / "index.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("source_path", "start_frame", "end_frame", "new_name"), row])
    with pytest.raises(ValueError, match=words):
        read_index(path)


@pytest.mark.parametrize("lost", ["amass", "models", "index", "texts", "a body"])
def test_what_is_missing_is_said_before_the_work(
    command: Command, tmp_path: Path, amass: Path, models: Path, index: Path, texts: Path, lost: str
) -> None:
    paths = {"amass": amass, "models": models, "index": index, "texts": texts}
    if lost == "a body":
        (models / "smplh" / "SMPLH_MALE.npz").unlink()
    else:
        paths[lost] = tmp_path / "nowhere"
    result = command(
        "data", "humanml3d", "--amass", paths["amass"], "--body-models", paths["models"], "--index", paths["index"],
        "--texts", paths["texts"], "--out", tmp_path / "out",
    )  # fmt: skip
    assert ("male" if lost == "a body" else "nowhere") in one_line(result)
    assert not (tmp_path / "out" / "new_joint_vecs").exists()
