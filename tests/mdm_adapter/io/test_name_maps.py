"""A user says which joint is which; drafts guess what they can; what does not fit is one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bodies import Motion, stroll
from foreign_bodies import FOREIGN, foreign

import motioncollage as mc
from mdm_adapter.io.bvh import write_bvh
from mdm_adapter.io.families import UnknownSkeleton
from mdm_adapter.io.glb import write_glb
from mdm_adapter.io.name_maps import draft, match_names, read_names
from mdm_adapter.io.rig import NAMES
from mdm_adapter.representation.skeleton import JOINTS, PARENTS

WALK = Motion(stroll()[None])


def test_a_map_makes_a_foreign_skeleton_ours(tmp_path: Path) -> None:
    write_bvh(tmp_path / "known.bvh", WALK)
    path = foreign(tmp_path / "foreign.bvh")
    with pytest.raises(UnknownSkeleton, match=r"^foreign\.bvh: unknown skeleton") as error:
        mc.read(path)
    assert error.value.names[0] == "Knochen_00"
    names = {joint: FOREIGN[name] for joint, name in zip(JOINTS, NAMES)}
    (tmp_path / "names.json").write_text(json.dumps({"map": names}), encoding="utf-8")
    mapped = mc.read(path, map=tmp_path / "names.json")
    np.testing.assert_allclose(mapped.joints, mc.read(tmp_path / "known.bvh").joints, atol=1e-5)


def test_a_glb_takes_a_map_too(tmp_path: Path) -> None:
    write_glb(tmp_path / "walk.glb", WALK)
    (tmp_path / "names.json").write_text(json.dumps(dict(zip(JOINTS, NAMES))), encoding="utf-8")
    mapped = mc.read(tmp_path / "walk.glb", map=tmp_path / "names.json")
    np.testing.assert_allclose(mapped.joints, mc.read(tmp_path / "walk.glb").joints, atol=1e-5)


def test_lists_are_middles_and_null_lies_between(tmp_path: Path) -> None:
    names = [*NAMES, "Extra"]
    chosen: dict[str, Any] = dict(zip(JOINTS, NAMES))
    chosen |= {"head": ["Head", "Extra"], "spine2": None}
    (tmp_path / "names.json").write_text(json.dumps(chosen), encoding="utf-8")
    weights = match_names(names, read_names(tmp_path / "names.json")).weights
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights[15, 15] == weights[15, 22] == 0.5
    assert weights[6, 3] == weights[6, 9] == 0.5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nothing", "is no JSON"),
        ("[]", "is no object"),
        ('{"tail": "Tail"}', "'tail' is none of the joints"),
        ('{"head": 3}', "head is no name"),
        ('{"head": []}', "head is no name"),
        ('{"head": "Kopf"}', "the map takes head from 'Kopf', which the file has not"),
        ('{"head": "Head"}', "the map has nothing for pelvis"),
    ],
)
def test_bad_maps_are_refused_in_one_line(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "names.json").write_text(content, encoding="utf-8")
    write_bvh(tmp_path / "walk.bvh", WALK)
    with pytest.raises(ValueError, match=told) as error:
        mc.read(tmp_path / "walk.bvh", map=tmp_path / "names.json")
    assert "\n" not in str(error.value)


def test_a_draft_guesses_by_words() -> None:
    names = ["Root_M", "Spine1_M", "Chest_M", "Neck_M", "Head_M"]
    for side in ("R", "L"):
        names += [
            f"{part}_{side}"
            for part in ("Thigh", "Shin", "Ankle", "Toes", "Scapula", "UpArm", "ForeArm", "Wrist")
        ]
    found = draft(names)
    assert found["joints of the file"] == names
    assert found["map"] == {
        "pelvis": "Root_M", "spine1": "Spine1_M", "spine2": None, "spine3": "Chest_M", "neck": "Neck_M", "head": "Head_M",
        **{f"{side}_{joint}": f"{part}_{side[0].upper()}" for side in ("left", "right") for joint, part in (
            ("hip", "Thigh"), ("knee", "Shin"), ("ankle", "Ankle"), ("foot", "Toes"), ("collar", "Scapula"),
            ("shoulder", "UpArm"), ("elbow", "ForeArm"), ("wrist", "Wrist"))},
    }  # fmt: skip
    weights = match_names(names, {joint: (name,) for joint, name in found["map"].items() if name}).weights
    assert weights.shape == (len(PARENTS), len(names))
