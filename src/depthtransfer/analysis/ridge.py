"""Two hyperparameters at once: the best pair, and how the optimum of the one moves with the other."""

from collections.abc import Mapping

import pandas as pd

from depthtransfer.analysis.measured import Measured, slope_weights, weighted_sum
from depthtransfer.analysis.movement import measured_optima

SIZE = ["width", "depth", "steps"]


def best_of_variants(optima: pd.DataFrame) -> pd.DataFrame:
    """Of each network the variant with the least best loss; none of a network that no variant could train.

    Args:
        optima: rows of several variants, see ``depthtransfer.tables.columns.OPTIMA``.

    Returns:
        One row a width, depth and length, with all columns of ``optima``.
    """
    known = optima.dropna(subset=["log_loss"])
    return known.loc[known.groupby(SIZE)["log_loss"].idxmin()].sort_values(SIZE).reset_index(drop=True)


def ridges(optima: pd.DataFrame, values: Mapping[str, float]) -> dict[tuple[int, int, int], Measured]:
    """Slope of log2 of the optimum over log2 of the other hyperparameter, for each width, depth and length.

    Args:
        optima: one row for each network and variant.
        values: of the other hyperparameter, by variant; those of other variants are left out.
    """
    chosen = optima[optima["scheme"].isin(values.keys())]
    found = {}
    for _, group in chosen.groupby(SIZE, sort=True):
        weights = slope_weights([values[variant] for variant in group["scheme"]])
        width, depth, steps = (int(group[name].iloc[0]) for name in SIZE)
        found[(width, depth, steps)] = weighted_sum(measured_optima(group), weights)
    return found
