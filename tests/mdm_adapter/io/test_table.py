"""CSV and NumPy files: the numbers are there, under their names, and other readers find them."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from bodies import Motion, stroll

from mdm_adapter.io.npz import Segment
from mdm_adapter.io.table import HEADER, write_csv, write_npy
from mdm_adapter.representation.features import from_joints, to_joints

JOINTS = stroll()
WALK = Motion(JOINTS[None], 20.0, (Segment('walks, then says "stop"', 0, 20), Segment("stops", 20, 30)))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(table: list[dict[str, str]]) -> np.ndarray:
    return np.array([[float(row[name]) for name in HEADER[3:]] for row in table]).reshape(-1, 22, 3)


def test_a_line_for_each_frame(tmp_path: Path) -> None:
    (path,) = write_csv(tmp_path / "walk.csv", WALK)
    table = rows(path)
    assert tuple(table[0]) == HEADER
    assert HEADER[3:6] == ("pelvis_x", "pelvis_y", "pelvis_z")
    np.testing.assert_allclose(numbers(table), JOINTS, atol=1e-6)
    assert [row["frame"] for row in table] == [str(n) for n in range(41)]
    assert float(table[7]["seconds"]) == pytest.approx(0.35)
    assert table[19]["text"] == 'walks, then says "stop"'
    assert table[20]["text"] == "stops"
    assert table[30]["text"] == ""


def test_captions_that_no_encoding_holds_are_spelt_out(tmp_path: Path) -> None:
    odd = Motion(JOINTS[None], 20.0, (Segment("half \ud800\nof a sign", 0, 41),))
    assert rows(write_csv(tmp_path / "odd.csv", odd)[0])[3]["text"] == "half \\ud800\nof a sign"


def test_rates_units_and_axes(tmp_path: Path) -> None:
    (path,) = write_csv(tmp_path / "walk.csv", WALK, fps=60, scale=100, up="z")
    table = rows(path)
    assert len(table) == 121
    np.testing.assert_allclose(numbers(table)[::3], 100 * JOINTS[..., [0, 2, 1]] * [1, -1, 1], atol=1e-5)
    assert table[59]["text"] == "stops"
    assert float(table[120]["seconds"]) == pytest.approx(2.0)


def test_joints_as_the_dataset_has_them(tmp_path: Path) -> None:
    two = Motion(np.stack((JOINTS, 2 * JOINTS)))
    paths = write_npy(tmp_path / "000021.npy", two)
    assert [path.name for path in paths] == ["000021.npy", "000021-2.npy"]
    found = np.load(paths[1], allow_pickle=False)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 2 * JOINTS, atol=1e-6)
    assert len(np.load(write_npy(tmp_path / "b.npy", two, fps=40)[0])) == 81


def test_features_are_the_motions_own_or_those_of_its_joints(tmp_path: Path) -> None:
    made = from_joints(torch.from_numpy(JOINTS), retarget=False)
    found = np.load(write_npy(tmp_path / "a.npy", Motion(JOINTS[None]), features=True)[0])
    assert found.shape == (40, 263)
    own = np.random.default_rng(0).normal(size=(1, 41, 263)).astype(np.float32)
    kept = np.load(write_npy(tmp_path / "b.npy", Motion(JOINTS[None], features=own), features=True)[0])
    np.testing.assert_array_equal(kept, own[0])
    # Seen from its joints, a body that walks ahead walks ahead in its features, in the dataset's proportions.
    ahead = to_joints(torch.from_numpy(found).double())[-1, 0, 2]
    assert float(ahead) == pytest.approx(float(made.joints[-2, 0, 2]), rel=0.15)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must be named \.csv"):
        write_csv(tmp_path / "a.tsv", WALK)
    with pytest.raises(ValueError, match=r"must be named \.npy"):
        write_npy(tmp_path / "a.npz", WALK)
    with pytest.raises(ValueError, match="scale is inf"):
        write_csv(tmp_path / "a.csv", WALK, scale=float("inf"))
    with pytest.raises(ValueError, match="fps is 30: features are made for 20"):
        write_npy(tmp_path / "a.npy", WALK, fps=30, features=True)
    assert list(tmp_path.iterdir()) == []
    write_csv(tmp_path / "a.csv", WALK)
    with pytest.raises(FileExistsError, match="exists already"):
        write_csv(tmp_path / "a.csv", WALK)
    write_csv(tmp_path / "a.csv", WALK, force=True)
