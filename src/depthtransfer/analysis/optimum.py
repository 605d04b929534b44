"""Where the optimum of a hyperparameter lies, and how well the seeds know it.

``estimates`` does the work, a bootstrap for each configuration, once; every statistic of a sweep takes what it found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from depthtransfer.analysis.coordinates import Array, coordinate
from depthtransfer.analysis.measured import half_width
from depthtransfer.analysis.parabola import METHODS, Bottom, bottom
from depthtransfer.analysis.sweep import Sweep, mean_log_loss, sweeps
from depthtransfer.analysis.uncertainty import Uncertainty, uncertainty
from depthtransfer.errors import AnalysisError

EDGES = ("none", "left", "right", "both", "all_diverged", "untrained")


@dataclass(frozen=True, eq=False)
class Estimate:
    """The optimum of one configuration.

    Attributes:
        sweep: its runs.
        curve: (V,) mean log-loss, +inf where diverged.
        centre: bottom of ``curve``; arrays of length one.
        known: how well its bottom is known.
    """

    sweep: Sweep
    curve: Array
    centre: Bottom
    known: Uncertainty

    @property
    def names(self) -> dict[str, object]:
        """Hyperparameter and configuration: the first columns of every table."""
        sweep = self.sweep
        return {name: getattr(sweep, name) for name in ("hyperparameter", "scheme", "width", "depth")}

    @property
    def method(self) -> str:
        """How the optimum was read off the curve: one of ``METHODS``."""
        return METHODS[int(self.centre.method[0])]

    @property
    def all_diverged(self) -> bool:
        """Whether no value of the grid can be trained with."""
        return self.method == "none"

    @property
    def untrained(self) -> bool:
        """Whether the best value of the grid is no better than guessing, so that there is no optimum to be known."""
        return not self.all_diverged and float(self.curve[int(self.centre.best[0])]) >= self.sweep.chance

    @property
    def next_diverges(self) -> bool:
        """Whether the next larger value counts as diverged."""
        after = int(self.centre.best[0]) + 1
        return after < len(self.curve) and bool(np.isposinf(self.curve[after]))

    @property
    def edge(self) -> str:
        """Where on the grid the best value lies: one of ``EDGES``."""
        if self.all_diverged:
            return "all_diverged"
        if self.untrained:
            return "untrained"
        best, last = int(self.centre.best[0]), len(self.curve) - 1
        if last == 0:
            return "both"
        return "left" if best == 0 else "right" if best == last else "none"


def estimates(
    runs: pd.DataFrame, hyperparameter: str = "learning_rate", *, resamples: int = 1000, seed: int = 0
) -> list[Estimate]:
    """Find the optimum of each configuration by a robust local parabola in the log-loss.

    Losses are averaged over seeds as logarithms. A run that diverged is infinitely bad; a value counts as
    diverged when at least half of its runs did, and otherwise its survivors are averaged.

    Args:
        runs: table of runs; see ``depthtransfer.tables.columns.RUNS``.
        hyperparameter: the swept column.
        resamples: of the bootstrap over seeds.
        seed: of the bootstrap.

    Returns:
        One estimate per (scheme, width, depth), sorted.

    Raises:
        AnalysisError: see ``depthtransfer.analysis.sweep.sweeps``; also for resamples out of range.
    """
    if resamples < 2:
        raise AnalysisError(f"resamples is {resamples}", "a bootstrap needs at least 2")
    return [_estimate(sweep, resamples, seed) for sweep in sweeps(runs, hyperparameter)]


def optima(found: Sequence[Estimate], *, level: float = 0.95) -> pd.DataFrame:
    """The table of optima.

    The interval is Student's, around the optimum; ``depthtransfer.analysis.uncertainty`` says what its standard
    error holds.

    Args:
        found: the estimates.
        level: of the interval.

    Returns:
        One row per (scheme, width, depth), sorted, with columns

        - hyperparameter, scheme, width, depth;
        - log2_optimum, low, high: optimum and interval, in the hyperparameter's coordinate (log2 of the value, of
          1 / (1 - value) for momentum; see ``depthtransfer.analysis.coordinates``). An optimum at the
          grid's edge has no bound on that side (-inf or inf); where everything diverged the optimum is NaN and
          known only to lie below the grid: low -inf, high the smallest value tried; where the best value is no
          better than guessing (where the table has ``classes``) it is NaN and nothing is known;
        - centre, standard_error, degrees: of what is known of the optimum; the centre is log2_optimum, or lies beyond
          it where the next larger value diverges (see ``depthtransfer.analysis.uncertainty``);
        - optimum, loss: the optimum as a value, and the best averaged loss on the grid in nats (inf: all
          diverged);
        - grid_best, grid_low, grid_high, grid_step: best, smallest and largest value and step, as coordinates;
        - seeds: distinct seeds;
        - edge: one of ``EDGES``: where on the grid the best value lies;
        - next_diverges: whether the next larger value counts as diverged: the optimum leans on the
          stability boundary;
        - largest_stable, smallest_diverged: coordinate of the largest value at which no run diverged and of the
          smallest at which one did; NaN where there is none;
        - runs, diverged, above_chance: number of runs, how many diverged, and how many of the others ended with a loss
          that guessing would have;
        - method: one of ``METHODS``.

    Raises:
        AnalysisError: if the level is no probability.
    """
    check_level(level)
    return pd.DataFrame([_row(estimate, level) for estimate in found])


def check_level(level: float) -> None:
    """Refuse what is no probability."""
    if not 0.0 < level < 1.0:
        raise AnalysisError(f"level is {level:g}", "it is a probability between 0 and 1, such as 0.95")


def _estimate(sweep: Sweep, resamples: int, seed: int) -> Estimate:
    curve = mean_log_loss(sweep.log_loss)
    centre = bottom(sweep.log2_values, curve[None, :])
    return Estimate(sweep, curve, centre, uncertainty(sweep, curve, centre, resamples, seed))


def _row(estimate: Estimate, level: float) -> dict[str, object]:
    sweep, centre = estimate.sweep, estimate.centre
    position = float("nan") if estimate.untrained else float(centre.position[0])
    best = int(centre.best[0])
    x = sweep.log2_values
    low, high = interval(estimate, level)
    touched = sweep.diverged.any(axis=1)
    return {
        **estimate.names,
        "log2_optimum": position,
        "centre": float("nan") if estimate.untrained else estimate.known.centre,
        "low": low,
        "high": high,
        "standard_error": estimate.known.standard_error,
        "degrees": estimate.known.degrees,
        "optimum": float(coordinate(sweep.hyperparameter).back(np.array([position]))[0]),
        "loss": float(np.exp(estimate.curve[best])),
        "grid_best": float("nan") if estimate.all_diverged else float(x[best]),
        "grid_low": float(x[0]),
        "grid_high": float(x[-1]),
        "grid_step": sweep.step,
        "seeds": int(sweep.log_loss.shape[1]),
        "edge": estimate.edge,
        "next_diverges": estimate.next_diverges,
        "largest_stable": float(x[~touched].max()) if not touched.all() else float("nan"),
        "smallest_diverged": float(x[touched].min()) if touched.any() else float("nan"),
        "runs": int(sweep.present.sum()),
        "diverged": int(sweep.diverged.sum()),
        "above_chance": int(sweep.above_chance.sum()),
        "method": estimate.method,
    }


def interval(estimate: Estimate, level: float) -> tuple[float, float]:
    """Bounds of an optimum in its coordinate: none beyond a value that diverges, infinite at the edge of the grid."""
    x = estimate.sweep.log2_values
    edge = estimate.edge
    if edge == "all_diverged":
        return -np.inf, float(x[0])
    if edge == "untrained":
        return -np.inf, np.inf
    middle = estimate.known.centre
    half = half_width(estimate.known.standard_error, estimate.known.degrees, level)
    after = int(estimate.centre.best[0]) + 1
    most = float(x[after] if estimate.next_diverges else x[-1])
    low = -np.inf if edge in ("left", "both") else max(middle - half, float(x[0]))
    high = np.inf if edge in ("right", "both") and not estimate.next_diverges else min(middle + half, most)
    return low, high
