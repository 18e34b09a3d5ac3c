import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import golden
from scipy.linalg import sqrtm

from eval.metrics.distribution import (
    diversity,
    fid,
    frechet_distance,
    gaussian_from_embeddings,
    gaussian_from_moments,
    kid,
    multimodality,
)

FIXTURE = np.load(golden("metrics_t2m.npz"))


def test_statistics_match_the_reference() -> None:
    for name, suffix in (("gt_emb", "_gt"), ("motion_emb", "")):
        statistics = gaussian_from_embeddings(FIXTURE[name])
        np.testing.assert_allclose(statistics.mean, FIXTURE["mu" + suffix], rtol=1e-5)  # reference is float32
        np.testing.assert_allclose(statistics.covariance, FIXTURE["cov" + suffix], rtol=1e-6, atol=1e-9)


def test_fid_matches_the_reference() -> None:
    metric = fid(FIXTURE["gt_emb"], FIXTURE["motion_emb"])
    np.testing.assert_allclose(metric.value, FIXTURE["fid"], rtol=1e-6)
    assert metric.direction == "lower"
    assert fid(FIXTURE["gt_emb"], FIXTURE["gt_emb"]).value == pytest.approx(0.0, abs=1e-9)
    given_moments = [
        gaussian_from_moments(FIXTURE["mu" + s].astype(float), FIXTURE["cov" + s]) for s in ("_gt", "")
    ]
    np.testing.assert_allclose(frechet_distance(*given_moments), FIXTURE["fid"], rtol=1e-6)


def test_fid_of_commuting_gaussians_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    first, second = rng.uniform(0.1, 4.0, size=(2, 6))
    mean = rng.normal(size=6)
    expected = mean @ mean + np.square(np.sqrt(first) - np.sqrt(second)).sum()
    a = gaussian_from_moments(np.zeros(6), basis * first @ basis.T)
    b = gaussian_from_moments(mean, basis * second @ basis.T)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


def test_fid_agrees_with_the_matrix_square_root() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 7)) @ rng.normal(size=(7, 7)), rng.normal(size=(150, 7)) + 0.3
    cx, cy = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(cx + cy - 2 * sqrtm(cx @ cy).real)
    assert fid(x, y).value == pytest.approx(expected, rel=1e-9)


def test_singular_covariances_need_no_jitter() -> None:
    rng = np.random.default_rng(2)
    # 10 samples in 64 dimensions: rank 9; a shift is all that separates the two sets
    x = rng.normal(size=(10, 64))
    assert fid(x, x + 2.0).value == pytest.approx(4.0 * 64, rel=1e-12)
    assert fid(x, x).value == pytest.approx(0.0, abs=1e-12)
    # supports at right angles: tr C1 + tr C2
    a = gaussian_from_moments(np.zeros(2), np.diag([3.0, 0.0]))
    b = gaussian_from_moments(np.zeros(2), np.diag([0.0, 5.0]))
    assert frechet_distance(a, b) == pytest.approx(8.0)
    # one point mass
    point = gaussian_from_embeddings(np.ones((3, 2)))
    assert frechet_distance(point, a) == pytest.approx(2.0 + 3.0)


@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 20), st.integers(0, 100))
def test_fid_is_symmetric_and_never_negative(n, m, width, seed) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, width)), rng.normal(size=(m, width))
    assert fid(x, y).value >= 0.0
    assert fid(x, y).value == pytest.approx(fid(y, x).value, rel=1e-9, abs=1e-9)


def test_bad_statistics_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 samples"):
        fid(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="width 3 and 4"):
        fid(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="below zero"):
        gaussian_from_moments(np.zeros(2), np.diag([1.0, -1.0]))
    with pytest.raises(ValueError, match="does not fit"):
        gaussian_from_moments(np.zeros(3), np.eye(2))
    with pytest.raises(ValueError, match="NaN"):
        fid(np.full((5, 3), np.nan), np.zeros((5, 3)))


def test_kid_is_unbiased() -> None:
    rng = np.random.default_rng(3)
    values = np.array([kid(*rng.normal(size=(2, 12, 4))).value for _ in range(2000)])
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean()) < 4 * error
    assert (values < 0).any()  # the price of being unbiased
    # and does not depend on the number of samples when the distributions differ
    means = [
        np.mean([kid(rng.normal(size=(n, 2)), rng.normal(1.0, 1.0, size=(n, 2))).value for _ in range(1500)])
        for n in (6, 24)
    ]
    assert means[0] == pytest.approx(means[1], rel=0.1)


def test_kid_of_two_points_is_the_closed_form() -> None:
    # all x at 0 (kernel 1), all y at c: kernel (c^2 + 1)^3 within, 1 across
    x, y = np.zeros((5, 1)), np.full((7, 1), 2.0)
    assert kid(x, y).value == pytest.approx(1.0 + 125.0 - 2.0)


def test_kid_over_subsets() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(300, 4)), rng.normal(0.5, 1.0, size=(200, 4))
    metric = kid(x, y, subsets=50, subset_size=100, rng=np.random.default_rng(0))
    assert metric.value == pytest.approx(kid(x, y).value, rel=0.2)
    assert metric.details["subset_std"] > 0
    with pytest.raises(ValueError, match="rng"):
        kid(x, y, subsets=3)
    with pytest.raises(ValueError, match="at least 2"):
        kid(x[:1], y)
    with pytest.raises(ValueError, match="cannot be compared"):
        kid(x, y[:, :2])


def test_diversity_and_multimodality_match_the_reference() -> None:
    value = diversity(
        FIXTURE["motion_emb"], first=FIXTURE["diversity_idx1"], second=FIXTURE["diversity_idx2"]
    )
    np.testing.assert_allclose(value.value, FIXTURE["diversity"], rtol=1e-6)
    value = multimodality(FIXTURE["mm_emb"], first=FIXTURE["mm_idx1"], second=FIXTURE["mm_idx2"])
    np.testing.assert_allclose(value.value, FIXTURE["multimodality"], rtol=1e-6)
    assert value.direction == "matching real"


def test_diversity_of_a_normal_distribution_is_the_closed_form() -> None:
    rng, width, sigma = np.random.default_rng(5), 16, 1.5
    points = rng.normal(0.0, sigma, size=(40_000, width))
    expected = 2 * sigma * math.gamma((width + 1) / 2) / math.gamma(width / 2)
    metric = diversity(points, pairs=40_000, rng=rng)
    assert metric.value == pytest.approx(expected, rel=0.01)
    grouped = points.reshape(200, 200, width)
    assert multimodality(grouped, pairs=200, rng=rng).value == pytest.approx(expected, rel=0.02)


def test_multimodality_sees_only_the_spread_within_a_text() -> None:
    rng = np.random.default_rng(6)
    points = np.repeat(rng.normal(size=(20, 1, 4)) * 100, 30, axis=1)
    assert multimodality(points, rng=rng).value == 0.0


def test_pairs_must_be_drawable() -> None:
    with pytest.raises(ValueError, match="pass pairs=10"):
        diversity(np.zeros((10, 2)), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="pass rng"):
        diversity(np.zeros((400, 2)))
    with pytest.raises(ValueError, match="both"):
        diversity(np.zeros((400, 2)), first=np.arange(3))
    with pytest.raises(ValueError, match="same length"):
        diversity(np.zeros((400, 2)), first=np.arange(3), second=np.arange(4))
