"""How the optimum moves with size: shifts and slopes over depth and over width.

Works on a table of optima alone. Both a shift and a slope are linear in the optima, sum of w_i log2 eta*_i (for
momentum log2 of 1 / (1 - mu*), see ``depthtransfer.analysis.coordinates``);
the standard error follows from theirs, the degrees of freedom from Satterthwaite's rule. Optima of
different sizes are taken as independent: networks of different shape share no weights, and what a seed does
to all values alike moves no optimum.

An optimum that is only bounded (everything diverged, or the best value at the grid's edge) enters with its
bound, and the result says what it then is: "at_most" or "at_least" instead of "exact", or "unknown" where
bounds point both ways.
"""

import numpy as np
import pandas as pd

from depthtransfer.analysis.bootstrap import half_width
from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.errors import AnalysisError

_AXES = {"depth": "width", "width": "depth"}
_NEEDED = (
    "hyperparameter",
    "scheme",
    "width",
    "depth",
    "log2_optimum",
    "standard_error",
    "degrees",
    "edge",
    "grid_low",
    "grid_step",
    "grid_best",
)
_SENSE = {"none": 0, "left": -1, "all_diverged": -1, "right": 1, "both": 0}
BOUNDS = {0: "exact", -1: "at_most", 1: "at_least"}


def transfer(optima: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Shifts over depth and then over width in one table; see ``shifts``."""
    return pd.concat([shifts(optima, over, level=level) for over in _AXES], ignore_index=True)


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
    if over not in _AXES:
        raise AnalysisError(f"cannot follow an optimum over '{over}'", f"use {' or '.join(_AXES)}")
    missing = [name for name in _NEEDED if name not in optima.columns]
    if missing:
        raise AnalysisError(f"the table of optima lacks the column '{missing[0]}'", "make it with analysis.optima")
    if optima.empty:
        raise AnalysisError("the table of optima is empty", "make it from at least one run")
    fixed = _AXES[over]
    groups = optima.groupby(["hyperparameter", "scheme", fixed], sort=True, observed=True)
    return pd.DataFrame([_row(group.sort_values(over), over, fixed, level) for _, group in groups]).astype(
        dict.fromkeys(("width", "depth", "smallest_all_diverged"), "Int64")
    )


def _row(group: pd.DataFrame, over: str, fixed: str, level: float) -> dict[str, object]:
    sizes = group[over].to_numpy(dtype=float)
    ends = np.zeros(len(sizes))
    ends[0], ends[-1] = -1.0, 1.0
    centred = np.log2(sizes) - np.log2(sizes).mean()
    several = len(sizes) > 1
    slope_weights = centred / (centred @ centred) if several else np.zeros(1)
    shift = _combined(group, ends if several else np.full(1, np.nan), level)
    slope = _combined(group, slope_weights if several else np.full(1, np.nan), level)
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
        **dict(zip(_named("shift"), shift, strict=True)),
        "shift_steps": shift[0] / step,
        "grid_shift_steps": (best[-1] - best[0]) / step if several else float("nan"),
        **dict(zip(_named("slope"), slope, strict=True)),
        "all_diverged": len(gone),
        "smallest_all_diverged": int(gone.min()) if len(gone) else None,
        "largest_diverges": bool(group["edge"].iloc[-1] == "all_diverged"),
    }


def _named(name: str) -> tuple[str, str, str, str]:
    return name, f"{name}_low", f"{name}_high", f"{name}_bound"


def _combined(group: pd.DataFrame, weights: Array, level: float) -> tuple[float, float, float, str]:
    """The linear combination of the optima with its interval and what kind of bound it is."""
    if np.isnan(weights).any():
        return float("nan"), -np.inf, np.inf, "unknown"
    edges = group["edge"].to_numpy()
    diverged = edges == "all_diverged"
    values = np.where(diverged, group["grid_low"], group["log2_optimum"]).astype(float)
    variances = np.where(diverged | (weights == 0), 0.0, group["standard_error"] ** 2).astype(float)
    parts = np.where(variances > 0, weights**2 * variances, 0.0)
    degrees = group["degrees"].to_numpy(dtype=float)
    value, variance = float(weights @ values), float(parts.sum())
    lost = float(np.divide(parts**2, degrees, out=np.zeros_like(parts), where=parts > 0).sum())
    half = half_width(np.sqrt(variance), variance**2 / lost if lost > 0 else np.inf, level)
    senses = {int(np.sign(w)) * _SENSE[edge] for w, edge in zip(weights, edges, strict=True)} - {0}
    unknown = len(senses) > 1 or "both" in edges[weights != 0]
    low = -np.inf if unknown or -1 in senses else value - half
    high = np.inf if unknown or 1 in senses else value + half
    bound = "unknown" if unknown else BOUNDS[senses.pop() if senses else 0]
    return value, low, high, bound
