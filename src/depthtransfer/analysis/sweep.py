"""A runs table, checked and arranged: for each configuration a grid of values by seeds.

A configuration is one (scheme, width, depth). Any numeric column of the table can be the swept one; all the
rest must be the same within a configuration, which shows as no two runs sharing value and seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from depthtransfer.analysis.coordinates import Array, coordinate
from depthtransfer.errors import AnalysisError

CONFIGURATION = ("scheme", "width", "depth")
_NEEDED = (*CONFIGURATION, "seed", "status", "loss")
_STATUSES = ("ok", "diverged")
_DECIMALS = 9  # of a coordinate: values closer than this are one value, written twice
_OUTCOMES = (
    "key",
    "status",
    "diverged_step",
    "loss",
    "accuracy",
    "initial_loss",
    "seconds",
    "device",
    "flops",
)


@dataclass(frozen=True, eq=False)
class Sweep:
    """The runs of one configuration.

    Attributes:
        scheme, width, depth: the configuration.
        hyperparameter: the swept column.
        log2_values: (V,) coordinates of the swept values, increasing; see ``depthtransfer.analysis.coordinates``.
        log_loss: (V, S) natural logarithm of the training loss; +inf where the run diverged, NaN where
        there is no run.
        chance: natural logarithm of the loss of whoever guesses; inf where that is not known.
    """

    hyperparameter: str
    scheme: str
    width: int
    depth: int
    log2_values: Array
    log_loss: Array
    chance: float = float("inf")

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """(V, S) whether there is a run."""
        return ~np.isnan(self.log_loss)

    @property
    def diverged(self) -> npt.NDArray[np.bool_]:
        """(V, S) whether there is a run and it diverged."""
        return np.isposinf(self.log_loss)

    @property
    def above_chance(self) -> npt.NDArray[np.bool_]:
        """(V, S) whether a run that did not diverge is no better at its end than whoever guesses."""
        return np.isfinite(self.log_loss) & (self.log_loss >= self.chance)

    @property
    def step(self) -> float:
        """Grid step in the coordinate: the median distance of neighbouring values; NaN with a single value."""
        return float(np.median(np.diff(self.log2_values))) if len(self.log2_values) > 1 else float("nan")


def mean_log_loss(log_loss: Array) -> Array:
    """Mean over seeds (last axis) of the log-loss, +inf where the value counts as diverged.

    A value counts as diverged when at least half of its runs diverged; with fewer, the mean is that of the
    survivors. The mean of logarithms makes the averaged loss a geometric mean.
    """
    present = ~np.isnan(log_loss)
    finite = np.isfinite(log_loss)
    stable = finite.sum(axis=-1)
    total = np.where(finite, log_loss, 0.0).sum(axis=-1)
    mean: Array = np.where(2 * stable > present.sum(axis=-1), total / np.maximum(stable, 1), np.inf)
    return mean


def sweeps(runs: pd.DataFrame, hyperparameter: str) -> list[Sweep]:
    """Check a runs table and arrange it by configuration, sorted by (scheme, width, depth).

    Raises:
        AnalysisError: for an empty table, a missing or non-numeric column, a value that has no coordinate, a
            status that is not known, a loss that does not fit its status, or two runs with the same
            configuration, value and seed.
    """
    _check(runs, hyperparameter)
    table = pd.DataFrame({name: runs[name].to_numpy() for name in _NEEDED})
    table["classes"] = runs["classes"].to_numpy() if "classes" in runs.columns else np.nan
    table["log2_value"] = np.round(
        coordinate(hyperparameter).forward(runs[hyperparameter].to_numpy(dtype=float)), _DECIMALS
    )
    diverged = (table["status"] == "diverged").to_numpy()
    losses = table["loss"].to_numpy(dtype=float)
    table["log_loss"] = np.where(
        diverged, np.inf, np.log(np.where(diverged, 1.0, np.maximum(losses, np.finfo(float).tiny)))
    )
    _refuse_duplicates(table, runs, hyperparameter)
    return [
        _arrange(hyperparameter, keys, group)
        for keys, group in table.groupby(list(CONFIGURATION), sort=True, observed=True, dropna=False)
    ]


def _arrange(hyperparameter: str, keys: Any, group: pd.DataFrame) -> Sweep:
    values, value_index = np.unique(group["log2_value"].to_numpy(), return_inverse=True)
    seeds, seed_index = np.unique(group["seed"].to_numpy(), return_inverse=True)
    log_loss = np.full((len(values), len(seeds)), np.nan)
    log_loss[value_index, seed_index] = group["log_loss"].to_numpy()
    classes = float(group["classes"].min())
    chance = float(np.log(np.log(classes))) if classes > 1 else float("inf")
    return Sweep(hyperparameter, str(keys[0]), int(keys[1]), int(keys[2]), values, log_loss, chance)


def _check(runs: pd.DataFrame, hyperparameter: str) -> None:
    if hyperparameter not in runs.columns:
        raise AnalysisError(
            f"the runs table has no column '{hyperparameter}'",
            "sweep over one of its numeric columns, such as learning_rate",
        )
    missing = [name for name in _NEEDED if name not in runs.columns]
    if missing:
        raise AnalysisError(f"the runs table lacks the column '{missing[0]}'", f"it needs {', '.join(_NEEDED)}")
    if runs.empty:
        raise AnalysisError("the runs table is empty", f"train at least two values of {hyperparameter} first")
    if not pd.api.types.is_numeric_dtype(runs[hyperparameter]):
        raise AnalysisError(f"column '{hyperparameter}' is not numeric", "sweep over a numeric column")
    values = runs[hyperparameter].to_numpy(dtype=float, na_value=np.nan)
    wrong = values[~coordinate(hyperparameter).defined(values)]
    if wrong.size:
        raise AnalysisError(
            f"column '{hyperparameter}' holds {wrong[0]:g}",
            coordinate(hyperparameter).domain,
        )
    _check_outcomes(runs)


def _check_outcomes(runs: pd.DataFrame) -> None:
    foreign = sorted(set(map(str, runs["status"].unique())) - set(_STATUSES))
    if foreign:
        raise AnalysisError(f"column 'status' holds '{foreign[0]}'", f"it must be {' or '.join(_STATUSES)}")
    losses = runs["loss"].to_numpy(dtype=float, na_value=np.nan)
    unexplained = (runs["status"] == "ok").to_numpy() & ~(np.isfinite(losses) & (losses >= 0))
    if unexplained.any():
        raise AnalysisError(
            f"column 'loss' holds {losses[unexplained][0]:g} where status is 'ok' ({unexplained.sum()} runs)",
            "a run that is ok has a finite loss that is not negative; train these runs again",
        )


def _refuse_duplicates(table: pd.DataFrame, runs: pd.DataFrame, hyperparameter: str) -> None:
    identity = [*CONFIGURATION, "log2_value", "seed"]
    duplicated = table.duplicated(identity, keep=False).to_numpy()
    if not duplicated.any():
        return
    first = table.loc[duplicated, identity].iloc[0]
    twins = runs.loc[(table[identity] == first).all(axis=1).to_numpy()]
    settings = [name for name in runs.columns if name not in {*identity, hyperparameter, *_OUTCOMES}]
    differing = [name for name in settings if twins[name].nunique(dropna=False) > 1]
    scheme, width, depth, _, seed = first
    reason = f"they differ in {', '.join(differing)}" if differing else "they are the same"
    raise AnalysisError(
        f"{len(twins)} runs share scheme '{scheme}', width {width}, depth {depth}, seed {seed} and "
        f"'{hyperparameter}' {twins[hyperparameter].iloc[0]:g}: {reason}",
        "select one setting of everything that is not swept before looking for an optimum",
    )


def curves(runs: pd.DataFrame, hyperparameter: str = "learning_rate") -> pd.DataFrame:
    """Average the runs over seeds.

    Returns:
        One row per (scheme, width, depth, value), sorted: hyperparameter, scheme, width, depth, log2_value
        (the coordinate, see ``depthtransfer.analysis.coordinates``), value, loss (geometric mean over the
        seeds that did not diverge, in nats; inf where at least half of them diverged), low and high
        (smallest and largest loss among the seeds that did not diverge; NaN where all did), seeds (runs at
        this value), diverged (how many of them diverged).

    Raises:
        AnalysisError: see ``sweeps``.
    """
    return averaged(sweeps(runs, hyperparameter))


def averaged(arranged: Sequence[Sweep]) -> pd.DataFrame:
    """The table of ``curves`` for runs that are arranged already."""
    rows = []
    for sweep in arranged:
        finite = np.isfinite(sweep.log_loss)
        some = finite.any(axis=1)
        low = np.where(finite, sweep.log_loss, np.inf).min(axis=1)
        high = np.where(finite, sweep.log_loss, -np.inf).max(axis=1)
        rows.append(
            pd.DataFrame(
                {
                    "hyperparameter": sweep.hyperparameter,
                    "scheme": sweep.scheme,
                    "width": sweep.width,
                    "depth": sweep.depth,
                    "log2_value": sweep.log2_values,
                    "value": coordinate(sweep.hyperparameter).back(sweep.log2_values),
                    "loss": np.exp(mean_log_loss(sweep.log_loss)),
                    "low": np.where(some, np.exp(low), np.nan),
                    "high": np.where(some, np.exp(high), np.nan),
                    "seeds": sweep.present.sum(axis=1),
                    "diverged": sweep.diverged.sum(axis=1),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
