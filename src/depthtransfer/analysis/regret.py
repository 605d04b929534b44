"""What it costs to tune the smallest network and keep its optimum for the larger ones."""

import numpy as np
import pandas as pd

from depthtransfer.analysis.bootstrap import generator
from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.optimum import Estimate, estimates

STATUSES = ("ok", "diverges", "all_diverged", "source_diverged", "outside")


def regret(
    runs: pd.DataFrame,
    hyperparameter: str = "learning_rate",
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Loss at the optimum of a scheme's smallest network, minus the best loss, for each of its networks.

    The smallest network is the one of least width and, at that width, least depth. The loss at its optimum
    is interpolated in the log-loss, linearly between neighbours on the log2 grid, so that it is never below
    the best loss on the grid and a little too large in between; between a stable value and a diverged one
    it counts as diverged. The interval is a percentile interval over resamples in which the source and the
    target are resampled independently, and the source's optimum is moved by what no seed shows (see
    ``depthtransfer.analysis.uncertainty``).

    Returns:
        One row per (scheme, width, depth), sorted: hyperparameter, scheme, width, depth, source_width,
        source_depth, transferred (coordinate of the source's optimum), loss (at the transferred value),
        best_loss, regret, low, high (all in nats), ratio (loss / best_loss) and status: "ok"; "diverges"
        (loss and regret inf); "all_diverged" (the target diverges at every value: loss, best loss and
        regret inf); "source_diverged" or "outside" (there is nothing to transfer, or it lies outside the
        target's grid: regret NaN).

    Raises:
        AnalysisError: as ``depthtransfer.analysis.optima``.
    """
    found = estimates(runs, hyperparameter, resamples=resamples, seed=seed, level=level)
    sources: dict[str, Estimate] = {}
    for estimate in found:  # sorted by scheme, width, depth
        sources.setdefault(estimate.sweep.scheme, estimate)
    return pd.DataFrame(
        [
            {"hyperparameter": hyperparameter, **_row(estimate, sources[estimate.sweep.scheme], seed, level)}
            for estimate in found
        ]
    )


def _row(target: Estimate, source: Estimate, seed: int, level: float) -> dict[str, object]:
    transferred = float(source.centre.position[0])
    best = float(np.exp(target.curve.min()))
    loss = float(loss_at(np.array([transferred]), target.sweep.log2_values, target.curve[None, :])[0])
    status = _status(target, source, loss)
    value = float("inf") if status == "all_diverged" else loss - best
    low, high = _interval(target, source, seed, level) if status in ("ok", "diverges") else (value, value)
    return {
        "scheme": target.sweep.scheme,
        "width": target.sweep.width,
        "depth": target.sweep.depth,
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
    if source.all_diverged:
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
