"""All statistics of a sweep, each from the same estimates: tables that figures, claims and people read."""

import pandas as pd

from depthtransfer.analysis.flags import diagnosis
from depthtransfer.analysis.measured import Measured
from depthtransfer.analysis.movement import AXES, stability, transfer
from depthtransfer.analysis.optimum import Estimate, check_level, estimates, optima
from depthtransfer.analysis.ordering import Configuration, best_losses, loss_order
from depthtransfer.analysis.suboptimality import fast_transfer, regret
from depthtransfer.analysis.sweep import CONFIGURATION
from depthtransfer.errors import AnalysisError

_LOSS = ("log_loss", "log_loss_error", "log_loss_degrees")


def statistics(
    runs: pd.DataFrame,
    hyperparameter: str = "learning_rate",
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, pd.DataFrame]:
    """Every table of statistics of a runs table, by name.

    Neither losses nor optima of runs of different length say anything of size: runs of each number of steps are looked
    at for themselves, and the column ``steps``, the last of every table, tells them apart.

    Args:
        runs: table of runs; see ``depthtransfer.tables.columns.RUNS``.
        hyperparameter: the swept column.
        resamples, seed: of the bootstrap over seeds.
        level: of the intervals.

    Returns:
        optimum, transfer, stability, loss_order, fast_transfer, regret and diagnosis, each as the function of that name
        (``optima`` for the first) describes it; and optima, which has the columns of optimum and diagnosis and

        - log_loss, log_loss_error, log_loss_degrees: log of the best averaged loss, its standard error with the spread
          between seeds pooled over the scheme, and the degrees of freedom of that; NaN where everything diverged.

    Raises:
        AnalysisError: see ``depthtransfer.analysis.sweep.sweeps``; also for an argument out of range.
    """
    check_level(level)
    if runs.empty:
        raise AnalysisError("the runs table is empty", f"train at least two values of {hyperparameter} first")
    tables: dict[str, list[pd.DataFrame]] = {}
    for _, some in runs.groupby(_lengths(runs, hyperparameter), sort=True):
        steps = int(some["steps"].max())
        found = estimates(some, hyperparameter, resamples=resamples, seed=seed)
        for name, table in _of(found, seed, level).items():
            tables.setdefault(name, []).append(table.assign(steps=steps))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def _lengths(runs: pd.DataFrame, hyperparameter: str) -> pd.Series:
    """What equally long runs have in common: steps or, where batches of every size see the same images, epochs."""
    if hyperparameter == "batch_size" and runs["steps"].nunique() > 1:
        return runs["epochs"].round(2)
    return runs["steps"]


def _of(found: list[Estimate], seed: int, level: float) -> dict[str, pd.DataFrame]:
    optimum, flagged = optima(found, level=level), diagnosis(found, level=level)
    return {
        "optimum": optimum,
        "transfer": transfer(optimum, level=level),
        "stability": pd.concat([stability(optimum, over, level=level) for over in AXES]),
        "loss_order": pd.concat([loss_order(found, over, level=level) for over in AXES]),
        "fast_transfer": pd.concat([fast_transfer(found, over, seed=seed, level=level) for over in AXES]),
        "regret": regret(found, seed=seed, level=level),
        "diagnosis": flagged,
        "optima": pd.concat(
            [optimum, _losses(found), flagged.drop(columns=["hyperparameter", *CONFIGURATION])], axis="columns"
        ),
    }


def _losses(found: list[Estimate]) -> pd.DataFrame:
    known = best_losses(found)
    unknown = Measured(float("nan"), float("nan"), float("nan"))
    losses = [known.get((each.sweep.scheme, each.sweep.width, each.sweep.depth), unknown) for each in found]
    return pd.DataFrame([(loss.value, loss.standard_error, loss.degrees) for loss in losses], columns=list(_LOSS))


def losses_of(optima: pd.DataFrame) -> dict[Configuration, Measured]:
    """Log of the best loss of each (scheme, width, depth) that could be trained, from rows of one length."""
    return {
        (str(row["scheme"]), int(row["width"]), int(row["depth"])): measured_loss(row)
        for _, row in optima.dropna(subset=["log_loss"]).iterrows()
    }


def measured_loss(row: pd.Series) -> Measured:
    """Log of the best loss of one row of ``optima``."""
    value, error, degrees = (float(row[name]) for name in _LOSS)
    return Measured(value, error, degrees)
