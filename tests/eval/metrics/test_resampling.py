"""The jackknife against closed forms."""

import numpy as np
import pytest

from eval.metrics.distribution import frechet_distance, gaussian_from_embeddings
from eval.metrics.resampling import jackknife


def test_pseudo_values_of_a_mean_are_the_values() -> None:
    data = np.random.default_rng(0).standard_normal(9)
    np.testing.assert_allclose(jackknife(lambda groups: float(data[list(groups)].mean()), 9), data)


def test_the_bias_of_a_variance_is_removed() -> None:
    data = np.random.default_rng(1).standard_normal(12)
    pseudo = jackknife(lambda groups: float(data[list(groups)].var()), 12)
    assert pseudo.mean() == pytest.approx(data.var(ddof=1))


def test_the_bias_of_a_frechet_distance_shrinks() -> None:
    rng = np.random.default_rng(2)
    width, groups, each = 24, 10, 40
    real = gaussian_from_embeddings(rng.standard_normal((20_000, width)))
    samples = rng.standard_normal((groups, each, width))

    def distance(chosen: object) -> float:
        return frechet_distance(real, gaussian_from_embeddings(samples[list(chosen)].reshape(-1, width)))  # type: ignore[call-overload]

    alone = np.mean([distance([i]) for i in range(groups)])
    pooled = distance(range(groups))
    corrected = jackknife(distance, groups).mean()
    assert alone > 5 * pooled > 0
    assert abs(corrected) < 0.25 * pooled


def test_one_group_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="1 groups leave nothing when one is left out"):
        jackknife(lambda groups: 0.0, 1)
