"""Edits keep what they promise to keep, in metres and degrees, on real clips."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor
from toy_models import static_toy

from mdm_adapter.editing.known import (
    JOINT_SETS,
    Known,
    Script,
    extend,
    fill,
    inbetween,
    regenerate_joints,
    replace_range,
)
from mdm_adapter.editing.paths import follow, reach
from mdm_adapter.editing.redoing import detail, restyle
from mdm_adapter.maker import GenerateSettings
from mdm_adapter.making import MotionJob
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action
from mdm_adapter.representation import features as representation
from mdm_adapter.representation.humanml3d import HUMANML3D
from mdm_adapter.representation.way import PlanarWay
from motioncollage.sampling.registry import SamplerSettings

SETTINGS = GenerateSettings(seed=1, samples=2, sampler=SamplerSettings(steps=4), precision="float32")


def clip(name: str) -> Tensor:
    with np.load(golden(f"hml_clip_{name}.npz")) as archive:
        return torch.from_numpy(archive["features"])


@pytest.fixture(scope="module")
def pipeline() -> MotionPipeline:
    return static_toy()


def pose_gap(ours: Tensor, theirs: Tensor) -> float:
    """Largest distance of joints after the first frames were laid on each other, metres."""
    bodies = [representation.canonicalise(representation.to_joints(m.double())) for m in (ours, theirs)]
    return float((bodies[0] - bodies[1]).norm(dim=-1).max())


def test_inbetween_keeps_both_motions(pipeline: MotionPipeline) -> None:
    first, second = clip("walk")[:90], clip("run")
    whole, (start, end) = inbetween(pipeline, first, second, 1.5, SETTINGS, text="a person walks")
    assert (start, end) == (90, 120)
    assert whole.shape == (2, 90 + 30 + len(second), 263)
    for sample in whole:
        assert pose_gap(sample[:start], first) < 1e-4
        assert pose_gap(sample[end:], second) < 0.01
    assert not torch.allclose(whole[0, start:end], whole[1, start:end])


def test_extend_both_ways(pipeline: MotionPipeline) -> None:
    motion = clip("cmu06")
    whole, (start, end) = extend(pipeline, motion, SETTINGS, before=1.0, after=2.0, text="he kicks")
    assert (start, end) == (20, 20 + len(motion))
    assert whole.shape[1] == 20 + len(motion) + 40
    assert torch.equal(whole[0, start:end], motion)
    with pytest.raises(ValueError, match="nothing to extend by"):
        extend(pipeline, motion, SETTINGS)


def test_replaced_range_keeps_the_rest(pipeline: MotionPipeline) -> None:
    motion = clip("walk")
    whole, (start, end) = replace_range(pipeline, motion, 2.0, 4.0, "he waves", SETTINGS)
    assert (start, end) == (40, 80)
    assert whole.shape == (2, len(motion), 263)
    assert pose_gap(whole[0, :start], motion[:start]) < 1e-4
    assert pose_gap(whole[0, end:], motion[end:]) < 0.01
    assert not torch.allclose(whole[0, start:end], motion[start:end], atol=0.1)
    # In the world, too: what follows stands where it stood.
    before, after = representation.to_joints(motion.double()), representation.to_joints(whole[0].double())
    assert float((before[:start] - after[:start]).norm(dim=-1).max()) < 1e-4
    assert float((before[end:] - after[end:]).norm(dim=-1).max()) < 0.01
    loose, _ = replace_range(pipeline, motion, 2.0, 4.0, "he waves", SETTINGS, anchored=False)
    assert pose_gap(loose[0, end:], motion[end:]) < 0.01
    led = representation.to_joints(loose[0].double())
    assert float((before[end:] - led[end:]).norm(dim=-1).min()) > 0.05
    for first, last in ((-1.0, 2.0), (3.0, 3.0), (4.0, 2.0), (0.0, 99.0), (1.0, 1.1)):
        with pytest.raises(ValueError, match=r"does not lie inside the motion of 9\.05 s"):
            replace_range(pipeline, motion, first, last, "he waves", SETTINGS)


@pytest.mark.parametrize("name", JOINT_SETS)
def test_other_joints_are_kept(pipeline: MotionPipeline, name: str) -> None:
    motion = clip("walk")[:60]
    free = JOINT_SETS[name]
    made = regenerate_joints(pipeline, motion, free, "a person waves", SETTINGS)
    ours, theirs = (representation.to_joints(m.double()) for m in (made[0], motion))
    kept = [joint for joint in range(22) if joint not in free]
    assert (ours[:, kept] - theirs[:, kept]).norm(dim=-1).max() < 1e-4
    assert (ours[:, list(free)] - theirs[:, list(free)]).norm(dim=-1).mean() > 0.02


def test_columns_of_all_joints_and_the_root_are_all_columns() -> None:
    seen = torch.zeros(263, dtype=torch.int64)
    for joint in range(1, 22):
        for columns in HUMANML3D.columns(joint):
            seen[columns] += 1
    seen[:4] += 1
    seen[representation.VELOCITIES.start : representation.VELOCITIES.start + 3] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("joints", [[], [0], [22], [-1]])
def test_joints_that_do_not_exist(pipeline: MotionPipeline, joints: list[int]) -> None:
    with pytest.raises(ValueError, match="must be numbers from 1 to 21"):
        regenerate_joints(pipeline, clip("walk")[:40], joints, "a person waves", SETTINGS)


def circle(turn: float, radius: float = 2.0) -> Tensor:
    angle = torch.linspace(0, turn, 200)
    return torch.stack((radius * (1 - angle.cos()), radius * angle.sin()), dim=1)


@pytest.mark.parametrize(
    "path",
    [
        torch.tensor([[0.0, 0.0], [0.0, 4.0]]),
        torch.tensor([[1.0, 1.0], [3.0, 1.0], [3.0, 4.0]]),
        circle(torch.pi),
        circle(4 * torch.pi),
    ],
)
def test_the_root_runs_along_the_path(path: Tensor) -> None:
    frames = 160
    features = torch.zeros(frames, 263)
    features[:, :3] = PlanarWay().along(path, frames)
    joints = representation.to_joints(features.double())
    along = path.double() - path[0].double()
    # Even speed: frame i stands at the share i / frames of the path. Only the facing at the start is free.
    steps = torch.cat((torch.zeros(1), along.diff(dim=0).norm(dim=1).float())).cumsum(0).numpy()
    places = np.linspace(0, steps[-1], frames + 1)[:frames]
    wanted = torch.from_numpy(
        np.stack([np.interp(places, steps, along[:, i].numpy()) for i in range(2)], axis=1)
    )
    root = joints[:, 0, [0, 2]]
    cross = (wanted[:, 0] * root[:, 1] - wanted[:, 1] * root[:, 0]).sum()
    angle = torch.atan2(cross, (wanted * root).sum())
    turned = torch.stack(
        (
            wanted[:, 0] * angle.cos() - wanted[:, 1] * angle.sin(),
            wanted[:, 0] * angle.sin() + wanted[:, 1] * angle.cos(),
        ),
        dim=1,
    )
    assert (root - turned).norm(dim=1).max() < 0.01
    speed = joints[:, 0].diff(dim=0).norm(dim=-1)
    assert speed.std() < 0.05 * speed.mean()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ([[0.0, 0.0]], "at least two points"),
        ([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], "two numbers, x and z"),
        ([[1.0, 1.0], [1.0, 1.0]], "points of the path are the same"),
        ([[0.0, 0.0], [float("nan"), 1.0]], "not finite"),
    ],
)
def test_paths_that_make_no_sense(path: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PlanarWay().along(torch.tensor(path), 40)


def test_a_followed_path_is_followed_exactly(pipeline: MotionPipeline) -> None:
    path = torch.tensor([[0.0, 0.0], [0.0, 3.0]])
    plan = pipeline.plan([Action("a person walks", 3.0), Action("he runs", 3.0)], SETTINGS)
    made = follow(pipeline, path, plan, SETTINGS)
    root = representation.to_joints(made[0].double())[:, 0]
    left = 3.0 * 2.8 / (1.2 + 2.8) / 60  # the last frame is a runner's step before the end
    assert (root[-1, [0, 2]] - torch.tensor([0.0, 3.0 - left])).norm() < 0.01
    assert root[60, 2] == pytest.approx(0.9, abs=0.12)  # he runs most of the way


@pytest.mark.parametrize(
    ("place", "heading"), [((0.5, 2.0), 90.0), ((-1.0, -1.0), -180.0), ((0.0, 3.0), None)]
)
def test_the_end_is_reached(
    pipeline: MotionPipeline, place: tuple[float, float], heading: float | None
) -> None:
    plan = pipeline.plan([Action("walks", 3.0), Action("waves", 2.0)], SETTINGS)
    made = reach(pipeline, place, heading, plan, SETTINGS)
    assert made.shape == (2, 100, 263)
    for features in made:
        turns, root = representation.root_motion(features.double())
        assert root[-1, [0, 2]].tolist() == pytest.approx(place, abs=1e-4)
        if heading is not None:
            half = torch.rad2deg(torch.atan2(turns[-1, 2], turns[-1, 0]))
            assert (-2 * float(half) - heading + 180) % 360 - 180 == pytest.approx(0, abs=0.01)
    with pytest.raises(ValueError, match="must be finite"):
        reach(pipeline, (math.nan, 0.0), None, plan, SETTINGS)


def test_restyle_starts_from_the_noise_of_its_strength(
    pipeline: MotionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denoiser that changes nothing leaves the motion and the noise that was added, which grows with strength."""
    monkeypatch.setattr(MotionJob, "pieces", lambda job, composition: lambda x, level: x / level.alpha)
    motion = clip("walk")[:80]
    settings = replace(SETTINGS, sampler=SamplerSettings(steps=20))
    for strength in (0.2, 0.5, 0.8):
        made = restyle(pipeline, motion, "he walks", strength, settings)
        assert made.shape == (2, 80, 263)
        added = float(((made - motion) / 0.3).std())
        signal = float(pipeline.model.schedule.alphas_cumprod[round(strength * 999)])
        assert added == pytest.approx(np.sqrt((1 - signal) / signal), rel=0.25)
    for strength in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="strength is"):
            restyle(pipeline, motion, "he walks", strength, settings)


def test_means_of_blocks_are_kept(pipeline: MotionPipeline) -> None:
    motion = clip("walk")[:87]
    made = detail(pipeline, motion, 10, "he walks", SETTINGS)
    assert made.shape == (2, 80, 263)
    kept = motion[:80].unflatten(0, (8, 10)).mean(dim=1)
    assert torch.allclose(made[0].unflatten(0, (8, 10)).mean(dim=1), kept, atol=1e-4)
    assert not torch.allclose(made[0], motion[:80], atol=0.1)
    assert not torch.allclose(made[0], made[1], atol=0.05)
    for block in (1, 88):
        with pytest.raises(ValueError, match=f"block is {block} frames; choose 2 to 87"):
            detail(pipeline, motion, block, "he walks", SETTINGS)


def test_shapes_are_checked(pipeline: MotionPipeline) -> None:
    motion = clip("walk")[:40]
    with pytest.raises(ValueError, match="both must be"):
        fill(pipeline, Known(motion, motion[:, :3] > 0), Script((("a", 40),)), SETTINGS)
    with pytest.raises(ValueError, match="the script has 30 frames, the motion 40"):
        fill(pipeline, Known(motion, motion > 0), Script((("a", 30),)), SETTINGS)
