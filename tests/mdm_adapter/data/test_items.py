"""The items of the published evaluation loader, against what it admits of 61 made-up clips."""

import json
from pathlib import Path

import numpy as np
import pytest
from paths import golden

from mdm_adapter.data.items import read_items


def humanml(folder: Path, clips: dict[str, tuple[int | None, list[str]]]) -> Path:
    """A HumanML3D folder; feature 0 of a clip is its number, feature 1 the frame."""
    for name in ("new_joint_vecs", "texts"):
        (folder / name).mkdir()
    for number, (name, (frames, lines)) in enumerate(clips.items()):
        if frames is not None:
            motion = np.zeros((frames, 263), np.float32)
            motion[:, 0], motion[:, 1] = number, np.arange(frames)
            np.save(folder / "new_joint_vecs" / f"{name}.npy", motion)
        (folder / "texts" / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "test.txt").write_text("".join(f"{name}\n" for name in clips))
    return folder


def test_items_are_those_of_the_published_loader(tmp_path: Path) -> None:
    fixture = json.loads(golden("official_items.json").read_text())
    clips = {name: (clip["frames"], clip["text"]) for name, clip in fixture["clips"].items()}
    dataset = read_items(humanml(tmp_path, clips), "test")
    names = list(clips)
    found = sorted(
        (names[int(item.features[0, 0])], int(item.features[0, 1]), item.frames, sorted(item.captions))
        for item in dataset
    )
    expected = sorted(
        (item["clip"], item["start"], item["frames"], sorted(item["captions"])) for item in fixture["items"]
    )
    assert found == expected
    assert len(dataset) == fixture["evaluated"]
    # Whatever was left out is named with the reason.
    for name, (frames, _) in clips.items():
        if frames is None:
            assert dataset.rejected[name] == "a file is missing"
        elif not 40 <= frames <= 199:
            assert dataset.rejected[name] == f"{frames} frames; items have 40 to 199"


@pytest.mark.parametrize(("frames", "admitted"), [(39, False), (40, True), (199, True), (200, False)])
def test_lengths_that_are_admitted(tmp_path: Path, frames: int, admitted: bool) -> None:
    line = "a man walks.#a/DET#0.0#0.0"
    dataset = read_items(humanml(tmp_path, {"a": (frames, [line]), "b": (60, [line])}), "test")
    assert ("a" in [item.name for item in dataset]) == admitted


def test_passages_are_views_and_odd_lines_end_a_clip(tmp_path: Path) -> None:
    lines = ["walks.#w/VERB#0.0#0.0", "runs.#r/VERB#1.05#4.0", "stops.#s/VERB#nan#2.5", "broken"]
    folder = humanml(tmp_path, {"a": (100, lines), "b": (100, lines[:3])})
    dataset = read_items(folder, "test")
    # The published loader gives up on a clip at such a line and keeps the passages before it.
    assert [(item.name, item.frames, item.captions) for item in dataset] == [
        ("a#1", 59, ("runs.",)),
        ("a#2", 50, ("stops.",)),
        ("b", 100, ("walks.",)),
        ("b#1", 59, ("runs.",)),
        ("b#2", 50, ("stops.",)),
    ]
    assert dataset.rejected == {"a": "line 4 of its texts is not caption#words#start#end"}
    whole, passage = dataset.clips[2].features, dataset.clips[3].features
    assert passage.data_ptr() == whole[21:].data_ptr()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = humanml(tmp_path, {name: (60, ["a.#a/DET#0.0#0.0"]) for name in ("a", "b", "c")})
    (folder / "new_joint_vecs" / "a.npy").write_bytes(b"nonsense")
    np.save(folder / "new_joint_vecs" / "b.npy", np.full((60, 263), np.nan))
    dataset = read_items(folder, "test")
    assert [item.name for item in dataset] == ["c"]
    assert "a.npy is damaged" in dataset.rejected["a"]
    assert dataset.rejected["b"] == "non-finite numbers"
    with pytest.raises(ValueError, match=r"val\.txt is missing"):
        read_items(folder, "val")
    (folder / "test.txt").write_text("a\nb\n")
    with pytest.raises(ValueError, match=r"no usable item in split 'test' \(2 left out\)"):
        read_items(folder, "test")
