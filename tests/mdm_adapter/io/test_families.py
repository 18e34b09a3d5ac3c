"""Skeleton families: names users have, what skeletons lack, and the recordings behind the starter pack."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import FIXTURES, shared

from mdm_adapter.io.bvh_reader import (
    BvhMotion,
    check_sides,
    find_metres_per_unit,
    find_up_axis,
    import_bvh,
    leading_rest_frames,
    parse_bvh,
    stature,
    to_smpl,
    world_positions,
)
from mdm_adapter.io.families import BETWEEN, FAMILIES, match_skeleton, plain
from mdm_adapter.representation.skeleton import JOINTS, PARENTS

AT = {name: index for index, name in enumerate(JOINTS)}

# A person of 1.7 m in a T-pose, facing +z: left is +x. Written down by hand from the SMPL body, in metres.
CENTRE = {
    "pelvis": (0, 0.95, 0),
    "spine1": (0, 1.07, -0.02),
    "spine2": (0, 1.20, -0.02),
    "spine3": (0, 1.26, 0),
    "neck": (0, 1.47, -0.03),
    "head": (0, 1.56, 0.02),
}
LEFT = {
    "hip": (0.06, 0.86, 0),
    "knee": (0.10, 0.48, 0.01),
    "ankle": (0.09, 0.08, -0.03),
    "foot": (0.12, 0.02, 0.09),
    "collar": (0.08, 1.36, -0.01),
    "shoulder": (0.17, 1.40, -0.02),
    "elbow": (0.43, 1.39, -0.04),
    "wrist": (0.68, 1.40, -0.04),
}
BODY = np.array(
    [
        CENTRE[name]
        if name in CENTRE
        else np.array(LEFT[name.split("_")[1]]) * [1 if "left" in name else -1, 1, 1]
        for name in JOINTS
    ],
    dtype=float,
)


def table(sides: str, centre: str, spine: str, limb: str, prefix: str = "") -> dict[str, str]:
    """SMPL joint -> name in the file. A - is a joint the skeleton lacks, a ~ a blank in a name."""
    found = dict(zip(("pelvis", "neck", "head"), centre.split()))
    found |= dict(zip(("spine1", "spine2", "spine3"), spine.split()))
    for smpl, side in zip(("left", "right"), sides.split()):
        found |= {f"{smpl}_{joint}": name.format(side) for joint, name in zip(LEFT, limb.split())}
    return {joint: prefix + name.replace("~", " ") for joint, name in found.items() if name != "-"}


MIXAMO = "{}UpLeg {}Leg {}Foot {}ToeBase {}Shoulder {}Arm {}ForeArm {}Hand"
UNITY = "{}UpperLeg {}LowerLeg {}Foot {}Toes {}Shoulder {}UpperArm {}LowerArm {}Hand"
BIPED = "{}~Thigh {}~Calf {}~Foot {}~Toe0 {}~Clavicle {}~UpperArm {}~Forearm {}~Hand"
XSENS = "{}Hip {}Knee {}Ankle {}Toe {}Collar {}Shoulder {}Elbow {}Wrist"
SMPL = "{}_Hip {}_Knee {}_Ankle {}_Foot {}_Collar {}_Shoulder {}_Elbow {}_Wrist"
UNREAL = "thigh_{} calf_{} foot_{} ball_{} clavicle_{} upperarm_{} lowerarm_{} hand_{}"
BLENDER = "thigh.{} shin.{} foot.{} toe.{} shoulder.{} upper_arm.{} forearm.{} hand.{}"
ROKOKO = "{}Thigh {}Shin {}Foot {}Toe {}Shoulder {}Arm {}ForeArm {}Hand"
BIOVISION = "{}UpLeg {}LowLeg {}Foot {}Toe {}Collar {}UpArm {}LowArm {}Hand"
SIDES, HIPS, SPINES = "Left Right", "Hips Neck Head", "Spine Spine1 Spine2"
NO_SHOULDERS = UNITY.replace("{}Shoulder", "-")

# kind -> (family, SMPL joint -> name)
SKELETONS: dict[str, tuple[str, dict[str, str]]] = {
    "mixamo": ("motionbuilder", table(SIDES, HIPS, SPINES, MIXAMO, "mixamorig:")),
    "mixamo, no colon": ("motionbuilder", table(SIDES, HIPS, SPINES, MIXAMO, "mixamorig1")),
    "lafan1": ("motionbuilder", table(SIDES, HIPS, SPINES, MIXAMO.replace("ToeBase", "Toe"))),
    "two spines": ("motionbuilder", table(SIDES, HIPS, "Spine - Spine1", MIXAMO)),
    "one spine, capitals": ("motionbuilder", table(SIDES.upper(), HIPS, "SPINE - -", MIXAMO.upper())),
    "smpl": ("smpl", {joint: joint for joint in JOINTS}),
    "smpl fbx": ("smpl", table("L R", "Pelvis Neck Head", "Spine1 Spine2 Spine3", SMPL, "m_avg_")),
    "xsens": ("xsens", table(SIDES, HIPS, "Chest Chest2 Chest3", XSENS)),
    "biovision": ("biovision", table(SIDES, HIPS, "Chest - -", BIOVISION)),
    "unity": ("humanoid", table(SIDES, HIPS, "Spine Chest UpperChest", UNITY)),
    "unity, no shoulders": ("humanoid", table(SIDES, HIPS, "Spine - Chest", NO_SHOULDERS)),
    "rokoko": ("rokoko", table(SIDES, HIPS, "Spine1 Spine2 Spine3", ROKOKO)),
    "biped": ("biped", table("L R", "Pelvis Neck Head", SPINES, BIPED, "Bip01 ")),
    "unreal": ("unreal", table("l r", "pelvis neck_01 head", "spine_01 spine_02 spine_03", UNREAL)),
    "blender": ("blender", table("L R", "hips neck head", "spine - chest", BLENDER)),
}


def skeleton(names: dict[str, str], unit: float = 0.01) -> BvhMotion:
    """One frame of BODY as a BVH motion of those of the 22 joints that have a name."""
    kept = [joint for joint in JOINTS if joint in names]
    parents, offsets = [], []
    for joint in kept:
        above = PARENTS[AT[joint]]
        while above >= 0 and JOINTS[above] not in names:
            above = PARENTS[above]
        parents.append(kept.index(JOINTS[above]) if above >= 0 else -1)
        offsets.append((BODY[AT[joint]] - (BODY[above] if above >= 0 else 0)) / unit)
    return BvhMotion(
        tuple(names[joint] for joint in kept),
        np.array(parents),
        np.array(offsets),
        tuple(("Zrotation", "Xrotation", "Yrotation") for _ in kept),
        np.zeros((1, 3 * len(kept))),
        0.05,
    )


@pytest.mark.parametrize("kind", list(SKELETONS))
def test_names_that_users_have(kind: str) -> None:
    family, names = SKELETONS[kind]
    motion = skeleton(names)
    match = match_skeleton(motion.names, world_positions(motion)[0])
    assert match.family == family
    np.testing.assert_allclose(match.weights.sum(axis=1), 1)
    for row, joint in zip(match.weights, JOINTS):
        if joint in names:
            assert [motion.names[k] for k in np.flatnonzero(row)] == [names[joint]]
    joints = to_smpl(motion)[0]
    expected = BODY - [0, BODY[:, 1].min(), 0]
    error = np.linalg.norm(joints - expected, axis=1)
    named = np.array([joint in names for joint in JOINTS])
    assert error[named].max() < 1e-6
    assert error.max() < 0.07  # what a skeleton lacks is near where SMPL has it
    assert (joints[[AT[f"left_{name}"] for name in LEFT], 0] > 0).all()


def test_every_family_is_tried_by_a_test() -> None:
    files = {"bandai-namco", "daz", "character-creator"}  # the recordings below
    assert {family for family, _ in SKELETONS.values()} | files == {family.name for family in FAMILIES}


def test_names_are_compared_plainly() -> None:
    assert plain("mixamorig:LeftUpLeg") == plain("Left_Up Leg") == plain("mixamorig3LEFTUPLEG") == "leftupleg"
    assert plain("CC_Base_L_Foot") == "lfoot"
    assert plain("Bip001 L Thigh") == "lthigh"
    assert plain("Character1:Ctrl:Hips") == "hips"


def test_toes_and_wrists_from_end_sites() -> None:
    names = dict(SKELETONS["lafan1"][1])
    for side in ("left", "right"):
        names[f"{side}_foot"] = f"{side}Foot_end"
        names[f"{side}_wrist"] = f"{side}ForeArm_end"
    motion = skeleton(names)
    np.testing.assert_allclose(to_smpl(motion)[0], BODY - [0, BODY[:, 1].min(), 0], atol=1e-6)


def test_a_joint_on_its_parent_is_passed_over() -> None:
    motion = parse_bvh(FIXTURES / "bvh" / "cgspeed.bvh")
    match = match_skeleton(motion.names, world_positions(motion)[0])
    joints = to_smpl(motion)
    assert len(joints) == 1  # the T-pose is dropped, and three frames at 120 a second are one
    lengths = np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS[1:])], axis=-1)
    assert lengths.min() > 0.05
    where = {joint: {motion.names[k] for k in np.flatnonzero(match.weights[AT[joint]])} for joint in JOINTS}
    assert where["spine1"] == {"Spine"}  # LowerBack lies on Hips
    assert where["spine3"] == {"Spine1"}
    assert where["neck"] == {"Neck1"}  # Neck lies on Spine1, and so do the shoulders
    assert where["left_collar"] == {"Spine1", "LeftArm"}


def test_fractions_are_those_of_a_body() -> None:
    for joint, (start, end, fraction) in BETWEEN.items():
        placed = (1 - fraction) * BODY[AT[start]] + fraction * BODY[AT[end]]
        assert np.linalg.norm(placed - BODY[AT[joint]]) < 0.1, joint


def test_unknown_skeletons_are_refused_in_one_line() -> None:
    names = {k: v for k, v in SKELETONS["lafan1"][1].items() if k not in ("left_knee", "right_wrist")}
    motion = skeleton(names)
    with pytest.raises(ValueError, match="nothing for left_knee, right_wrist") as caught:
        to_smpl(motion)
    message = str(caught.value)
    assert "\n" not in message
    assert "'Hips'" in message
    assert "motionbuilder" in message
    with pytest.raises(ValueError, match="nothing for pelvis, left_hip"):
        match_skeleton(["a\nb", "ü"], np.zeros((2, 3)))


def test_exchanged_sides_are_refused() -> None:
    joints = to_smpl(skeleton(SKELETONS["smpl"][1])).astype(float)
    bent = joints.copy()
    bent[:, [AT["left_knee"], AT["right_knee"]], 2] += 0.05
    check_sides(bent)
    with pytest.raises(ValueError, match="left and right"):
        check_sides(bent * [-1, 1, 1])
    kneeling = bent.copy()
    kneeling[:, [AT["left_foot"], AT["right_foot"]], 2] -= 0.3
    check_sides(kneeling)
    motion = parse_bvh(FIXTURES / "bvh" / "cgspeed.bvh")
    mirrored = replace(motion, names=tuple(swap(name) for name in motion.names))
    with pytest.raises(ValueError, match="left and right"):
        to_smpl(mirrored)


def swap(name: str) -> str:
    for one, other in (("Left", "Right"), ("Right", "Left")):
        if name.startswith(one):
            return other + name.removeprefix(one)
    return name


# ------------------------------------------------------------ from frames to metres


@pytest.fixture(scope="module")
def salsa() -> BvhMotion:
    return parse_bvh(FIXTURES / "bvh" / "daz.bvh")


def scaled(motion: BvhMotion, factor: float) -> BvhMotion:
    """The same motion written in another unit."""
    moving = [c.endswith("position") for names in motion.channels for c in names]
    return replace(
        motion,
        offsets=motion.offsets * factor,
        values=np.where(moving, motion.values * factor, motion.values),
    )


@pytest.mark.parametrize("metres", [1.0, 0.01, 0.001, 0.0254, 0.056444, 0.3048, 0.1])
def test_units_are_found(salsa: BvhMotion, metres: float) -> None:
    np.testing.assert_allclose(to_smpl(scaled(salsa, 0.01 / metres)), to_smpl(salsa), atol=2e-5)


def test_implausible_and_given_units(salsa: BvhMotion) -> None:
    tiny = scaled(salsa, 0.01 / 300)
    with pytest.raises(ValueError, match="pass metres_per_unit"):
        to_smpl(tiny)
    np.testing.assert_allclose(to_smpl(tiny, metres_per_unit=300.0), to_smpl(salsa), atol=1e-5)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="metres_per_unit is"):
            to_smpl(salsa, metres_per_unit=wrong)
    with pytest.raises(ValueError, match="up is 'x'"):
        to_smpl(salsa, up="x")


def test_damaged_numbers_are_refused(salsa: BvhMotion) -> None:
    offsets = salsa.offsets.copy()
    offsets[5:] = 1e308
    with pytest.raises(ValueError, match="file is damaged"):
        to_smpl(replace(salsa, offsets=offsets))


def test_z_up_is_rotated(salsa: BvhMotion) -> None:
    def z_up(points: np.ndarray) -> np.ndarray:
        return points[..., [0, 2, 1]] * [1, -1, 1]

    joints, rest = to_smpl(salsa, skip_rest_pose=False).astype(float), to_smpl(salsa, skip_rest_pose=False)[0]
    assert find_up_axis(joints, rest) == "y"
    assert find_up_axis(z_up(joints), z_up(rest)) == "z"
    assert find_up_axis(z_up(joints), 0 * rest) == "z"
    assert find_up_axis(z_up(joints), rest) == "y"  # someone who lies down, along z, for the whole clip
    # Someone who stands, lies down along z, and gets up again: hips fall by a metre, up stays where it is.
    lying = np.where(np.arange(len(joints))[:, None, None] % 10 < 2, joints, z_up(joints) - [0, 0.9, 0])
    assert find_up_axis(lying, rest) == "y"
    rising = z_up(joints) + np.linspace(0, 1, len(joints))[:, None, None] * [0, 1, 0]
    assert find_up_axis(rising, rest) == "z"
    # A file whose offsets and root are those of a z-up world: a quarter turn about x above the root.
    turned = replace(
        salsa,
        names=("world", *salsa.names),
        parents=np.concatenate([[-1], salsa.parents + 1]),
        offsets=np.concatenate([[[0.0, 0.0, 0.0]], salsa.offsets]),
        channels=(("Xrotation",), *salsa.channels),
        values=np.concatenate([np.full((len(salsa.values), 1), 90.0), salsa.values], axis=1),
    )
    np.testing.assert_allclose(to_smpl(turned, up="z"), to_smpl(salsa), atol=1e-6)


def test_rest_pose_in_front_is_dropped(salsa: BvhMotion) -> None:
    every = to_smpl(salsa, skip_rest_pose=False, fps=120).astype(float)
    assert len(every) == len(salsa.values)
    assert np.ptp(every[0, [18, 19, 20, 21], 1]) < 0.1  # a T: elbows and wrists at one height
    # The converter blends from the T-pose over frames 1 to 4.
    assert leading_rest_frames(every, 1 / 120) == 5
    assert len(to_smpl(salsa, fps=120)) == len(every) - 5
    assert leading_rest_frames(np.concatenate([every[:1], every[8:]]), 1 / 120) == 1
    assert leading_rest_frames(every[8:], 1 / 120) == 0
    assert leading_rest_frames(every[:2], 1 / 120) == 0
    assert leading_rest_frames(np.concatenate([every[:1], every[8:10]]), 1e9) == 1


def test_placed_on_the_floor_at_the_origin() -> None:
    for path in sorted((FIXTURES / "bvh").glob("*.bvh")):
        joints = import_bvh(path)
        assert joints.dtype == np.float32
        assert joints.shape[1:] == (22, 3)
        np.testing.assert_allclose(joints[0, 0, [0, 2]], 0, atol=1e-6)
        assert abs(joints[..., 1].min()) < 1e-6
        assert 1.2 < stature(joints.astype(float)) < 2.3
        assert find_metres_per_unit(joints.astype(float)) == 1.0


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_wild_numbers_give_finite_joints_or_value_error(data: st.DataObject) -> None:
    salsa = parse_bvh(FIXTURES / "bvh" / "daz.bvh")
    wild = st.floats(allow_nan=False, allow_infinity=False)
    for array in (salsa.offsets, salsa.values):
        for _ in range(data.draw(st.integers(0, 3))):
            array.flat[data.draw(st.integers(0, array.size - 1))] = data.draw(wild)
    message, joints = "", np.zeros((1, 22, 3), np.float32)
    try:
        joints = to_smpl(replace(salsa, frame_time=data.draw(st.floats(1e-9, 1e9))))
    except ValueError as error:
        message = str(error)
    assert np.isfinite(joints).all()
    assert "\n" not in message


# --------------------------------------------- against the same recordings in the starter pack


def as_in_the_pack(path: Path) -> np.ndarray:
    """The pack keeps the blend out of the T-pose, which the importer drops."""
    motion = parse_bvh(path)
    begin = 1 if "daz" in path.name else 0
    return to_smpl(replace(motion, values=motion.values[begin:]), skip_rest_pose=False)


def root_aligned(joints: np.ndarray) -> np.ndarray:
    return joints - joints[:, :1]


@pytest.mark.parametrize("name", ["bandai", "character_creator", "daz"])
def test_cut_samples_equal_the_starter_pack(name: str) -> None:
    with np.load(FIXTURES / "bvh" / "expected.npz", allow_pickle=False) as pack:
        expected = pack[name]
    joints = as_in_the_pack(FIXTURES / "bvh" / f"{name}.bvh")
    assert joints.shape == expected.shape
    error = np.linalg.norm(root_aligned(joints) - root_aligned(expected), axis=-1)
    assert error.max() < 1e-3  # the pack stores multiples of 0.4 mm
    travel = (joints[:, 0] - joints[0, 0]) - (expected[:, 0] - expected[0, 0])
    assert np.abs(travel).max() < 1e-3


RECORDINGS = {
    "bandai-namco_dataset-1_bow_happy_001": ("bn1_bow_happy_001", 0),
    "bandai-namco_dataset-1_kick_normal_001": ("bn1_kick_normal_001-01", 119),
    "bandai-namco_dataset-2_raise-up-right-hand_elderly_020": ("bn2_raise-up-right-hand_elderly_020", 0),
    "bandai-namco_dataset-2_run_masculine_010": ("bn2_run_masculine_010", 0),
    "bandai-namco_dataset-2_walk-turn-left_active_001": ("bn2_walk-turn-left_active_001", 0),
    "cmu_cc_02_04": ("cmu_02_04", 0),
    "cmu_cc_06_09": ("cmu_06_09", 0),
    "cmu_daz_salsa_10": ("cmuacr_salsa_10", 0),
}


@pytest.fixture(scope="module")
def pack() -> dict[str, np.ndarray]:
    with np.load(shared("data", "starter", "motions.npz"), allow_pickle=False) as file:
        joints, offsets, unit = file["joints"], file["offsets"], float(file["metres_per_unit"])
        return {str(name): joints[offsets[i] : offsets[i + 1]] * unit for i, name in enumerate(file["names"])}


@pytest.mark.parametrize("source", list(RECORDINGS))
def test_whole_recordings_equal_the_starter_pack(source: str, pack: dict[str, np.ndarray]) -> None:
    name, start = RECORDINGS[source]
    expected = pack[name]
    joints = as_in_the_pack(shared("data", "bvh_samples") / f"{source}.bvh")[start : start + len(expected)]
    assert len(joints) == len(expected)
    error = np.linalg.norm(root_aligned(joints) - root_aligned(expected), axis=-1)
    assert error.max() < 1e-3
    travel = (joints[:, 0] - joints[0, 0]) - (expected[:, 0] - expected[0, 0])
    assert np.abs(travel).max() < 1e-3


def test_what_bodies_tell_holds_on_real_motion(pack: dict[str, np.ndarray]) -> None:
    """Every 7th clip of the pack: y up, metres, left on the left; a mirrored one is nearly always seen."""
    missed = alarms = count = 0
    for joints in list(pack.values())[::7]:
        count += 1
        assert find_metres_per_unit(joints) == 1.0
        assert find_up_axis(joints, 0 * joints[0]) == "y"
        check_sides(joints)
        alarms += leading_rest_frames(joints[1:], 0.05) > 0
        try:
            check_sides(joints * [-1, 1, 1])
            missed += 1
        except ValueError:
            pass
    assert missed <= 0.02 * count
    assert alarms <= 0.02 * count
