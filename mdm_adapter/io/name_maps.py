"""Which joint of a file is which of the 22, said by its user: `names.json`, where names of an unknown kind do not match.

    {"map": {"pelvis": "Bip_Hueftknochen", "left_hip": "Bip_BeinL", ..., "spine2": null}}

A joint may be null, for one that lies between others, or a list, for the middle of several.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mdm_adapter.io.families import Match, fill_between, match_skeleton, plain
from mdm_adapter.io.geometry import Floats
from mdm_adapter.representation.skeleton import JOINTS
from motioncollage.files import write_text
from motioncollage.wording import reason

MAX_BYTES = 1 << 20
Names = Mapping[str, tuple[str, ...]]  # SMPL joint -> joints of the file whose middle it is

# What a joint is called in one way or another, without its side; the first that a name holds decides.
_WORDS: dict[str, tuple[str, ...]] = {
    "foot": ("toe", "ball"),
    "ankle": ("ankle", "foot", "feet"),
    "knee": ("knee", "shin", "calf", "lowerleg", "lowleg", "leglower", "crus", "leg"),
    "hip": ("upleg", "upperleg", "legupper", "thigh", "femur", "hip"),
    "wrist": ("wrist", "hand"),
    "elbow": ("elbow", "forearm", "lowerarm", "lowarm", "armlower"),
    "shoulder": ("upperarm", "uparm", "armupper", "shldr", "humerus", "arm", "shoulder"),
    "collar": ("collar", "clavicle", "scapula", "shoulder"),
}
_CENTRE: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis", "hips", "hip", "root"),
    "spine1": ("spine1", "spine01", "lowerback", "abdomen", "waist", "spine"),
    "spine2": ("spine2", "spine02", "torso"),
    "spine3": ("spine3", "spine03", "chest", "thorax"),
    "neck": ("neck",),
    "head": ("head", "skull"),
}


def read_names(path: Path | str) -> Names:
    """A map of names from its file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such map; one line with what is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the .json that maps joints to names")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON ({reason(error, 100)}); correct it") from error
    if isinstance(found, dict) and isinstance(found.get("map"), dict):
        found = found["map"]
    if not isinstance(found, dict):
        raise ValueError(f'{path} is no object; write {{"pelvis": "Hips", "left_hip": "LeftUpLeg", ...}}')
    for joint, names in found.items():
        if joint not in JOINTS:
            raise ValueError(f"{path}: {joint[:40]!a} is none of the joints {', '.join(JOINTS)}")
        several = names if isinstance(names, list) else [names]
        if names is not None and not (several and all(isinstance(name, str) for name in several)):
            raise ValueError(f"{path}: {joint} is no name, list of names or null; write a name of the file's")
    return {
        joint: tuple(names) if isinstance(names, list) else (names,)
        for joint, names in found.items()
        if names
    }


def match_joints(names: Sequence[str], pose: Floats, chosen: Names | None) -> Match:
    """Which joints of a file are the 22: as a map says, or (None) by their usual names (`match_skeleton`)."""
    return match_skeleton(names, pose) if chosen is None else match_names(names, chosen)


def match_names(names: Sequence[str], chosen: Names) -> Match:
    """The matrix that takes the joints of a file to the 22, as a map says.

    Raises:
        ValueError: a name that the file has not, or a joint that neither the map nor its neighbours place.
    """
    exact = {name: number for number, name in reversed(list(enumerate(names)))}
    loose = {plain(name): number for number, name in reversed(list(enumerate(names)))}
    placed: dict[str, Floats] = {}
    for joint, wanted in chosen.items():
        numbers = [exact.get(name, loose.get(plain(name))) for name in wanted]
        if None in numbers:
            lacking = wanted[numbers.index(None)]
            raise ValueError(f"the map takes {joint} from {lacking[:40]!a}, which the file has not")
        placed[joint] = np.eye(len(names))[[number for number in numbers if number is not None]].mean(axis=0)
    fill_between(placed)
    missing = [joint for joint in JOINTS if joint not in placed]
    if missing:
        raise ValueError(f"the map has nothing for {', '.join(missing)}; give each a joint of the file")
    return Match("a map", np.array([placed[joint] for joint in JOINTS]))


def draft(names: Sequence[str]) -> dict[str, Any]:
    """A map to correct: for each of the 22 joints the likeliest of a file's, null where none is; and all that it has."""
    guesses: dict[str, str | None] = {}
    words = [(name, _words(name)) for name in names]
    taken: set[str] = set()
    for joint in (*_CENTRE, *(f"{side}_{part}" for side in ("left", "right") for part in _WORDS)):
        side, _, part = joint.rpartition("_")
        candidates = _CENTRE[joint] if joint in _CENTRE else _WORDS[part]
        guesses[joint] = None
        for word in candidates:
            free = [n for n, (of, text) in words if n not in taken and of == side and word in text]
            if free:
                # The shortest: `LeftHand`, not `LeftHandThumb1`.
                guesses[joint] = min(free, key=len)
                taken.add(str(guesses[joint]))
                break
    return {"map": {joint: guesses[joint] for joint in JOINTS}, "joints of the file": list(names)}


def _words(name: str) -> tuple[str, str]:
    """The side that a name is of (left, right or none), and the rest of it in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.rsplit(":", 1)[-1])
    parts = [part for part in re.split(r"[\s_.\-]+", spaced.lower()) if part]
    side = ""
    for mark, meaning in (("left", "left"), ("right", "right"), ("l", "left"), ("r", "right")):
        if mark in parts:
            parts.remove(mark)
            side = meaning
            break
    rest = "".join(parts)
    for mark in ("left", "right"):
        if not side and mark in rest:
            side, rest = mark, rest.replace(mark, "")
    return side, rest


def write_draft(path: Path | str, names: Sequence[str]) -> None:
    """`draft` as a file.

    Raises:
        FileExistsError: it is there already.
    """
    write_text(path, json.dumps(draft(names), indent=1, ensure_ascii=False) + "\n", force=False)
