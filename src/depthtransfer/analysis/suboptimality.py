"""What it costs to tune the smallest network and keep its optimum for the larger ones, and whether that is little.

In arXiv 2512.22768 transfer is fast if its suboptimality vanishes faster with scale than the gap between the
finite network's loss and the limit's, and fast transfer is what makes tuning small networks pay. There both are
limits; here the largest network of a sweep stands for the limit (``fast_transfer``).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.measured import slope_weights
from depthtransfer.analysis.movement import check_axis, fixed_axis
from depthtransfer.analysis.optimum import Estimate
from depthtransfer.analysis.uncertainty import generator

READINGS = ("fast", "not_fast", "undecided")
STATUSES = ("ok", "diverges", "all_diverged", "source_diverged", "outside")


def regret(found: Sequence[Estimate], *, seed: int = 0, level: float = 0.95) -> pd.DataFrame:
    """Loss at the optimum of a scheme's smallest network, minus the best loss, for each of its networks.

    The smallest network is the one of least width and, at that width, least depth. The loss at its optimum
    is interpolated in the log-loss, linearly between neighbours on the log2 grid, so that it is never below
    the best loss on the grid and a little too large in between; between a stable value and a diverged one
    it counts as diverged. The interval is a percentile interval over resamples in which the source and the
    target are resampled independently, and the source's optimum is moved by what no seed shows (see
    ``depthtransfer.analysis.uncertainty``).

    Args:
        found: the estimates, sorted.
        seed: of the source's moves.
        level: of the interval.

    Returns:
        One row per (scheme, width, depth), sorted: hyperparameter, scheme, width, depth, source_width,
        source_depth, transferred (coordinate of the source's optimum), loss (at the transferred value),
        best_loss, regret, low, high (all in nats), ratio (loss / best_loss) and status: "ok"; "diverges"
        (loss and regret inf); "all_diverged" (the target diverges at every value: loss, best loss and
        regret inf); "source_diverged" or "outside" (there is nothing to transfer, or it lies outside the
        target's grid: regret NaN).
    """
    sources: dict[str, Estimate] = {}
    for estimate in found:  # sorted by scheme, width, depth
        sources.setdefault(estimate.sweep.scheme, estimate)
    return pd.DataFrame([_row(estimate, sources[estimate.sweep.scheme], seed, level) for estimate in found])


def _row(target: Estimate, source: Estimate, seed: int, level: float) -> dict[str, object]:
    transferred = float(source.centre.position[0])
    best = float(np.exp(target.curve.min()))
    loss = float(loss_at(np.array([transferred]), target.sweep.log2_values, target.curve[None, :])[0])
    status = _status(target, source, loss)
    value = float("inf") if status == "all_diverged" else loss - best
    low, high = _interval(target, source, seed, level) if status in ("ok", "diverges") else (value, value)
    return {
        **target.names,
        "source_width": source.sweep.width,
        "source_depth": source.sweep.depth,
        "transferred": transferred,
        "loss": loss,
        "best_loss": best,
        "regret": value,
        "low": low,
        "high": high,
        "ratio": float("nan") if status == "all_diverged" else loss / best,
        "status": status,
    }


def _status(target: Estimate, source: Estimate, loss: float) -> str:
    if source.all_diverged or source.untrained:
        return "source_diverged"
    if target.all_diverged:
        return "all_diverged"
    if np.isnan(loss):
        return "outside"
    return "ok" if np.isfinite(loss) else "diverges"


def _interval(target: Estimate, source: Estimate, seed: int, level: float) -> tuple[float, float]:
    positions = drawn_positions(source, seed)
    x = target.sweep.log2_values
    curves = target.known.drawn_curves
    losses = loss_at(np.clip(positions, x[0], x[-1]), x, curves)
    lowest = np.exp(curves.min(axis=1))
    known = ~np.isnan(losses) & np.isfinite(lowest)
    if not known.any():
        return float("nan"), float("nan")
    regrets = np.sort(losses[known] - lowest[known])
    tail = 0.5 - 0.5 * level
    ends = np.quantile(regrets, [tail, 1.0 - tail], method="nearest")
    return float(ends[0]), float(ends[1])


def drawn_positions(source: Estimate, seed: int) -> Array:
    """(resamples,) optima that the source could have, moved also by what no seed shows."""
    rng = generator(seed, "source", source.sweep.scheme, source.sweep.width, source.sweep.depth)
    reach = np.sqrt(12.0 * source.known.systematic)  # a uniform distribution of that variance
    moved: Array = source.known.draws + reach * rng.uniform(-0.5, 0.5, size=source.known.draws.shape)
    return moved


def loss_at(positions: Array, x: Array, curves: Array) -> Array:
    """(R,) loss at (R,) positions on (R, V) curves of log-loss; inf where diverged, NaN outside the grid."""
    right = np.clip(np.searchsorted(x, positions), 1, max(len(x) - 1, 1)) if len(x) > 1 else np.zeros(1, int)
    left = np.maximum(right - 1, 0)
    rows = np.arange(len(positions))
    gap = np.where(right > left, x[right] - x[left], 1.0)
    part = (positions - x[left]) / gap
    below, above = curves[rows, left], curves[rows, right]
    # a value on the grid needs its own point only
    below = np.where(part >= 1.0, above, below)
    above = np.where(part <= 0.0, below, above)
    stable = np.isfinite(below) & np.isfinite(above)
    mixed = np.where(stable, below, 0.0) * (1.0 - part) + np.where(stable, above, 0.0) * part
    outside = np.isnan(positions) | (positions < x[0]) | (positions > x[-1])
    return np.where(outside, np.nan, np.where(stable, np.exp(mixed), np.inf))


def fast_transfer(
    found: Sequence[Estimate], over: str = "depth", *, seed: int = 0, level: float = 0.95
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
        AnalysisError: for an axis that is not known.
    """
    check_axis(over)
    fixed = fixed_axis(over)
    groups: dict[tuple[str, int], list[Estimate]] = {}
    for estimate in found:
        if not estimate.all_diverged:
            groups.setdefault((estimate.sweep.scheme, int(getattr(estimate.sweep, fixed))), []).append(estimate)
    rows: list[dict[str, object]] = []
    for (scheme, size), group in sorted(groups.items()):
        sources = [_against_largest(estimate, group[-1], over, seed, level) for estimate in group[:-1]]
        shared = {"hyperparameter": group[0].sweep.hyperparameter, "scheme": scheme, "over": over, "fixed": size}
        rows += [{**shared, **row, **_reading(sources)} for row in sources]
    return pd.DataFrame(rows)


def _against_largest(source: Estimate, target: Estimate, over: str, seed: int, level: float) -> dict[str, float]:
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
