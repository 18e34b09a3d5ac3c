import math

import numpy as np
import pytest
import torch

from eval.metrics.metric import Metric, paired, ratio, to_float64


def test_tensors_of_any_kind_become_float64() -> None:
    for array in ([[1, 2]], np.ones((1, 2), np.float32), torch.ones(1, 2, dtype=torch.bfloat16)):
        assert to_float64(array, "x", 2).dtype == np.float64
    assert to_float64(torch.ones(2, requires_grad=True), "x").tolist() == [1.0, 1.0]


def test_not_finite_is_refused_and_counted() -> None:
    with pytest.raises(ValueError, match="embeddings has 2 values"):
        to_float64([1.0, math.nan, math.inf], "embeddings")


def test_wrong_shapes_name_the_shape() -> None:
    with pytest.raises(ValueError, match=r"\(3,\)"):
        to_float64(np.zeros(3), "x", 2)
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 3\)"):
        paired(np.zeros((2, 3)), np.zeros((3, 3)), "a", "b")


def test_ratio_of_nothing_to_nothing_is_one() -> None:
    assert ratio(0.0, 0.0) == 1.0
    assert ratio(1.0, 0.0) == math.inf
    assert ratio(1.0, 4.0) == 0.25


def test_metric_is_a_number() -> None:
    assert float(Metric("fid", 0.5, "1", "lower", "here", 3)) == 0.5
