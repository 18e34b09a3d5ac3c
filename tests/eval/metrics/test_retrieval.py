import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import golden

from eval.metrics.retrieval import (
    distance_matrix,
    distinct_pools,
    multimodal_distance,
    r_precision,
    sequential_pools,
)

FIXTURE = np.load(golden("metrics_t2m.npz"))


def test_distances_match_the_reference() -> None:
    distances = distance_matrix(
        FIXTURE["text_emb"][:32].astype(float), FIXTURE["motion_emb"][:32].astype(float)
    )
    np.testing.assert_allclose(distances, FIXTURE["dist_first_batch"], rtol=1e-6)


@pytest.mark.parametrize("ties", ["expected", "optimistic", "pessimistic"])
def test_r_precision_matches_the_reference(ties) -> None:
    result = r_precision(FIXTURE["text_emb"], FIXTURE["motion_emb"], ties=ties)
    np.testing.assert_allclose([m.value for m in result.top], FIXTURE["r_precision"], rtol=1e-12)
    counts = [(result.ranks < k).sum() for k in (1, 2, 3)]
    assert counts == FIXTURE["topk_counts"].tolist()
    first = [(result.ranks[:32] < k).sum() for k in (1, 2, 3)]
    assert first == FIXTURE["r_precision_fn_first_batch"].tolist()
    assert [m.name for m in result.metrics()] == [f"r_precision_top{k}" for k in (1, 2, 3)]
    assert {m.direction for m in result.metrics()} == {"higher"}


def test_multimodal_distance_matches_the_reference() -> None:
    value = multimodal_distance(FIXTURE["text_emb"], FIXTURE["motion_emb"]).value
    np.testing.assert_allclose(value, FIXTURE["matching_score_trace"], rtol=1e-6)
    np.testing.assert_allclose(value, FIXTURE["matching_score_fn"], rtol=1e-6)


def test_random_embeddings_score_at_chance() -> None:
    rng = np.random.default_rng(0)
    text, motion = rng.normal(size=(2, 32 * 400, 8))
    for k, metric in enumerate(r_precision(text, motion).top, 1):
        # 12,800 queries: a standard deviation of 0.0026 at most
        assert abs(metric.value - k / 32) < 0.01
        assert metric.details["chance"] == k / 32


def test_perfect_embeddings_score_one_and_have_no_distance() -> None:
    points = np.random.default_rng(1).normal(size=(64, 5))
    assert [m.value for m in r_precision(points, points).top] == [1.0, 1.0, 1.0]
    assert multimodal_distance(points, points).value == 0.0


def test_a_collapsed_encoder_scores_as_the_ties_are_counted() -> None:
    points = np.ones((64, 5))
    expected = [m.value for m in r_precision(points, points).top]
    np.testing.assert_allclose(expected, [1 / 32, 2 / 32, 3 / 32])
    assert [m.value for m in r_precision(points, points, ties="optimistic").top] == [1, 1, 1]
    assert [m.value for m in r_precision(points, points, ties="pessimistic").top] == [0, 0, 0]
    assert r_precision(points, points).top[0].details["tied_queries"] == 64
    with pytest.raises(ValueError, match="ties"):
        r_precision(points, points, ties="whatever")  # type: ignore[arg-type]


def test_the_incomplete_pool_is_explicit() -> None:
    points = np.random.default_rng(2).normal(size=(70, 5))
    dropped = r_precision(points, points)
    assert dropped.dropped == 6
    assert dropped.top[0].count == 64
    kept = r_precision(points, points, incomplete="keep")
    assert kept.dropped == 0
    assert kept.top[0].count == 70
    assert kept.top[0].details["pool"] == "6/32"
    with pytest.raises(ValueError, match="70 samples"):
        r_precision(points, points, incomplete="error")
    with pytest.raises(ValueError, match="fill no pool"):
        r_precision(points[:10], points[:10])
    with pytest.raises(ValueError, match="at least one"):
        sequential_pools(5, 0)


