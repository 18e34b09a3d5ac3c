"""A BABEL folder in the published form: nested annotations, some of them null, and AMASS's joints by path."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from paths import golden

from mdm_adapter.representation.resampling import resample

Told = tuple[float, float, str, list[str] | None]


def labels(*told: Told) -> list[dict[str, Any]]:
    """Labels of frames: start, end, processed label, categories."""
    return [
        {
            "raw_label": f"{label}ing", "proc_label": label, "seg_id": f"seg-{number}", "act_cat": categories,
            "start_t": start, "end_t": end,
        }
        for number, (start, end, label, categories) in enumerate(told)
    ]  # fmt: skip


def annotation(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One annotator's."""
    return {"babel_lid": "lid", "anntr_id": "annotator", "mul_act": True, "labels": rows}


def row(number: int, seconds: float, frames: Sequence[Told] | None) -> dict[str, Any]:
    """A sequence of `val.json`."""
    whole = [{"raw_label": "moving", "proc_label": "move", "seg_id": "s", "act_cat": ["move"]}]
    return {
        "babel_sid": number,
        "url": f"https://babel-renders.s3.eu-central-1.amazonaws.com/{number:06d}.mp4",
        "feat_p": f"CMU/CMU/{number:02d}/{number:02d}_01_poses.npz",
        "dur": round(seconds, 2),
        "seq_ann": annotation(whole),
        "frame_ann": None if frames is None else annotation(labels(*frames)),
    }


def joints(fps: float, *, hands: int = 0) -> np.ndarray:
    """Nine seconds of a walk [T, 22 + hands, 3], y up, at some rate."""
    with np.load(golden("hml_clip_walk.npz")) as archive:
        body = archive["joints"].astype(np.float64)
    body = resample(body, 1 / 20.0, fps)
    return np.concatenate([body, np.repeat(body[:, 20:21], hands, axis=1)], axis=1)


def write_folder(folder: Path, rows: dict[str, dict[str, Any]], *, fps: float = 30.0) -> Path:
    """`val.json`, and the motion of every sequence in `pose_data/`, with the 30 joints of hands as HumanML3D writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "val.json").write_text(json.dumps(rows))
    body = joints(fps, hands=30).astype(np.float32)
    for told in rows.values():
        file = (folder / "pose_data").joinpath(*Path(told["feat_p"]).parts[1:]).with_suffix(".npy")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, body[: round(told["dur"] * fps)])
    return folder
