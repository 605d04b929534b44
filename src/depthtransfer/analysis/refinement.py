"""Which value to try next for each network whose optimum the runs do not show well enough."""

import numpy as np
import pandas as pd

from depthtransfer.analysis.flags import further_values
from depthtransfer.analysis.optimum import Estimate, estimates, interval

EDGE, WIDE = "edge of the grid", "interval wider than a grid step"


def refinement(
    runs: pd.DataFrame,
    hyperparameter: str = "learning_rate",
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Name one value for each configuration whose optimum lies at the grid's edge or is known worse than a grid step.

    Args:
        runs, hyperparameter, resamples, seed, level: as for ``depthtransfer.analysis.optima``.

    Returns:
        One row per (scheme, width, depth) that needs it, sorted: hyperparameter, scheme, width, depth, value (the one
        that helps most, see ``depthtransfer.analysis.flags``) and reason.

    Raises:
        AnalysisError: as ``depthtransfer.analysis.optima``.
    """
    rows = []
    for estimate in estimates(runs, hyperparameter, resamples=resamples, seed=seed, level=level):
        reason = _reason(estimate, level)
        for value in further_values(estimate, 1) if reason else []:
            sweep = estimate.sweep
            rows.append((hyperparameter, sweep.scheme, sweep.width, sweep.depth, value, reason))
    return pd.DataFrame(rows, columns=["hyperparameter", "scheme", "width", "depth", "value", "reason"])


def _reason(estimate: Estimate, level: float) -> str:
    """Why an optimum needs a further value; empty if it does not."""
    if estimate.edge != "none":
        return EDGE
    low, high = interval(estimate, level)
    wide = not np.isfinite(high - low) or high - low > estimate.sweep.step
    return WIDE if wide else ""
