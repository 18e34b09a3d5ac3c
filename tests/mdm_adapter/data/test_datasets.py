"""Both data layouts on small folders written here, what is rejected and why, and mirroring."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from paths import golden

from mdm_adapter.data.datasets import Clip, detect_layout, mirror_clip, read_dataset
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from mdm_adapter.representation.normalisation import Normalisation

SCALE = 0.0004


def clip_joints(name: str) -> np.ndarray:
    with np.load(golden(f"hml_clip_{name}.npz")) as archive:
        return archive["joints"]


def clip_features(name: str) -> np.ndarray:
    with np.load(golden(f"hml_clip_{name}.npz")) as archive:
        return archive["features"]


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """Three usable clips in two splits, and one of a single frame."""
    motions = [clip_joints("run"), clip_joints("cmu06"), clip_joints("walk")[:1], clip_joints("run")[:30]]
    rows = [
        {
            "name": "run",
            "split": "train",
            "content": "run",
            "style": "normal",
            "captions": ["a man runs.", " "],
        },
        {"name": "kick", "split": "val", "content": "kick", "style": "", "captions": ["a person kicks."]},
        {"name": "still", "split": "train", "content": "stand", "style": "", "captions": ["someone stands."]},
        {"name": "mute", "split": "train", "content": "run", "style": "", "captions": [""]},
    ]
    np.savez(
        tmp_path / "motions.npz",
        joints=np.concatenate([np.round(m / SCALE).astype(np.int16) for m in motions]),
        offsets=np.cumsum([0, *map(len, motions)]),
        names=np.array([row["name"] for row in rows]),
        metres_per_unit=SCALE,
        fps=20,
    )
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "captions.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


@pytest.fixture
def humanml(tmp_path: Path) -> Path:
    for folder in ("new_joint_vecs", "joints", "texts"):
        (tmp_path / folder).mkdir()
    walk = clip_features("walk")
    arrays = {
        "new_joint_vecs/000001": walk,
        "joints/000002": clip_joints("run"),
        "new_joint_vecs/000003": np.where(np.arange(263) == 5, np.nan, walk).astype(np.float32),
        "new_joint_vecs/000004": walk[:, :262],
        "new_joint_vecs/000005": walk[:1],
        "new_joint_vecs/000006": walk,
        "new_joint_vecs/000007": walk,
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    texts = {
        "000001": (
            "a man walks.#a/DET man/NOUN walk/VERB#0.0#0.0\n"
            "\n"
            "he stops for a while.#he/PRON#2.0#4.5\n"
            "a person strolls.#a/DET#nan#nan\n"
            "after the end.#after/ADP#100.0#101.0\n"
            "backwards.#backwards/ADV#4.0#2.0\n"
            "no number.#no/DET#two#4.0\n"
        ),
        "000002": "a person runs\n",
        "000006": "#/X#0.0#0.0\n",
        **dict.fromkeys(("000003", "000004", "000005", "000008"), "a person.#a/DET#0.0#0.0\n"),
    }
    for name, text in texts.items():
        (tmp_path / "texts" / f"{name}.txt").write_text(text, encoding="utf-8")
    listing = "\n".join(f"00000{i}" for i in range(1, 9))
    (tmp_path / "train.txt").write_text(listing + "\n", encoding="utf-8")
    return tmp_path


def test_starter_pack(starter: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert detect_layout(starter) == "starter"
    dataset = read_dataset(starter, "train", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert dataset.rejected == {"still": "1 frames", "mute": "no caption"}
    (clip,) = dataset
    assert (clip.name, clip.action, clip.style, clip.captions) == ("run", "run", "normal", ("a man runs.",))
    expected = clip_features("run")
    assert clip.frames == len(expected)
    # Positions were rounded to 0.4 mm; velocities are differences of them.
    np.testing.assert_allclose(clip.features[:, :67].numpy(), expected[:, :67], atol=3e-3)
    assert [clip.name for clip in read_dataset(starter, "val")] == ["kick"]
    with pytest.raises(ValueError, match=r"has no usable clip in split 'test' \(0 rejected\)"):
        read_dataset(starter, "test")


def test_rest_pose_in_front_of_a_starter_clip_is_cut(starter: Path) -> None:
    motion = clip_joints("run")
    rest = skeleton.forward_kinematics(torch.eye(3).expand(22, 3, 3), torch.tensor([0.0, 0.9, 0.0])).numpy()
    rest[[18, 20], 0] += 0.4
    with_rest = np.concatenate((rest[None] + motion[0, 0] * [1, 0, 1], motion))
    units = np.round(with_rest / SCALE).astype(np.int16)
    np.savez(starter / "motions.npz", joints=units, offsets=[0, len(units)], metres_per_unit=SCALE)
    row = {"name": "run", "split": "train", "content": "run", "style": "", "captions": ["a man runs."]}
    (starter / "captions.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (clip,) = read_dataset(starter, "train")
    assert len(motion) - 4 <= clip.frames <= len(motion) - 1


def test_humanml3d_folder(humanml: Path) -> None:
    assert detect_layout(humanml) == "humanml3d"
    dataset = read_dataset(humanml, "train")
    clips = {clip.name: clip for clip in dataset}
    assert list(clips) == ["000001#2", "000001", "000002"]
    walk = torch.from_numpy(clip_features("walk"))
    assert clips["000001"].captions == ("a man walks.", "a person strolls.")
    assert torch.equal(clips["000001"].features, walk)
    assert clips["000001#2"].captions == ("he stops for a while.",)
    assert torch.equal(clips["000001#2"].features, walk[40:90])
    expected = torch.from_numpy(clip_features("run"))
    torch.testing.assert_close(clips["000002"].features, expected, atol=2e-4, rtol=0)


def test_rejected_entries_say_why(humanml: Path) -> None:
    assert read_dataset(humanml, "train").rejected == {
        "000001#4": "0 frames",
        "000003": "non-finite numbers",
        "000004": "shape (181, 262)",
        "000005": "1 frames",
        "000001#5": "time span 4.0 to 2.0",
        "000001#6": "time span two to 4.0",
        "000006": "no caption",
        "000007": "no caption file",
        "000008": "no motion file",
    }


@pytest.mark.parametrize(
    "contents", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04 not an archive", b"\x80\x04N.", b"[[1, 2]]"]
)
def test_a_damaged_file_costs_its_own_clip_only(humanml: Path, contents: bytes) -> None:
    (humanml / "joints" / "000002.npy").write_bytes(contents)
    dataset = read_dataset(humanml, "train")
    assert [clip.name for clip in dataset] == ["000001#2", "000001"]
    assert "000002.npy is damaged or no .npy file" in dataset.rejected["000002"]


def test_a_skeleton_without_extent_costs_its_own_clip_only(humanml: Path) -> None:
    np.save(humanml / "joints" / "000002.npy", np.zeros((60, 22, 3), dtype=np.float32))
    dataset = read_dataset(humanml, "train")
    assert [clip.name for clip in dataset] == ["000001#2", "000001"]
    assert dataset.rejected["000002"]


def test_a_bad_line_of_labels_costs_its_own_clip_only(starter: Path) -> None:
    path = starter / "captions.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    for bad in ("{", "[]", "null", lines[1].replace('"name"', '"nom"'), lines[1].replace('"kick"', "7")):
        path.write_text("\n".join([lines[0], bad, *lines[2:]]), encoding="utf-8")
        dataset = read_dataset(starter, "train")
        assert [clip.name for clip in dataset] == ["run"]
        assert "cannot be read" in dataset.rejected["captions.jsonl line 2"]
    path.write_text("\n".join(lines[:3]), encoding="utf-8")
    with pytest.raises(ValueError, match="3 captions for 4 motions"):
        read_dataset(starter, "train")


def test_what_is_no_data_folder_is_refused(tmp_path: Path, humanml: Path) -> None:
    with pytest.raises(ValueError, match="split is 'dev'; choose one of train, val, test"):
        read_dataset(humanml, "dev")
    with pytest.raises(ValueError, match=r"val\.txt is missing"):
        read_dataset(humanml, "val")
    with pytest.raises(ValueError, match="does not exist"):
        read_dataset(tmp_path / "nowhere", "train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="neither a starter pack"):
        read_dataset(tmp_path / "empty", "train")


def test_normalisation_takes_features_there_and_back(tmp_path: Path) -> None:
    motion = torch.from_numpy(clip_features("walk"))
    measured = Normalisation.measure((motion, motion[:50] + 1))
    torch.testing.assert_close(measured.undo(measured.apply(motion)), motion, atol=1e-5, rtol=0)
    np.save(tmp_path / "Mean.npy", measured.mean.double().numpy())
    np.save(tmp_path / "Std.npy", measured.std.numpy())
    read = Normalisation.read(tmp_path)
    assert torch.equal(read.mean, measured.mean)
    assert torch.equal(read.std, measured.std)
    # One deviation per kind of number, never 0.
    for part in (representation.POSITIONS, representation.ROTATIONS, representation.PLANAR_VELOCITY):
        assert len(set(measured.std[part].tolist())) == 1
    still = Normalisation.measure([torch.zeros(3, 263)])
    assert still.std.min() > 0


def test_normalisation_files_must_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Mean\.npy is missing"):
        Normalisation.read(tmp_path)
    np.save(tmp_path / "Mean.npy", np.zeros(251))
    with pytest.raises(ValueError, match=r"Mean\.npy has shape \(251,\); expected 263 finite numbers"):
        Normalisation.read(tmp_path)
    np.save(tmp_path / "Mean.npy", np.zeros(263))
    np.save(tmp_path / "Std.npy", np.zeros(263))
    with pytest.raises(ValueError, match=r"Std\.npy holds numbers that are not above 0"):
        Normalisation.read(tmp_path)
    (tmp_path / "Std.npy").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"Std\.npy is damaged"):
        Normalisation.read(tmp_path)


def walk_clip() -> Clip:
    captions = ("a man walks to the left.", "he walks.")
    return Clip("walk", torch.from_numpy(clip_features("walk")).double(), captions, "walk-left", "normal")


def test_mirrored_clip_is_the_motion_in_a_mirror() -> None:
    clip = walk_clip()
    mirrored = mirror_clip(clip)
    assert mirrored.frames == clip.frames - 1
    assert mirrored.captions == ("a man walks to the right.", "he walks.")
    assert (mirrored.name, mirrored.action, mirrored.style) == ("walk-mirrored", "walk-right", "normal")
    expected = skeleton.mirror(representation.to_joints(clip.features))[:-1]
    joints = representation.to_joints(mirrored.features)
    # Only the floor may move, if the lowest point was in a frame that is gone.
    joints = joints - (joints[0, 0] - expected[0, 0])
    torch.testing.assert_close(joints, expected, atol=1e-3, rtol=0)


def test_mirrored_features_swap_sides() -> None:
    clip = walk_clip()
    mirrored = mirror_clip(clip).features
    original = clip.features[:-1]
    heights = original[:, representation.POSITIONS].unflatten(1, (21, 3))[..., 1]
    swapped = mirrored[:, representation.POSITIONS].unflatten(1, (21, 3))[..., 1]
    partners = [j - 1 for j in skeleton.MIRROR[1:]]
    torch.testing.assert_close(swapped, heights[:, partners], atol=1e-3, rtol=0)
    contacts = original[:, representation.CONTACTS][:, [2, 3, 0, 1]]
    assert (mirrored[:, representation.CONTACTS] == contacts).float().mean() > 0.99


def test_mirroring_twice_returns_the_motion() -> None:
    clip = walk_clip()
    twice = mirror_clip(mirror_clip(clip))
    assert twice.captions == clip.captions
    joints, original = representation.to_joints(twice.features), representation.to_joints(clip.features)[:-2]
    torch.testing.assert_close(joints - joints[0, 0], original - original[0, 0], atol=1e-3, rtol=0)


def test_a_cached_data_set_is_the_one_in_memory(humanml: Path, tmp_path: Path) -> None:
    memory = read_dataset(humanml, "train").mirrored()
    for _ in range(2):
        cached = read_dataset(humanml, "train", cache=tmp_path / "cache")
        both = cached.mirrored(cache=tmp_path / "cache", name="train-mirrored")
        assert cached.rejected == memory.rejected
        assert len(both) == len(memory)
        for ours, theirs in zip(both, memory, strict=True):
            assert torch.equal(ours.features, theirs.features)
            assert (ours.name, ours.captions, ours.action) == (theirs.name, theirs.captions, theirs.action)
        both.release()
        assert torch.equal(both.clips[-1].features, memory.clips[-1].features)
    other = np.load(humanml / "new_joint_vecs" / "000001.npy")
    np.save(humanml / "new_joint_vecs" / "000001.npy", other[:-3])
    changed = read_dataset(humanml, "train", cache=tmp_path / "cache")
    assert changed.clips[-2].frames == memory.clips[len(changed) - 2].frames - 3
    assert changed.identity != cached.identity


def test_a_starter_pack_is_cached_with_its_labels(starter: Path, tmp_path: Path) -> None:
    memory = read_dataset(starter, "train")
    cached = read_dataset(starter, "train", cache=tmp_path / "cache")
    (clip,), (expected,) = cached.clips, memory.clips
    assert (clip.name, clip.action, clip.style) == ("run", "run", "normal")
    assert torch.equal(clip.features, expected.features)
    assert cached.rejected == memory.rejected


def test_mirror_images_that_are_there_are_not_made_again(humanml: Path) -> None:
    walk = np.load(humanml / "new_joint_vecs" / "000001.npy")
    np.save(humanml / "new_joint_vecs" / "M000001.npy", walk)
    np.save(humanml / "new_joint_vecs" / "M000002.npy", walk[:50])  # of another length: of something else
    for name in ("000001", "000002"):
        text = (humanml / "texts" / f"{name}.txt").read_text()
        (humanml / "texts" / f"M{name}.txt").write_text(text)
    (humanml / "train.txt").write_text("000001\nM000001\n000002\nM000002\n")
    dataset = read_dataset(humanml, "train")
    # Passages of a clip have theirs too.
    assert sum("000001" in clip.name for clip in dataset) == 4
    assert [clip.name for clip in dataset.one_sided()] == ["000002", "M000002"]
    assert len(dataset.mirrored()) == len(dataset) + 2
