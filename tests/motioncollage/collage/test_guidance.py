"""Classifier-free guidance as weights, passes that are skipped, and guidance in a limited interval."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from motioncollage.collage.denoiser import NoiseLevel, PerSample, spread
from motioncollage.collage.guidance import Conditioned, Guidance, LimitedGuidance, weighted_conditions

LEVEL = NoiseLevel(0.6, 0.8, 500.0)


class Recorder:
    """Predicts its condition's number, 0 for the null token, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[object]] = []

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[float | None]) -> Tensor:
        self.asked.append(list(conditions))
        return torch.tensor([0.0 if c is None else c for c in conditions])[:, None].expand_as(x)


@pytest.mark.parametrize(
    ("condition", "scale", "expected"),
    [
        (3.0, 2.5, [(3.0, 2.5), (None, -1.5)]),
        (3.0, 1.0, [(3.0, 1.0)]),
        (3.0, 0.0, [(None, 1.0)]),
        (None, 2.5, [(None, 1.0)]),
    ],
)
def test_passes_that_cancel_are_left_out(
    condition: float | None, scale: float, expected: list[tuple[float | None, float]]
) -> None:
    assert weighted_conditions(condition, scale) == expected


def test_guidance_moves_away_from_the_null_prediction() -> None:
    out = Conditioned(Recorder(), 3.0, 2.5)(torch.zeros(2, 4), LEVEL)
    assert torch.equal(out, torch.full((2, 4), 7.5))


def test_samples_of_a_batch_may_differ() -> None:
    recorder = Recorder()
    out = Conditioned(recorder, PerSample((1.0, None, 2.0)), 2.0)(torch.zeros(3, 1), LEVEL)
    assert out.flatten().tolist() == [2.0, 0.0, 4.0]
    assert recorder.asked == [[1.0, None, 2.0], [None, None, None]]
    assert spread(5.0, 2) == [5.0, 5.0]
    with pytest.raises(ValueError, match="3 conditions for a batch of 2 samples"):
        spread(PerSample((1.0, 2.0, 3.0)), 2)


def test_another_guidance_at_the_noisiest_levels() -> None:
    recorder = Recorder()
    composed = Guidance(2.5, limit=2.0, above=1.0).compose(lambda scale: Conditioned(recorder, 3.0, scale))
    assert isinstance(composed, LimitedGuidance)
    noisy, fair = NoiseLevel(0.1, 0.995, 900.0), NoiseLevel(0.8, 0.6, 300.0)
    assert float(composed(torch.zeros(1, 1), noisy)) == 3.0
    # Without guidance there is no null pass either.
    assert len(recorder.asked) == 1
    assert float(composed(torch.zeros(1, 1), fair)) == 7.5
    assert len(recorder.asked) == 3


def test_one_scale_throughout() -> None:
    for guidance in (Guidance(2.5), Guidance(2.5, limit=2.0, above=2.5)):
        assert isinstance(guidance.compose(lambda s: Conditioned(Recorder(), 3.0, s)), Conditioned)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit": 0.0}, "guidance limit is 0"),
        ({"limit": math.nan}, "guidance limit is nan"),
        ({"scale": math.inf}, "guidance scale is inf"),
        ({"above": math.nan}, "guidance above is nan"),
    ],
)
def test_guidance_that_makes_no_sense(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Guidance(**changes)


def test_a_condition_with_its_own_scale() -> None:
    guidance = Guidance(2.5, limit=2.0, above=1.5)
    assert guidance.own(2.5, None) == 2.5
    assert guidance.own(2.5, 4.0) == 4.0
    # At the highest noise all go down alike, and no guidance stays none.
    assert guidance.own(1.5, None) == 1.5
    assert guidance.own(1.5, 4.0) == 2.0
    assert guidance.own(1.5, 1.0) == guidance.own(2.5, 1.0) == 1.0
    assert Guidance(1.0).own(1.0, 4.0) == 4.0
