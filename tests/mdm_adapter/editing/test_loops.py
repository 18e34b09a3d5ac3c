"""Ways of loops: what is asked of a cycle holds in metres and degrees, as the motion is played."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.loops import loop_report
from mdm_adapter.editing.arrival import Arrival, Arriving, eased
from mdm_adapter.editing.loops import LoopPath, tile
from mdm_adapter.representation import features as representation
from mdm_adapter.representation.humanml3d import HUMANML3D
from mdm_adapter.representation.normalisation import Normalisation
from mdm_adapter.representation.way import PlanarWay
from motioncollage.collage.denoiser import NoiseLevel

WAY = PlanarWay()


def wandering(frames: int, seed: int) -> torch.Tensor:
    """Features of a body in one pose whose root moves and turns at random."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.zeros(1, frames, 263, dtype=torch.float64)
    features[..., :3] = torch.randn(1, frames, 3, generator=generator, dtype=torch.float64) * 0.05
    pose = torch.tensor([[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]], dtype=torch.float64)
    features[..., 4:10] = pose.flatten()
    features[..., 4 + 45 : 4 + 51] = torch.tensor([0.2, 0.5, 0.0, -0.2, 0.5, 0.0])
    return features


def way(features: torch.Tensor) -> tuple[float, float]:
    """Metres and degrees that a cycle ends from where it began, as it is played."""
    joints = representation.to_joints(tile(features, 2, HUMANML3D))[0].numpy()
    report = loop_report(joints, features.shape[1])
    return report.drift.value, report.yaw.value


def arrival(kind: str, turn: float = 360.0) -> Arrival:
    """What a path asks for."""
    found = LoopPath(kind, turn).arrival
    assert found is not None
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 200), st.integers(0, 1000), st.sampled_from([-720.0, -360.0, 360.0, 720.0]))
def test_cycles_end_where_they_should(frames: int, seed: int, turn: float) -> None:
    features = wandering(frames, seed)
    drift, yaw = way(arrival("in-place").project(features, HUMANML3D))
    assert drift < 1e-9
    assert abs(yaw) < 1e-6
    drift, yaw = way(arrival("circular", turn).project(features, HUMANML3D))
    assert drift < 1e-9
    assert abs((yaw - turn + 180) % 360 - 180) < 1e-6
    free, _ = way(features)
    drift, yaw = way(arrival("travelling").project(features, HUMANML3D))
    assert abs(yaw) < 1e-6
    assert drift > 0.01 * free


def test_a_projection_changes_the_way_alone() -> None:
    features = wandering(50, 3)
    path = arrival("circular", 360.0)
    once = path.project(features, HUMANML3D)
    assert torch.allclose(path.project(once, HUMANML3D), once, atol=1e-12)
    # Everything but yaw and way is untouched; a quarter turn does not close, four of them do.
    assert torch.equal(once[..., 3:], features[..., 3:])
    quarter = arrival("circular", 90.0).project(features, HUMANML3D)
    drift, yaw = way(quarter)
    assert drift > 0.1
    assert yaw == pytest.approx(90, abs=1e-6)
    drift, _ = way(tile(quarter, 4, HUMANML3D))
    assert drift < 1e-9


def test_a_denoiser_on_a_path() -> None:
    features = wandering(40, 5).float()
    statistics = Normalisation(torch.full((263,), 0.02), torch.full((263,), 0.5))
    given = statistics.apply(features)
    model = SimpleNamespace(representation=HUMANML3D, normalise=statistics.apply, denormalise=statistics.undo)
    clean = Arriving(lambda x, level: given, arrival("in-place"), model, (0, 40))  # type: ignore[arg-type]
    predicted = statistics.undo(clean(torch.zeros_like(features), NoiseLevel(0.6, 0.8, 500.0)))
    drift, yaw = way(predicted.double())
    assert drift < 1e-4
    assert abs(yaw) < 1e-2


def test_who_stands_still_stays() -> None:
    features = wandering(100, 7)
    features[..., 50:, :3] = 0.0
    led = Arrival(0.0, (0.0, 3.0)).project(features, HUMANML3D)
    _, root = representation.root_motion(torch.cat((led, led[:, -1:]), dim=1))
    assert (root[0, -1, [0, 2]] - torch.tensor([0.0, 3.0])).norm() < 1e-9
    still = (root[0, 60:, [0, 2]] - root[0, 60, [0, 2]]).norm(dim=-1).max()
    assert still < 0.2
    shares = eased(WAY.moving(features))
    assert shares.sum() == pytest.approx(1)
    assert shares[0, 0] < 0.01 * shares.max()


def test_free_loops_arrive_anywhere() -> None:
    assert LoopPath().arrival is None
    assert LoopPath("in-place").seconds == 0.0


def test_turns_that_no_body_makes() -> None:
    way = LoopPath("circular", -720.0)
    assert way.seconds == 8.0
    way.check(2.0)
    LoopPath("travelling", 720.0).check(0.1)
    with pytest.raises(
        ValueError, match=r"-720 degrees in 1\.5 s .* give the cycle at least 2 s, 8\.0 s at an easy"
    ):
        way.check(1.5)


@pytest.mark.parametrize(
    ("kind", "turn", "message"),
    [
        ("round", 360.0, "path 'round' is unknown; choose one of free, in-place, circular, travelling"),
        ("circular", 0.0, "turn is 0 degrees"),
        ("circular", math.nan, "turn is nan degrees"),
        ("circular", 1e6, "turn is 1e\\+06 degrees"),
    ],
)
def test_paths_that_make_no_sense(kind: str, turn: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LoopPath(kind, turn)


def test_tiles() -> None:
    assert np.array_equal(
        tile(torch.arange(6.0).reshape(1, 3, 2), 2, HUMANML3D)[0, 3:], [[0, 1], [2, 3], [4, 5]]
    )
    with pytest.raises(ValueError, match="tile is 0"):
        tile(torch.zeros(1, 3, 2), 0, HUMANML3D)
