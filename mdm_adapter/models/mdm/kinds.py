"""Checkpoints that MDM's code, or code that grew from it, wrote for something else: told by their `args.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdm_adapter.models.mdm.layout import ARGS
from motioncollage.files import read_json

MAX_ARGS_BYTES = 1 << 20
_TEXT_ONLY = "models of texts run, such as humanml_trans_enc_512"
_ACTIONS = "a model of {} (an action's number instead of a text, 24 joints as rotations)"
_DATASETS = {
    "kit": "a model of KIT-ML (251 numbers a frame, 21 joints, 12.5 frames a second)",
    "humanact12": _ACTIONS.format("HumanAct12"),
    "uestc": _ACTIONS.format("UESTC"),
    "ntu13": _ACTIONS.format("NTU RGB+D"),
    "amass": "a model of AMASS without texts of HumanML3D",
    "babel": "a model of BABEL (another way of writing motion down, 30 frames a second)",
    "pw3d": "a model of two people (3DPW)",
}


def other_kind(args: Mapping[str, Any]) -> str:
    """What a checkpoint is, and what would work, if it is none of texts and HumanML3D's features; empty if it is one.

    Only what is certain is refused by name: a data set that nobody here knows may have the same features.
    """
    dataset = str(args.get("dataset", "")).lower()
    if dataset in _DATASETS:
        return f"it is {_DATASETS[dataset]}; models of HumanML3D run, such as humanml_trans_enc_512"
    if args.get("multi_target_cond") is True:
        return (
            "it is conditioned on places that joints are to reach (multi_target_cond, as CLoSD's planner);"
            " the planner without targets runs, DiP_no-target"
        )
    if args.get("unconstrained") is True:
        return f"it takes no texts (unconstrained); {_TEXT_ONLY}"
    if args.get("abs_3d") is True:
        return f"it writes the root's place instead of its steps (abs_3d, as GMD and CondMDI); {_TEXT_ONLY}"
    if args.get("keyframe_conditioned") is True:
        return f"it is conditioned on key frames (keyframe_conditioned, as CondMDI); {_TEXT_ONLY}"
    if args.get("emb_policy", "add") != "add":
        return f"it does not add text and time (emb_policy {args['emb_policy']!r}); {_TEXT_ONLY}"
    return ""


def read_args(path: Path) -> dict[str, Any]:
    """The contents of an `args.json`, without what is null in it.

    Raises:
        ValueError: it is missing, too large or something else.
    """
    if not path.is_file():
        raise ValueError(
            f"{path} is missing; copy the {ARGS} that was published with the weights beside them"
        )
    if path.stat().st_size > MAX_ARGS_BYTES:
        raise ValueError(f"{path} is larger than {MAX_ARGS_BYTES} bytes; it is not a checkpoint's {ARGS}")
    args = read_json(path, "copy it again from where it came")
    if not isinstance(args, dict):
        raise ValueError(
            f"{path} holds a {type(args).__name__}, not an object; copy it again from where it came"
        )
    # Copies on hubs write down what the training left open.
    return {name: value for name, value in args.items() if value is not None}
