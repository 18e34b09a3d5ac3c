"""Are the motions distributed like real ones? FID, KID, diversity and multimodality on embeddings [N, D]."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.metrics.metric import Float64, Indices, Metric, to_float64

FID_SOURCE = "Heusel et al. 2017"
KID_SOURCE = "Binkowski et al. 2018, cubic kernel (x.y/D + 1)^3, unbiased"
DIVERSITY_SOURCE = "Guo et al. 2020 (Action2Motion), two independent draws as in HumanML3D"
MULTIMODALITY_SOURCE = "Guo et al. 2020 (Action2Motion), one draw of pairs for all texts as in HumanML3D"


@dataclass(frozen=True)
class GaussianStatistics:
    """A Gaussian by its mean [D] and a factor F [R, D] of its covariance: covariance = F^T F.

    The factor, not the covariance, is kept: squaring data into a covariance loses half the digits of the
    small directions, and those are what a singular covariance is made of. count: samples it was measured on,
    0 if given.
    """

    mean: Float64
    factor: Float64
    count: int

    @property
    def covariance(self) -> Float64:
        """[D, D], the unbiased estimate (division by N - 1) where measured."""
        return self.factor.T @ self.factor


def gaussian_from_embeddings(embeddings: Any) -> GaussianStatistics:
    """Mean and covariance factor of embeddings [N, D], N at least 2."""
    data = to_float64(embeddings, "embeddings", 2)
    if len(data) < 2:
        raise ValueError(f"a covariance needs at least 2 samples, there are {len(data)}")
    mean = data.mean(axis=0)
    centred = (data - mean) / np.sqrt(len(data) - 1)
    # a tall matrix and the R of its QR decomposition have the same F^T F
    factor: Float64 = centred
    if len(centred) > centred.shape[1]:
        factor = np.asarray(np.linalg.qr(centred, mode="r"))
    return GaussianStatistics(mean, factor, len(data))


def gaussian_from_moments(mean: Any, covariance: Any, count: int = 0) -> GaussianStatistics:
    """A Gaussian from its mean [D] and covariance [D, D], positive semi-definite up to rounding."""
    mean, covariance = to_float64(mean, "mean", 1), to_float64(covariance, "covariance", 2)
    if covariance.shape != (len(mean), len(mean)):
        raise ValueError(f"covariance {covariance.shape} does not fit a mean of width {len(mean)}")
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    if values[0] < -1e-6 * max(values[-1], 1e-300):
        raise ValueError(f"covariance has eigenvalue {values[0]:.3g} below zero (largest {values[-1]:.3g})")
    return GaussianStatistics(mean, np.sqrt(np.clip(values, 0.0, None))[:, None] * vectors.T, count)


def frechet_distance(first: GaussianStatistics, second: GaussianStatistics) -> float:
    """Squared Frechet distance |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two Gaussians.

    With C = F^T F, tr (C1 C2)^(1/2) is the sum of the singular values of F1 F2^T. No matrix square root is
    taken, so nothing special happens when a covariance is singular: fewer samples than dimensions need no
    jitter.
    """
    if first.mean.shape != second.mean.shape:
        raise ValueError(f"embeddings of width {len(first.mean)} and {len(second.mean)} cannot be compared")
    cross = np.linalg.svd(first.factor @ second.factor.T, compute_uv=False).sum()
    spread = np.square(first.factor).sum() + np.square(second.factor).sum() - 2.0 * cross
    # the distance cannot be negative; rounding can make it -1e-13
    return max(float(np.square(first.mean - second.mean).sum() + spread), 0.0)


def fid(real: Any, generated: Any) -> Metric:
    """Frechet distance of the Gaussians fitted to two sets of embeddings; lower is better.

    Biased upward for small sets, by more the fewer samples: compare only at equal counts, and see `kid`.

    Args:
        real: [N, D], or `GaussianStatistics` measured before.
        generated: [M, D], or `GaussianStatistics`.
    """
    a = real if isinstance(real, GaussianStatistics) else gaussian_from_embeddings(real)
    b = generated if isinstance(generated, GaussianStatistics) else gaussian_from_embeddings(generated)
    details = {"real_count": a.count, "generated_count": b.count}
    return Metric("fid", frechet_distance(a, b), "embedding^2", "lower", FID_SOURCE, b.count, details)


def kid(
    real: Any,
    generated: Any,
    *,
    subsets: int = 0,
    subset_size: int = 100,
    rng: np.random.Generator | None = None,
) -> Metric:
    """Unbiased squared maximum mean discrepancy; lower is better, 0 in expectation for equal distributions.

    Being unbiased it can fall below zero, and its size does not depend on the number of samples.

    Args:
        real: [N, D], N at least 2.
        generated: [M, D].
        subsets: 0 uses all samples once; otherwise the mean over this many random subsets, the common form, whose
            standard deviation goes to details["subset_std"].
        subset_size: samples of each set in a subset.
        rng: needed with subsets.
    """
    x, y = to_float64(real, "real embeddings", 2), to_float64(generated, "generated embeddings", 2)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"embeddings of width {x.shape[1]} and {y.shape[1]} cannot be compared")
    if not subsets:
        value, details = _mmd2_unbiased(x, y), {"subsets": 0}
        return Metric("kid", value, "1", "lower", KID_SOURCE, len(y), details)
    if rng is None:
        raise ValueError("subsets are drawn at random: pass rng")
    size = min(subset_size, len(x), len(y))
    values = [
        _mmd2_unbiased(x[rng.choice(len(x), size, replace=False)], y[rng.choice(len(y), size, replace=False)])
        for _ in range(subsets)
    ]
    spread: dict[str, float | int | str] = {
        "subsets": subsets,
        "subset_size": size,
        "subset_std": float(np.std(values)),
    }
    return Metric("kid", float(np.mean(values)), "1", "lower", KID_SOURCE, len(y), spread)


def diversity(
    embeddings: Any,
    *,
    pairs: int = 300,
    rng: np.random.Generator | None = None,
    first: Indices | None = None,
    second: Indices | None = None,
) -> Metric:
    """Mean distance of random pairs; the value of real motion is the aim.

    Args:
        embeddings: [N, D].
        pairs: drawn without repetition inside each of two independent draws, so a sample may meet itself.
        rng: draws the pairs.
        first: [pairs] indices drawn elsewhere, with `second`, instead of rng.
        second: [pairs].
    """
    data = to_float64(embeddings, "embeddings", 2)
    a, b = _draw(len(data), pairs, rng, first, second, "samples")
    distances = np.linalg.norm(data[a] - data[b], axis=1)
    return Metric(
        "diversity",
        float(distances.mean()),
        "embedding",
        "matching real",
        DIVERSITY_SOURCE,
        len(distances),
        {"pairs": len(distances), "samples": len(data)},
    )


def multimodality(
    embeddings: Any,
    *,
    pairs: int = 10,
    rng: np.random.Generator | None = None,
    first: Indices | None = None,
    second: Indices | None = None,
) -> Metric:
    """Mean distance of random pairs made from the same text; the value of real motion is the aim.

    Args:
        embeddings: [texts, repeats, D], 100 x 30 officially.
        pairs: pairs of each text; all texts share one draw, as officially.
        rng: draws the pairs.
        first: [pairs] indices of repeats drawn elsewhere, with `second`, instead of rng.
        second: [pairs].
    """
    data = to_float64(embeddings, "embeddings", 3)
    a, b = _draw(data.shape[1], pairs, rng, first, second, "repeats of each text")
    distances = np.linalg.norm(data[:, a] - data[:, b], axis=2)
    return Metric(
        "multimodality",
        float(distances.mean()),
        "embedding",
        "matching real",
        MULTIMODALITY_SOURCE,
        distances.size,
        {"texts": len(data), "repeats": data.shape[1], "pairs": distances.shape[1]},
    )


def _draw(
    count: int,
    pairs: int,
    rng: np.random.Generator | None,
    first: Indices | None,
    second: Indices | None,
    what: str,
) -> tuple[Indices, Indices]:
    """The two index arrays of a set of pairs, given or drawn."""
    if (first is None) != (second is None):
        raise ValueError("pass both index arrays, first and second, or neither")
    if first is not None and second is not None:
        a, b = np.asarray(first), np.asarray(second)
        if a.shape != b.shape or a.ndim != 1:
            raise ValueError(
                f"index arrays must be two lists of the same length, got {a.shape} and {b.shape}"
            )
        return a, b
    if rng is None:
        raise ValueError("pairs are drawn at random: pass rng, or the index arrays first and second")
    if pairs > count:
        raise ValueError(f"{count} {what} are too few for {pairs} pairs; pass pairs={count} or less")
    return rng.choice(count, pairs, replace=False), rng.choice(count, pairs, replace=False)


def _mmd2_unbiased(x: Float64, y: Float64) -> float:
    """U-statistic of the squared maximum mean discrepancy: no sample meets itself."""
    n, m, width = len(x), len(y), x.shape[1]
    if min(n, m) < 2:
        raise ValueError(f"KID needs at least 2 samples of each set, there are {n} and {m}")
    within_x, within_y, across = ((a @ b.T / width + 1.0) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    return float(
        (within_x.sum() - np.trace(within_x)) / (n * (n - 1))
        + (within_y.sum() - np.trace(within_y)) / (m * (m - 1))
        - 2.0 * across.mean()
    )
