"""Windows of a longer motion: carried into their own frame and back, exactly, clean and noisy alike."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kimodo_toys import VARIANTS, arrays, skeleton, statistics_of, toy_statistics

from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.skeletons import SOMA30
from mdm_adapter.models.kimodo.windows import Origin, moved, turned


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_windows(variant: str) -> None:
    data = arrays(f"kimodo_window_{variant}.npz")
    a, b = int(data["a"]), int(data["b"])
    statistics, representation = statistics_of(data), Representation(skeleton(variant))
    long = data["features"].double()
    origin = Origin.of(long[a][None])
    assert (origin.ground[0] - data["window_first_xz"]).abs().max() < 1e-5
    apart = float(origin.heading[0] - data["window_first_heading"])
    assert math.remainder(apart, 2 * math.pi) == pytest.approx(0, abs=1e-5)
    clean = statistics.apply(long)[None, a:b]
    window = moved(clean, -origin.ground, statistics)
    assert (statistics.undo(window)[0] - data["window_translated"]).abs().max() < 1e-4
    shift = moved(torch.zeros(1, 1, representation.width).double(), -origin.ground, statistics)[0, 0]
    assert (shift + data["normalized_shift"]).abs().max() < 1e-6
    angle, ground = data["rigid_angle"][None], data["rigid_translation_xz"][None]
    about = turned(clean, angle, ground, representation, statistics)
    assert (statistics.undo(about)[0] - data["window_canonical"]).abs().max() < 1e-4
    zero = torch.zeros(1, 1, representation.width).double()
    assert (
        turned(zero, angle, ground, representation, statistics)[0, 0] - data["rigid_b"]
    ).abs().max() < 1e-5
    for number, squared in enumerate(data["alpha_bar"].tolist()):
        signal, noise = math.sqrt(squared), math.sqrt(1 - squared)
        noisy = signal * clean + noise * data["eps"][number]
        there = moved(noisy, -origin.ground, statistics, signal=signal)
        assert (there[0] - data["x_t_window_translated"][number]).abs().max() < 1e-4
        about = turned(noisy, angle, ground, representation, statistics, signal=signal)
        assert (about[0] - data["x_t_window_canonical"][number]).abs().max() < 1e-4


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(0.001, 1.0), st.integers(0, 100))
def test_noise_is_untouched_and_the_way_back_is_exact(x: float, z: float, signal: float, seed: int) -> None:
    statistics = toy_statistics()
    generator = torch.Generator().manual_seed(seed)
    clean = torch.randn(1, 6, 369, generator=generator, dtype=torch.float64)
    noise = torch.randn(1, 6, 369, generator=generator, dtype=torch.float64)
    ground = torch.tensor([[x, z]], dtype=torch.float64)
    noisy = signal * clean + math.sqrt(1 - signal**2) * noise
    window = moved(noisy, -ground, statistics, signal=signal)
    wanted = signal * moved(clean, -ground, statistics) + math.sqrt(1 - signal**2) * noise
    assert torch.allclose(window, wanted, atol=1e-12)
    assert torch.allclose(moved(window, ground, statistics, signal=signal), noisy, atol=1e-12)
    metres = statistics.undo(moved(clean, ground, statistics)) - statistics.undo(clean)
    assert torch.allclose(metres[..., [0, 2]], ground.expand(1, 6, 2), atol=1e-9)
    assert torch.allclose(metres[..., [1, *range(3, 369)]], torch.zeros(1, 6, 367).double(), atol=1e-9)


def test_turns_act_on_the_signal_as_on_the_body() -> None:
    statistics, representation = toy_statistics(), Representation(SOMA30)
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(2, 6, 369, generator=generator, dtype=torch.float64)
    angle, ground = torch.tensor([0.7, -2.0]).double(), torch.tensor([[1.0, 2.0], [-3.0, 0.5]]).double()
    found = statistics.undo(turned(clean, angle, ground, representation, statistics))
    body = representation.rotated(statistics.undo(clean), angle)
    assert torch.allclose(found, representation.translated(body, ground), atol=1e-6)
    nowhere = torch.zeros_like(ground)
    about = turned(clean, angle, nowhere, representation, statistics)
    back = turned(about, -angle, nowhere, representation, statistics)
    assert torch.allclose(back, clean, atol=1e-9)


def test_origins() -> None:
    frame = torch.zeros(2, 9).double()
    frame[:, 0], frame[:, 2] = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 4.0])
    frame[0, 3], frame[1, 4] = 0.2, -3.0
    origin = Origin.of(frame)
    assert torch.equal(origin.ground, torch.tensor([[1.0, -1.0], [2.0, 4.0]]).double())
    assert torch.allclose(origin.heading, torch.tensor([0.0, -math.pi / 2]).double())
    same = Origin.at(3, ground=(1.0, 2.0), heading=0.5)
    assert same.ground.tolist() == [[1.0, 2.0]] * 3
    assert same.heading.tolist() == [0.5] * 3
