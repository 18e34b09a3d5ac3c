"""Timelines of kept and new parts: what is kept comes through bit for bit, in a line and round a loop."""

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor
from toy_models import static_toy

from mdm_adapter.editing.arrival import Arrival
from mdm_adapter.editing.assembling import New, assemble
from mdm_adapter.editing.known import Script
from mdm_adapter.maker import GenerateSettings
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.representation.humanml3d import HUMANML3D
from motioncollage.sampling.registry import SamplerSettings

SETTINGS = GenerateSettings(seed=1, samples=2, sampler=SamplerSettings(steps=4), precision="float32")


@pytest.fixture(scope="module")
def pipeline() -> MotionPipeline:
    return static_toy()


def walk() -> Tensor:
    with np.load(golden("hml_clip_walk.npz")) as archive:
        return torch.from_numpy(archive["features"])


def new(frames: int, arrival: Arrival | None = None) -> New:
    return New(Script((("a person walks", frames - 20), ("a person waves", 20)), (1.0, None)), arrival)


def test_kept_parts_come_through_and_steps_count_on(pipeline: MotionPipeline) -> None:
    first, second = walk()[:60], walk()[60:100]
    steps: list[tuple[int, int]] = []
    made = assemble(
        pipeline,
        [new(50), first, new(60), second, new(44)],
        SETTINGS,
        on_step=lambda *told: steps.append(told),
    )
    assert made.shape == (2, 50 + 60 + 60 + 40 + 44, 263)
    for sample in made:
        assert torch.equal(sample[50:110], first)
        assert torch.equal(sample[170:210], second)
    assert steps == [(number + 1, 12) for number in range(12)]


def test_round_a_loop_the_way_arrives_and_frames_stay_in_their_places(
    pipeline: MotionPipeline,
) -> None:
    kept = walk()[:80]
    arrival = Arrival(0.5, (0.2, 1.0))
    made = assemble(pipeline, [new(40, arrival), kept], SETTINGS, cyclic=True)
    for sample in made:
        assert torch.equal(sample[40:], kept)
        turn, place = HUMANML3D.way.arrival(sample[:40].double())
        assert turn == pytest.approx(0.5, abs=1e-3)
        assert place == pytest.approx((0.2, 1.0), abs=1e-3)


def test_a_loop_of_which_nothing_is_kept_is_refused(pipeline: MotionPipeline) -> None:
    with pytest.raises(ValueError, match="make it anew"):
        assemble(pipeline, [new(40)], SETTINGS, cyclic=True)
