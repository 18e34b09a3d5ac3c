"""Pictures of plans: every action in its colour where it lies, joins and all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mdm_adapter.planning.picture import COLOURS, render_plan
from mdm_adapter.planning.pieces import Plan, PlanSettings, plan_rows
from mdm_adapter.planning.timing import lay_out
from mdm_adapter.prompts import Action


def plan_of(rows: list[Action], *, loop: bool = False) -> Plan:
    return plan_rows(lay_out(rows, lambda text: 4.0), PlanSettings(), loop=loop)


def share(picture: np.ndarray, colour: str) -> float:
    """Part of the pixels in a colour."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return float((np.abs(picture.astype(int) - rgb).max(axis=-1) < 3).mean())


def test_actions_have_their_colours(tmp_path: Path) -> None:
    rows = [Action("walk", 8.0), Action("wave", 2.0, start=3.0), Action("run", 2.0, start=10.0)]
    render_plan(tmp_path / "plan.png", plan_of(rows))
    picture = np.asarray(Image.open(tmp_path / "plan.png").convert("RGB"))
    walk, wave, run = (share(picture, COLOURS[i]) for i in (0, 2, 1))
    assert walk > 2 * wave > 0
    assert walk > 2 * run > 0
    with pytest.raises(FileExistsError):
        render_plan(tmp_path / "plan.png", plan_of(rows))


def test_a_loop_shows_its_wrap_on_both_sides(tmp_path: Path) -> None:
    render_plan(tmp_path / "loop.png", plan_of([Action("walk", 4.0), Action("wave", 4.0)], loop=True))
    picture = np.asarray(Image.open(tmp_path / "loop.png").convert("RGB")).astype(int)
    wave = np.abs(picture - [0xED, 0xA1, 0x38]).max(axis=-1) < 3
    columns = np.flatnonzero(wave.sum(axis=0) > 15)
    # The piece of the last action reaches over the end, so a bar of it is seen at the beginning too.
    assert columns.min() < 0.15 * picture.shape[1]
    assert columns.max() > 0.95 * picture.shape[1]


def test_long_plans_are_refused(tmp_path: Path) -> None:
    rows = [Action(f"a{i}", 1.0) for i in range(401)]
    with pytest.raises(ValueError, match="the plan has 401 pieces; a picture shows at most 400"):
        render_plan(tmp_path / "plan.png", plan_of(rows))
