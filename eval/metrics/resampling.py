"""Statistics of all repetitions together, with their error, for metrics that small samples bias."""

from collections.abc import Callable, Sequence

import numpy as np

from eval.metrics.metric import Float64


def jackknife(statistic: Callable[[Sequence[int]], float], count: int) -> Float64:
    """Pseudo-values n s - (n - 1) s_i, where s_i leaves out group i (Tukey 1958).

    Their mean is the statistic without its bias of order 1 / n (Quenouille 1956), their standard deviation over
    sqrt(n) its standard error, also where the members of a group depend on each other.

    Args:
        statistic: of the groups with the given numbers.
        count: of groups, at least 2.

    Returns:
        [count] pseudo-values.

    Raises:
        ValueError: fewer than 2 groups.
    """
    if count < 2:
        raise ValueError(f"{count} groups leave nothing when one is left out; give at least 2")
    everything = statistic(range(count))
    without = [statistic([j for j in range(count) if j != i]) for i in range(count)]
    return count * everything - (count - 1) * np.asarray(without, dtype=np.float64)
