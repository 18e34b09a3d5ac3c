"""Motion archives come back exactly, always give the same bytes, and broken files are refused in one line."""

import dataclasses
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm_adapter.io import npz as module
from mdm_adapter.io.npz import load_archive, save_archive
from mdm_adapter.motion import Motion, Segment


def make(samples: int = 2, frames: int = 12, **changes: Any) -> Motion:
    rng = np.random.default_rng(0)
    whole = Motion(
        joints=rng.normal(size=(samples, frames, 22, 3)).astype(np.float32),
        features=rng.normal(size=(samples, frames, 263)).astype(np.float32),
        fps=20.0,
        segments=(Segment("a person walks", 0, 7), Segment('"bows" \\ $x$ 行く 🕺', 5, 12)),
        settings={"seed": 3, "guidance": 2.5, "graph": {"kind": "chain", "overlaps": [6, 6]}, "note": None},
    )
    return dataclasses.replace(whole, **changes)


def test_round_trip_is_exact(tmp_path: Path) -> None:
    before = make()
    save_archive(tmp_path / "walk.npz", before)
    after = load_archive(tmp_path / "walk.npz")
    assert after.joints.dtype == np.float32
    np.testing.assert_array_equal(after.joints, before.joints)
    np.testing.assert_array_equal(after.features, before.features)
    assert (after.fps, after.segments, after.settings) == (before.fps, before.segments, before.settings)
    assert list(after.settings) == list(before.settings)


def test_plain_numpy_reads_it_without_pickle(tmp_path: Path) -> None:
    save_archive(tmp_path / "walk.npz", make())
    with np.load(tmp_path / "walk.npz", allow_pickle=False) as file:
        assert sorted(file.keys()) == ["features", "fps", "joints", "segments", "settings"]
        assert json.loads(str(file["segments"]))[0] == {"text": "a person walks", "start": 0, "end": 7}
        assert json.loads(str(file["settings"]))["seed"] == 3
        assert float(file["fps"]) == 20.0


def test_same_input_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_archive(tmp_path / "a.npz", make())
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    # Strided memory must not leak into the file either.
    twin = make()
    twin = dataclasses.replace(twin, joints=np.asfortranarray(twin.joints))
    save_archive(tmp_path / "b.npz", twin)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), values=st.dictionaries(st.text(), JSON, max_size=3), fps=st.floats(0.1, 240))
def test_any_text_and_settings_round_trip(
    tmp_path: Path, text: str, values: dict[str, Any], fps: float
) -> None:
    before = make(1, 3, segments=(Segment(text, 0, 3),), settings=values, fps=fps)
    save_archive(tmp_path / "any.npz", before, force=True)
    after = load_archive(tmp_path / "any.npz")
    assert (after.segments, after.settings, after.fps) == (before.segments, before.settings, fps)


def test_surrogates_and_zero_characters_round_trip(tmp_path: Path) -> None:
    before = make(segments=(Segment("\ud800 tail\x00", 0, 12),), settings={"k": "\x00"})
    save_archive(tmp_path / "odd.npz", before)
    after = load_archive(tmp_path / "odd.npz")
    assert (after.segments, after.settings) == (before.segments, before.settings)


