"""Standard errors of anything that is computed from several seeds: leave out one seed at a time."""

from collections.abc import Callable, Sequence

import numpy as np

from depthtransfer.analysis.measured import UNKNOWN, Measured


def jackknife(statistic: Callable[[Sequence[int]], float], seeds: Sequence[int]) -> Measured:
    """The statistic of all seeds with its jackknife standard error.

    Args:
        statistic: from the seeds that are kept to a number.
        seeds: all of them; with fewer than three nothing is known.
    """
    if len(seeds) < 3:
        return UNKNOWN
    left_out = np.array([statistic([other for other in seeds if other != seed]) for seed in seeds])
    n = len(seeds)
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    return Measured(statistic(seeds), error, n - 1.0)
