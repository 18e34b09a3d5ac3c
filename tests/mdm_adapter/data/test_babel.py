"""BABEL's files: what is read of them, where sequences are cut, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from babel_files import annotation, joints, labels, row, write_folder

from mdm_adapter.data.babel import cut, read_babel
from mdm_adapter.representation.humanml3d import HUMANML3D


def spans(*told: tuple[float, float, str, list[str] | None], frames: int = 180) -> list[tuple[str, int, int]]:
    return [(action.text, action.start, action.stop) for action in cut(labels(*told), frames, 20.0)]


def test_neighbours_meet_in_the_middle_of_a_transition_or_where_the_later_one_starts() -> None:
    stand, walk, sit = (0.0, 2.0, "stand", None), (3.0, 6.0, "walk", None), (5.5, 9.0, "sit", None)
    way = (2.0, 3.0, "transition", ["transition"])
    assert spans(way, walk, stand, sit) == [("stand", 0, 50), ("walk", 50, 110), ("sit", 110, 180)]
    assert spans(stand, walk) == [("stand", 0, 60), ("walk", 60, 120)]


def test_what_is_shorter_than_a_second_is_joined_with_what_follows_and_the_last_with_what_is_before() -> None:
    told = (
        (0.0, 0.5, "bend", ["bend"]),
        (0.5, 2.0, "walk", ["walk"]),
        (2.0, 4.0, "turn", None),
        (4.0, 4.4, "stop", None),
    )
    found = cut(labels(*told), 180, 20.0)
    assert [(a.text, a.start, a.stop) for a in found] == [
        ("bend, then walk", 0, 40),
        ("turn, then stop", 40, 88),
    ]
    assert [a.group for a in found] == ["bend > walk", "turn > stop"]


def test_groups_are_categories_in_any_order_or_else_the_label() -> None:
    told = ((0.0, 2.0, "walk back", ["walk", "Backwards Movement"]), (2.0, 4.0, "Strut  about", None))
    assert [a.group for a in cut(labels(*told), 180, 20.0)] == ["backwards movement + walk", "strut about"]


def test_labels_without_times_or_text_are_passed_over_and_times_end_with_the_motion() -> None:
    rows = labels(
        (0.0, 2.0, "walk", None), (2.0, 99.0, "run", None), (3.0, 4.0, "hop", None), (1.0, 2.0, "", None)
    )
    rows[2]["start_t"] = None
    rows[3]["raw_label"] = None
    assert [(a.text, a.start, a.stop) for a in cut(rows, 100, 20.0)] == [("walk", 0, 40), ("run", 40, 100)]
    with pytest.raises(ValueError, match="1 actions; a sequence has two or more"):
        cut(labels((0.0, 2.0, "walk", None), (2.0, 3.0, "transition", None)), 180, 20.0)
    with pytest.raises(ValueError, match="less than 1 s of labelled motion"):
        cut(labels((0.0, 0.3, "walk", None), (0.3, 0.6, "run", None)), 180, 20.0)


WALKS = ((0.0, 2.0, "stand", ["stand"]), (2.0, 5.0, "walk", ["walk"]), (5.0, 9.0, "stop", None))


def test_sequences_of_thirty_frames_a_second_become_twenty(tmp_path: Path) -> None:
    rows = {"7": row(7, 9.0, WALKS), "8": row(8, 9.0, None)}
    found = read_babel(write_folder(tmp_path, rows))
    (sequence,) = found
    assert sequence.name == "7"
    assert found.rejected == {"8": "no labels of frames, only of the whole sequence"}
    assert [(a.text, a.start, a.stop) for a in sequence.actions] == [
        ("stand", 0, 40),
        ("walk", 40, 100),
        ("stop", 100, 179),
    ]
    assert sequence.features.shape == (179, 263)
    # The same walk at its own rate, read as features: the way through thirty frames a second only smooths it.
    direct = HUMANML3D.from_joints(torch.from_numpy(joints(20.0)[:180]))
    ours, theirs = (HUMANML3D.to_joints(f.double()).numpy()[:, 0] for f in (sequence.features, direct))
    assert np.abs(ours - theirs).max() < 0.03


def test_features_and_the_short_path_and_ids_are_found(tmp_path: Path) -> None:

    rows = {"7": row(7, 9.0, WALKS), "9": row(9, 9.0, WALKS)}
    (tmp_path / "new_joint_vecs" / "CMU" / "CMU" / "07").mkdir(parents=True)
    features = HUMANML3D.from_joints(torch.from_numpy(joints(20.0))).numpy()[:180]
    np.save(tmp_path / "new_joint_vecs" / "CMU" / "CMU" / "07" / "07_01_poses.npy", features)
    np.save(tmp_path / "new_joint_vecs" / "9.npy", features)
    (tmp_path / "val.json").write_text(json.dumps(rows))
    found = read_babel(tmp_path)
    assert [sequence.name for sequence in found] == ["7", "9"]
    np.testing.assert_array_equal(found.sequences[0].features.numpy(), features[:180].astype(np.float32))


def test_of_several_annotators_the_first_with_labels_is_read(tmp_path: Path) -> None:
    told = row(7, 9.0, None)
    del told["frame_ann"]
    told["frame_anns"] = [{"labels": None}, annotation(labels(*WALKS)), annotation(labels(*WALKS[:2]))]
    write_folder(tmp_path, {"7": told})
    (tmp_path / "val.json").rename(tmp_path / "extra_val.json")
    (sequence,) = read_babel(tmp_path / "extra_val.json")
    assert len(sequence.actions) == 3


def test_what_is_missing_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"val.json is missing: BABEL's labels \(babel_v1.0_release"):
        read_babel(tmp_path)
    (tmp_path / "val.json").write_text("[]")
    with pytest.raises(ValueError, match="does not map ids to sequences"):
        read_babel(tmp_path)
    (tmp_path / "val.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        read_babel(tmp_path)
    (tmp_path / "val.json").write_text(json.dumps({"7": row(7, 9.0, WALKS)}))
    with pytest.raises(ValueError, match=r"pose_data/ is missing: joints of AMASS's sequences"):
        read_babel(tmp_path)
    (tmp_path / "pose_data").mkdir()
    with pytest.raises(
        ValueError, match=r"1 left out; such as 7: no motion \(CMU/07/07_01_poses.npy in pose_data/\)"
    ):
        read_babel(tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"feat_p": None}, "no feat_p and dur"),
        ({"dur": 0}, "no feat_p and dur"),
        ({"dur": 90.0}, "270 frames for 90 s"),
        ({"feat_p": "../../secret.npz"}, "leads out of the folder"),
    ],
)
def test_odd_sequences_cost_only_themselves(tmp_path: Path, change: dict[str, object], why: str) -> None:
    rows = {"7": row(7, 9.0, WALKS), "8": row(8, 9.0, WALKS)}
    write_folder(tmp_path, rows)
    rows["8"] |= change
    (tmp_path / "val.json").write_text(json.dumps(rows))
    found = read_babel(tmp_path)
    assert len(found) == 1
    assert why in found.rejected["8"]


def test_joints_that_are_z_up_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"7": row(7, 9.0, WALKS)})
    file = next((tmp_path / "pose_data").rglob("*.npy"))
    np.save(file, np.load(file)[..., [0, 2, 1]])
    with pytest.raises(ValueError, match="lie on their sides: joints must be y up"):
        read_babel(tmp_path)