def nan() -> np.ndarray:
    joints = make().joints.copy()
    joints[1, 3, 4, 2] = np.nan
    return joints


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"joints": make().joints.astype(np.float64)}, "joints must be float32"),
        ({"joints": make().joints[0]}, "joints must be float32"),
        ({"joints": make().joints[:, :, :21]}, "joints must be float32"),
        ({"features": make().features[:, :5]}, "differ in samples or frames"),
        ({"joints": make().joints[:, :0], "features": make().features[:, :0]}, "empty"),
        ({"joints": nan()}, "not finite"),
        ({"fps": 0.0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"segments": (Segment("x", 0, 13),)}, "0 <= start < end <= 12"),
        ({"segments": (Segment("x", -1, 3),)}, "0 <= start"),
        ({"segments": (Segment("x", 3, 3),)}, "0 <= start"),
        ({"segments": (Segment("x", 5, 8), Segment("y", 2, 12))}, "order the segments"),
        ({"segments": (Segment("x", True, 8),)}, "whole number"),
        ({"settings": {"a": {1: 2}}}, "strings as keys"),
        ({"settings": {"a": float("inf")}}, "JSON"),
        ({"settings": {"a": Path("x")}}, "JSON"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = tmp_path / "bad.npz"
    with pytest.raises(ValueError, match=words) as caught:
        save_archive(path, make(**changes))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def rewrite(path: Path, key: str, data: bytes | None) -> None:
    """Replace one member of the zip (None: drop it)."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members.pop(f"{key}.npy", None)
    if data is not None:
        members[f"{key}.npy"] = data
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def npy(array: Any, pickled: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=pickled)
    return buffer.getvalue()


def gigantic() -> bytes:
    """A header that promises a terabyte and holds none of it."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f4", "fortran_order": False, "shape": (1, 2**36, 22, 3)}
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("key", "data", "words"),
    [
        ("joints", None, "missing"),
        ("settings", None, "missing"),
        ("joints", npy(np.zeros((2, 12, 22, 3))), "joints must be float32"),
        ("joints", npy(np.zeros((2, 12, 22, 3), ">f4")), ">f4"),
        ("joints", gigantic(), "header promises"),
        ("joints", npy(make().joints)[:-4], "header promises"),
        ("joints", b"", "cannot be read"),
        ("joints", b"not an array at all", "cannot be read"),
        ("joints", npy(np.array({"a": 1}, dtype=object), pickled=True), "never loaded"),
        ("fps", npy(np.array("20")), "single number"),
        ("fps", npy(np.array([20.0, 30.0])), "single number"),
        ("fps", npy(np.array(-1.0)), "positive"),
        ("segments", npy(np.array("[")), "not valid JSON"),
        ("segments", npy(np.array("[" * 100_000)), "not valid JSON"),
        ("segments", npy(np.array("{}")), "must be a JSON list"),
        ("segments", npy(np.array('[{"text": "x", "start": 0}]')), "entry 0"),
        ("segments", npy(np.array('[{"text": 3, "start": 0, "end": 4}]')), "give a string"),
        ("segments", npy(np.array('[{"text": "x", "start": 0.0, "end": 4}]')), "whole number"),
        ("segments", npy(np.array('[{"text": "x", "start": 0, "end": 40}]')), "0 <= start"),
        ("settings", npy(np.array("[1]")), "JSON object"),
        ("settings", npy(np.array(3)), "JSON text"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, key: str, data: bytes | None, words: str) -> None:
    path = tmp_path / "walk.npz"
    save_archive(path, make())
    rewrite(path, key, data)
    with pytest.raises(ValueError, match=words) as caught:
        load_archive(path)
    message = str(caught.value)
    assert str(path) in message
    assert key in message
    assert "\n" not in message


def test_not_a_zip_truncated_missing_and_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "walk.npz"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_archive(path)
    path.write_text("hello")
    with pytest.raises(ValueError, match="not a whole"):
        load_archive(path)
    save_archive(path, make(), force=True)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="not a whole"):
        load_archive(path)
    flipped = bytearray(data)
    flipped[400] ^= 0xFF
    path.write_bytes(bytes(flipped))
    with pytest.raises(ValueError, match=str(path)):
        load_archive(path)


def test_size_limit_holds_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "walk.npz"
    save_archive(path, make())
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    monkeypatch.setattr("motioncollage.files._array", lambda *_: pytest.fail("read before the check"))
    with pytest.raises(ValueError, match="more than 10,000"):
        load_archive(path)
    with pytest.raises(ValueError, match="fewer samples"):
        save_archive(tmp_path / "other.npz", make())


def test_existing_file_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "walk.npz"
    save_archive(path, make())
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="--force"):
        save_archive(path, make(1))
    assert path.read_bytes() == before
    save_archive(path, make(1), force=True)
    assert load_archive(path).joints.shape[0] == 1
