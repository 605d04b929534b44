"""How the largest value that trains moves with size."""

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import Measured, slope_weights, weighted_sum
from depthtransfer.analysis.transfer import AXES


def stability(optima: pd.DataFrame, over: str = "depth", *, level: float = 0.95) -> pd.DataFrame:
    """Slope of the largest stable value over size.

    The boundary lies within the grid step above the largest value at which no run diverged; where nothing
    diverged that value bounds it from below, where something diverged everywhere the grid's end bounds it from
    above. In a slope the half step cancels, its scatter (step / sqrt 12) does not.

    Args:
        optima: table made by ``depthtransfer.analysis.optima``.
        over: "depth" or "width".
        level: of the intervals.

    Returns:
        One row per group, sorted: hyperparameter, scheme, over, fixed (the size held fixed), sizes, slope with
        slope_low, slope_high, slope_bound.
    """
    rows = []
    for (hyperparameter, scheme, size), group in optima.groupby(["hyperparameter", "scheme", AXES[over]], sort=True):
        ordered = group.sort_values(over)
        slope = weighted_sum(_boundaries(ordered), slope_weights(ordered[over].tolist()))
        low, high = slope.interval(level)
        rows.append(
            {
                "hyperparameter": hyperparameter,
                "scheme": scheme,
                "over": over,
                "fixed": size,
                "sizes": len(ordered),
                "slope": slope.value,
                "slope_low": low,
                "slope_high": high,
                "slope_bound": slope.bound,
            }
        )
    return pd.DataFrame(rows)


def _boundaries(optima: pd.DataFrame) -> list[Measured]:
    columns = ["largest_stable", "smallest_diverged", "grid_low", "grid_step"]
    found = []
    for stable, diverged, lowest, step in optima[columns].to_numpy(dtype=float):
        if np.isnan(stable):
            found.append(Measured(float(lowest), 0.0, float("inf"), "at_most"))
        elif np.isnan(diverged):
            found.append(Measured(float(stable), 0.0, float("inf"), "at_least"))
        else:
            found.append(Measured(float(stable), float(step) / np.sqrt(12.0)))
    return found
