"""Whether transfer is fast: whether what it costs shrinks sooner than what the small network lacks.

In arXiv 2512.22768 transfer is fast if its suboptimality vanishes faster with scale than the gap between the
finite network's loss and the limit's, and fast transfer is what makes tuning small networks pay. There both are
limits; here the largest network of a sweep stands for the limit.
"""

import numpy as np
import pandas as pd

from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.errors import AnalysisError
from depthtransfer.analysis.measured import slope_weights
from depthtransfer.analysis.optimum import Estimate, estimates
from depthtransfer.analysis.regret import drawn_positions, loss_at
from depthtransfer.analysis.transfer import AXES

READINGS = ("fast", "not_fast", "undecided")


def fast_transfer(
    runs: pd.DataFrame,
    hyperparameter: str = "learning_rate",
    over: str = "depth",
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Cost of transfer to the largest network against the loss gap to it, for each smaller network.

    Returns:
        One row per scheme, size held fixed and source size but the largest: hyperparameter, scheme, over, fixed,
        source, target; gap (best loss of the source less that of the target, nats), cost (loss of the target at
        the source's optimum less its best, nats; inf where it diverges), share (cost / gap) with share_low and
        share_high (percentiles of resamples); and, the same for a group's rows, cost_slope, gap_slope (of their
        logarithms over log of the size, NaN where one of them is not positive or there are fewer than two
        sources) and reading, one of ``READINGS``: "fast" if every share is below 1 for certain and the cost
        falls with a slope below the gap's, "not_fast" if a share is above 1 for certain, else "undecided".

    Raises:
        AnalysisError: as ``depthtransfer.analysis.optima``; also for an axis that is not known.
    """
    if over not in AXES:
        raise AnalysisError(f"cannot follow transfer over '{over}'", f"use {' or '.join(AXES)}")
    found = estimates(runs, hyperparameter, resamples=resamples, seed=seed, level=level)
    fixed = AXES[over]
    groups: dict[tuple[str, int], list[Estimate]] = {}
    for estimate in found:
        if not estimate.all_diverged:
            groups.setdefault((estimate.sweep.scheme, int(getattr(estimate.sweep, fixed))), []).append(estimate)
    rows: list[dict[str, object]] = []
    for (scheme, size), group in sorted(groups.items()):
        sources = [_row(estimate, group[-1], over, seed, level) for estimate in group[:-1]]
        shared = {"hyperparameter": hyperparameter, "scheme": scheme, "over": over, "fixed": size}
        rows += [{**shared, **row, **_reading(sources)} for row in sources]
    return pd.DataFrame(rows)


def _row(source: Estimate, target: Estimate, over: str, seed: int, level: float) -> dict[str, float]:
    x = target.sweep.log2_values
    position = np.clip(source.centre.position, x[0], x[-1])
    lowest = float(np.exp(target.curve.min()))
    cost = float(loss_at(position, x, target.curve[None, :])[0]) - lowest
    gap = float(np.exp(source.curve.min())) - lowest
    low, high = _share_interval(source, target, seed, level)
    return {
        "source": getattr(source.sweep, over),
        "target": getattr(target.sweep, over),
        "gap": gap,
        "cost": cost,
        "share": cost / gap if gap > 0 else float("nan"),
        "share_low": low,
        "share_high": high,
    }


def _share_interval(source: Estimate, target: Estimate, seed: int, level: float) -> tuple[float, float]:
    """Percentiles of cost / gap; a gap that is not positive makes an infinite share."""
    x = target.sweep.log2_values
    curves = target.known.drawn_curves
    positions = np.clip(drawn_positions(source, seed), x[0], x[-1])
    lowest = np.exp(curves.min(axis=1))
    cost = loss_at(positions, x, curves) - lowest
    gap = np.exp(source.known.drawn_curves.min(axis=1)) - lowest
    share: Array = np.where(gap > 0, cost / np.where(gap > 0, gap, 1.0), np.inf)
    share = np.sort(share[~np.isnan(share)])
    if not len(share):
        return float("nan"), float("nan")
    tail = 0.5 - 0.5 * level
    low, high = np.quantile(share, [tail, 1.0 - tail], method="nearest")
    return float(low), float(high)


def _reading(sources: list[dict[str, float]]) -> dict[str, object]:
    sizes = [row["source"] for row in sources]
    slopes = {name: _log_slope(sizes, [row[name] for row in sources]) for name in ("cost", "gap")}
    if any(row["share_low"] > 1 for row in sources):
        reading = "not_fast"
    elif all(row["share_high"] < 1 for row in sources) and slopes["cost"] < slopes["gap"]:
        reading = "fast"
    else:
        reading = "undecided"
    return {"cost_slope": slopes["cost"], "gap_slope": slopes["gap"], "reading": reading}


def _log_slope(sizes: list[float], values: list[float]) -> float:
    if len(values) < 2 or not all(np.isfinite(value) and value > 0 for value in values):
        return float("nan")
    return float(np.dot(slope_weights(sizes), np.log2(values)))
