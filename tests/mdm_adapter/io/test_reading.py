"""Motion out of arrays: joints and features of HumanML3D by their shape, AMASS by its keys, ours as ever."""

from pathlib import Path

import numpy as np
import pytest
from bodies import stroll
from body_models import write_amass, write_body_model
from paths import FIXTURES

import motioncollage as mc
from mdm_adapter.io.npz import save_archive
from mdm_adapter.io.reading import read_npy, read_npz
from mdm_adapter.motion import Motion


def official() -> tuple[np.ndarray, np.ndarray]:
    """Joints and features of a clip as the dataset has them."""
    with np.load(FIXTURES / "hml_official_012314.npz", allow_pickle=False) as file:
        return file["new_joints"], file["new_joint_vecs"]


def test_features_and_joints_of_the_dataset_are_the_same_motion(tmp_path: Path) -> None:
    joints, features = official()
    np.save(tmp_path / "joints.npy", joints)
    np.save(tmp_path / "features.npy", features)
    one, other = (mc.read(tmp_path / f"{name}.npy") for name in ("joints", "features"))
    assert one.fps == other.fps == 20
    np.testing.assert_array_equal(other.features[0], features.astype(np.float32))
    frames = min(one.joints.shape[1], other.joints.shape[1])
    np.testing.assert_allclose(one.joints[0, :frames], other.joints[0, :frames], atol=2e-3)
    assert other.settings == {"source": "features.npy"}


def test_what_we_write_we_read(tmp_path: Path) -> None:
    joints, features = official()
    motion = Motion(joints[None, : len(features)].astype(np.float32), features[None].astype(np.float32))
    motion.save(tmp_path / "a.npy", features=True)
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy").features, motion.features)
    motion.save(tmp_path / "a.npz", format="smpl")
    back = read_npz(tmp_path / "a.npz")  # of the mean body: no model is asked for
    frames = back.joints.shape[1]
    assert frames == len(features) - 1
    error = np.linalg.norm(back.joints[0] - motion.joints[0, :frames], axis=-1)
    assert error.mean() < 0.04  # SMPL's hips and collars lie otherwise than the reference body's


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((5, 21, 3)), "neither joints"),
        (np.zeros((5, 263, 2)), "neither joints"),
        (np.zeros((0, 263)), "has no 2 to"),
        (np.zeros((1, 22, 3)), "has no 2 to"),
        (np.full((5, 263), np.nan), "not finite"),
        (np.zeros((5, 263)), "not normalised"),
        (np.array(["a"]), "no numbers"),
        (np.array({}, dtype=object), "damaged or no .npy"),
    ],
)
def test_other_arrays_are_refused_in_one_line(tmp_path: Path, array: np.ndarray, told: str) -> None:
    np.save(tmp_path / "bad.npy", array)
    with pytest.raises(ValueError, match=told) as error:
        read_npy(tmp_path / "bad.npy")
    assert "\n" not in str(error.value)
    (tmp_path / "no.npy").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"no\.npy is damaged"):
        read_npy(tmp_path / "no.npy")


def test_an_archive_is_what_its_keys_say(tmp_path: Path) -> None:
    write_body_model(tmp_path, "smplh", "female")
    write_amass(tmp_path / "take.npz", frames=121)
    motion = mc.read(tmp_path / "take.npz", body_model=tmp_path)
    assert motion.joints.shape == (1, 40, 22, 3)
    assert motion.joints[0, :, 15, 1].min() > 1
    rng = np.random.default_rng(0)
    ours = Motion(stroll(9)[None].astype(np.float32), rng.normal(size=(1, 9, 263)).astype(np.float32))
    save_archive(tmp_path / "ours.npz", ours)
    np.testing.assert_array_equal(mc.read(tmp_path / "ours.npz").joints, ours.joints)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="'joints' is missing"):
        mc.read(tmp_path / "other.npz")


def test_readers_say_what_they_take(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", official()[1])
    with pytest.raises(ValueError, match="npy takes no map; it takes no options"):
        mc.read(tmp_path / "a.npy", map="names.json")
