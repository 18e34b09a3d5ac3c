"""Checkpoints that are something else are told what they are before their weights are read."""

import json
from pathlib import Path

import pytest
from command_line import Command, one_line

from mdm_adapter.models.mdm.kinds import other_kind

OURS: tuple[dict[str, object], ...] = (
    {},
    {"dataset": "humanml", "multi_target_cond": False, "unconstrained": False, "emb_policy": "add"},
    {"dataset": "my own", "abs_3d": False, "context_len": 20, "pred_len": 40},
)


@pytest.mark.parametrize("args", OURS)
def test_models_of_texts_are_not_refused(args: dict[str, object]) -> None:
    assert other_kind(args) == ""


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ({"dataset": "kit"}, "a model of KIT-ML (251 numbers a frame, 21 joints, 12.5 frames a second)"),
        ({"dataset": "humanact12"}, "a model of HumanAct12 (an action's number instead of a text"),
        ({"dataset": "uestc"}, "a model of UESTC"),
        ({"dataset": "humanml", "multi_target_cond": True, "context_len": 20}, "places that joints are to reach"),
        ({"dataset": "humanml", "unconstrained": True}, "it takes no texts"),
        ({"dataset": "humanml", "abs_3d": True}, "abs_3d"),
        ({"keyframe_conditioned": True}, "key frames"),
        ({"emb_policy": "concat"}, "emb_policy 'concat'"),
    ],
)  # fmt: skip
def test_others_are_refused_with_what_they_are(
    command: Command, tmp_path: Path, args: dict[str, object], what: str
) -> None:
    (tmp_path / "args.json").write_text(json.dumps(args))
    (tmp_path / "model000200000.pt").write_bytes(b"never read")
    line = one_line(command("generate", "a person walks", "--model", tmp_path, "--out", tmp_path / "out"))
    assert what in line
    assert "runs" in line or "run, such as humanml_trans_enc_512" in line
