"""How the optimum, and the largest value that trains, move with size: shifts and slopes over depth and over width.

Works on a table of optima alone. Both a shift and a slope are linear in the optima, sum of w_i log2 eta*_i (for
momentum log2 of 1 / (1 - mu*), see ``depthtransfer.analysis.coordinates``);
the standard error follows from theirs, the degrees of freedom from Satterthwaite's rule. Optima of
different sizes are taken as independent: networks of different shape share no weights, and what a seed does
to all values alike moves no optimum.

An optimum that is only bounded (everything diverged, or the best value at the grid's edge) enters with its
bound, and the result says what it then is: "at_most" or "at_least" instead of "exact", or "unknown" where
bounds point both ways.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import UNKNOWN, Bound, Measured, slope_weights, weighted_sum
from depthtransfer.errors import AnalysisError

AXES = {"depth": "width", "width": "depth"}
_NEEDED = (
    "hyperparameter",
    "scheme",
    "width",
    "depth",
    "centre",
    "standard_error",
    "degrees",
    "edge",
    "grid_low",
    "grid_step",
    "grid_best",
)
_BOUND: dict[str, Bound] = {
    "none": "exact",
    "left": "at_most",
    "all_diverged": "at_most",
    "right": "at_least",
    "both": "unknown",
    "untrained": "unknown",
}


def check_axis(over: str) -> None:
    """Refuse an axis along which nothing can be followed.

    Raises:
        AnalysisError: naming those there are.
    """
    if over not in AXES:
        raise AnalysisError(f"cannot follow anything over '{over}'", f"use {' or '.join(AXES)}")


def fixed_axis(over: str) -> str:
    """The size that is held fixed while the other varies."""
    return AXES[over]


def transfer(optima: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Shifts over depth and then over width in one table; see ``shifts``."""
    return pd.concat([shifts(optima, over, level=level) for over in AXES], ignore_index=True)


def shifts(optima: pd.DataFrame, over: str = "depth", *, level: float = 0.95) -> pd.DataFrame:
    """How the optimum moves from the smallest to the largest size.

    Args:
        optima: table made by ``depthtransfer.analysis.optima``.
        over: "depth" (per scheme and width) or "width" (per scheme and depth).
        level: of the intervals.

    Returns:
        One row per group, sorted: hyperparameter, scheme, over, width and depth (the size that is held
        fixed; <NA> for the one that varies), smallest, largest, sizes (how many), shift (log2 optimum of
        the largest minus that of the smallest size) with shift_low, shift_high, shift_bound; shift_steps
        (the same in grid steps), grid_shift_steps (between the best values on the grid, NaN where
        everything diverged), slope (of log2 optimum over log2 size, by least squares) with slope_low,
        slope_high, slope_bound; all_diverged (sizes at which everything diverged), smallest_all_diverged
        (the smallest such size, <NA> if none), largest_diverges. With a single size shift and slope are NaN
        and their bound "unknown".

    Raises:
        AnalysisError: for an empty table, a missing column or an axis that is not known.
    """
    check_axis(over)
    missing = [name for name in _NEEDED if name not in optima.columns]
    if missing:
        raise AnalysisError(f"the table of optima lacks the column '{missing[0]}'", "make it with analysis.optima")
    if optima.empty:
        raise AnalysisError("the table of optima is empty", "make it from at least one run")
    fixed = fixed_axis(over)
    groups = optima.groupby(["hyperparameter", "scheme", fixed], sort=True, observed=True)
    return pd.DataFrame([_row(group.sort_values(over), over, fixed, level) for _, group in groups]).astype(
        dict.fromkeys(("width", "depth", "smallest_all_diverged"), "Int64")
    )


def _row(group: pd.DataFrame, over: str, fixed: str, level: float) -> dict[str, object]:
    sizes = group[over].to_numpy(dtype=float)
    terms = measured_optima(group)
    several = len(sizes) > 1
    shift = shift_of(terms)
    slope = weighted_sum(terms, slope_weights(sizes.tolist()))
    step = float(group["grid_step"].median())
    best = group["grid_best"].to_numpy(dtype=float)
    gone = group.loc[group["edge"] == "all_diverged", over]
    first = group.iloc[0]
    return {
        "hyperparameter": first["hyperparameter"],
        "scheme": first["scheme"],
        "over": over,
        "width": int(first[fixed]) if fixed == "width" else None,
        "depth": int(first[fixed]) if fixed == "depth" else None,
        "smallest": int(sizes[0]),
        "largest": int(sizes[-1]),
        "sizes": len(sizes),
        **_columns("shift", shift, level),
        "shift_steps": shift.value / step,
        "grid_shift_steps": (best[-1] - best[0]) / step if several else float("nan"),
        **_columns("slope", slope, level),
        "all_diverged": len(gone),
        "smallest_all_diverged": int(gone.min()) if len(gone) else None,
        "largest_diverges": bool(group["edge"].iloc[-1] == "all_diverged"),
    }


def _columns(name: str, measured: Measured, level: float) -> dict[str, object]:
    low, high = measured.interval(level)
    return {name: measured.value, f"{name}_low": low, f"{name}_high": high, f"{name}_bound": measured.bound}


def measured_optima(optima: pd.DataFrame) -> list[Measured]:
    """The optimum of each row, or the bound that the grid puts on it."""
    numbers = optima[["grid_low", "centre", "standard_error", "degrees"]].to_numpy(dtype=float)
    return [
        Measured(float(lowest), 0.0, float("inf"), "at_most")
        if edge == "all_diverged"
        else Measured(float(optimum), float(error), float(degrees), _BOUND[edge])
        for edge, (lowest, optimum, error, degrees) in zip(optima["edge"], numbers, strict=True)
    ]


def shift_of(terms: Sequence[Measured]) -> Measured:
    """The last of several optima minus the first; NaN for a single one."""
    if len(terms) < 2:
        return UNKNOWN
    return weighted_sum((terms[0], terms[-1]), (-1.0, 1.0))


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
    groups = optima.groupby(["hyperparameter", "scheme", fixed_axis(over)], sort=True)
    for (hyperparameter, scheme, size), group in groups:
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