def test_multimodal_distance_of_complete_pools_only() -> None:
    text, motion = np.zeros((33, 2)), np.zeros((33, 2))
    motion[32] = 100.0
    assert multimodal_distance(text, motion, indices=np.concatenate(sequential_pools(33))).value == 0.0
    with pytest.raises(ValueError, match="no pair"):
        multimodal_distance(text[:0], motion[:0])


@given(st.lists(st.integers(0, 12), min_size=8, max_size=120), st.integers(0, 5))
def test_distinct_pools_hold_distinct_labels(labels, seed) -> None:
    if len(set(labels)) < 4:
        with pytest.raises(ValueError, match="distinct labels"):
            distinct_pools(labels, 4, np.random.default_rng(seed))
        return
    pools = distinct_pools(labels, 4, np.random.default_rng(seed))
    used = np.concatenate(pools)
    assert len(used) == len(set(used.tolist()))
    for pool in pools:
        assert len(pool) == len({labels[i] for i in pool}) == 4
    # no more pools were possible
    counts = np.unique(labels, return_counts=True)[1]
    more = len(pools) + 1
    assert np.minimum(counts, more).sum() < 4 * more


def test_distinct_pools_are_drawn_by_the_generator() -> None:
    labels = np.arange(100) % 50
    first, again, other = (distinct_pools(labels, 32, np.random.default_rng(s)) for s in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(first, again))
    assert any((a != b).any() for a, b in zip(first, other))


def test_pools_do_not_mix_frequent_labels_only() -> None:
    # two labels are in every pool at most once although they are half of the samples
    labels = ["often"] * 30 + ["also often"] * 30 + [f"rare {i}" for i in range(60)]
    pools = distinct_pools(labels, 6, np.random.default_rng(0))
    assert len(pools) == 15
    assert all(sum(labels[i] == "often" for i in pool) <= 1 for pool in pools)


def test_any_motion_of_the_group_is_a_right_answer() -> None:
    texts = np.array([[0.0], [1.0], [2.0], [3.0]])
    motions = np.array([[1.1], [0.1], [9.0], [3.1]])  # the first two answer each other's texts
    alone = r_precision(texts, motions, pool=4)
    assert [m.value for m in alone.top] == pytest.approx([0.25, 0.75, 0.75])
    assert [m.details["chance"] for m in alone.top] == pytest.approx([0.25, 0.5, 0.75])
    together = r_precision(texts, motions, pool=4, groups=["walk", "walk", "sit", "run"])
    assert [m.value for m in together.top] == pytest.approx([0.75, 0.75, 0.75])
    # Two of four are right for two queries, one for the others: (1/2 + 1/2 + 1/4 + 1/4) / 4.
    assert [m.details["chance"] for m in together.top] == pytest.approx(
        [0.375, (5 / 6 * 2 + 0.5 * 2) / 4, (1 + 1 + 0.75 + 0.75) / 4]
    )
    assert together.top[0].details["right_answers"] == "all of the same group in the pool"
    # Right ones that are equally near do not spoil each other; wrong ones do.
    same = r_precision(np.zeros((3, 1)), np.zeros((3, 1)), pool=3, groups=["a", "a", "b"], top=1)
    assert same.top[0].value == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)


def test_a_pool_stands_for_the_samples_that_it_left_out() -> None:
    texts = np.array([[0.0], [5.0], [0.0], [5.0]])
    motions = np.array([[0.1], [9.0], [4.0], [9.0]])
    pools = [np.array([0, 1]), np.array([2])]
    plain = r_precision(texts, motions, pools=pools, top=1)
    assert plain.top[0].value == pytest.approx(1.0)
    wrong = r_precision(texts[[0, 1, 0, 1]], motions[[1, 0, 0, 1]], pools=pools, top=1, stands_for=[2, 2])
    # Pool 1 misses both, pool 2 hits its only one: each stands for two of four.
    assert wrong.top[0].value == pytest.approx(0.5)
    with pytest.raises(ValueError, match="1 numbers say what 2 pools stand for"):
        r_precision(texts, motions, pools=pools, stands_for=[4])
