"""Statistics: there and back, tiny deviations, and groups that make none."""

import pytest
import torch

from mdm_adapter.models.kimodo.statistics import EPSILON, GROUPS, Statistics


def groups(width: int = 20) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    sizes = {"global_root": 5, "local_root": 4, "body": width - 5}
    return {
        name: (torch.randn(size, generator=generator), torch.rand(size, generator=generator))
        for name, size in sizes.items()
    }


def test_there_and_back() -> None:
    given = groups()
    statistics = Statistics.of_groups(given)
    assert statistics.width == 20
    x = torch.randn(2, 7, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.allclose(statistics.undo(statistics.apply(x)), x, atol=1e-6)
    assert torch.equal(statistics.apply(x)[..., :5], statistics.apply(x[..., :5]))
    assert torch.equal(statistics.undo(x)[..., :5], statistics.undo(x[..., :5]))
    mean, std = given["body"]
    wanted = (x[..., 5:] - mean) / (std**2 + EPSILON).sqrt()
    assert torch.allclose(statistics.apply(x)[..., 5:], wanted.double(), atol=1e-6)
    local = torch.randn(3, 4)
    mean, std = given["local_root"]
    assert torch.allclose(statistics.apply_local(local), (local - mean) / (std**2 + EPSILON).sqrt())


def test_a_deviation_of_nothing_does_no_harm() -> None:
    given = groups()
    given["body"][1][3] = 0.0
    statistics = Statistics.of_groups(given)
    assert float(statistics.scale[8]) == pytest.approx(EPSILON**0.5)
    assert torch.isfinite(statistics.apply(torch.ones(20))).all()


def test_groups_that_are_none() -> None:
    assert set(groups()) == set(GROUPS)
    without = {name: pair for name, pair in groups().items() if name != "local_root"}
    with pytest.raises(ValueError, match="lack the group local_root"):
        Statistics.of_groups(without)
    wrong = groups() | {"global_root": (torch.zeros(6), torch.ones(6))}
    with pytest.raises(ValueError, match="global_root has 6 channels, not 5"):
        Statistics.of_groups(wrong)
    wrong = groups() | {"body": (torch.zeros(15), -torch.ones(15))}
    with pytest.raises(ValueError, match="deviations below 0"):
        Statistics.of_groups(wrong)
    wrong = groups() | {"body": (torch.zeros(15), torch.ones(14))}
    with pytest.raises(ValueError, match=r"mean of shape \[15\] and a std of \[14\]"):
        Statistics.of_groups(wrong)
