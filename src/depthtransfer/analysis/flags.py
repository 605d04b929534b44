"""What keeps an optimum from being known, and the further runs that would help most.

An optimum is flagged as

- "untrained": the best value is no better than guessing;
- "edge_of_grid": the best value lies at an end of the grid, or every value diverged;
- "too_coarse_grid": the optimum was read off a point, or lies next to a value that diverges, so that the grid
  step and not the seeds limits it;
- "too_few_seeds": a single seed, or noise that leaves the interval wider than a grid step;
- "non_unimodal": away from the lowest point the loss falls again by more than noise explains.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis.coordinates import Array, coordinate
from depthtransfer.analysis.measured import half_width
from depthtransfer.analysis.optimum import Estimate, interval
from depthtransfer.analysis.parabola import roughness

EDGE, WIDE = "edge of the grid", "interval wider than a grid step"
FLAGS = ("untrained", "edge_of_grid", "too_coarse_grid", "too_few_seeds", "non_unimodal")
_MENDED_BY_VALUES = {"untrained", "edge_of_grid", "too_coarse_grid"}
_LEVEL_OF_A_DIP = 0.999  # of one comparison; a curve has about ten
_DECIMALS = 6


def diagnosis(found: Sequence[Estimate], *, further: int = 2, level: float = 0.95) -> pd.DataFrame:
    """Flags of each optimum and the runs that would decide.

    Args:
        found: the estimates.
        further: how many values to name at most.
        level: of the intervals that are compared with the grid.

    Returns:
        One row per (scheme, width, depth), sorted: hyperparameter, scheme, width, depth, flags (space-separated;
        empty if there are none), add_values (values to add to the grid, space-separated, the most useful first)
        and add_seeds (whether more seeds would help more than values).
    """
    rows = []
    for estimate in found:
        raised = flags(estimate, level)
        values = further_values(estimate, further) if set(raised) & _MENDED_BY_VALUES else []
        rows.append(
            {
                **estimate.names,
                "flags": " ".join(raised),
                "add_values": " ".join(f"{value:.6g}" for value in values),
                "add_seeds": "too_few_seeds" in raised,
            }
        )
    return pd.DataFrame(rows)


def flags(estimate: Estimate, level: float) -> list[str]:
    """The flags of one optimum, in the order of ``FLAGS``."""
    sweep, known = estimate.sweep, estimate.known
    if estimate.untrained:
        return ["untrained"]
    if estimate.edge != "none":
        return ["edge_of_grid"] + (["too_few_seeds"] if sweep.log_loss.shape[1] == 1 else [])
    noise = np.sqrt(max(known.standard_error**2 - known.systematic, 0.0))
    noisy = 2.0 * half_width(float(noise), known.degrees, level) > sweep.step
    raised = {
        "too_coarse_grid": estimate.method != "quadratic" or estimate.next_diverges,
        "too_few_seeds": noisy or sweep.log_loss.shape[1] == 1,
        "non_unimodal": _falls_again(estimate),
    }
    return [name for name in FLAGS if raised.get(name)]


def further_values(estimate: Estimate, count: int) -> list[float]:
    """Values to add to a configuration's grid, the most useful first; none that is there already.

    Beyond the edge the grid is continued by its step, as far as ``count`` goes. Inside it the gaps on either
    side of the best value are halved, first the one towards instability, since that side is steeper.
    """
    sweep = estimate.sweep
    x = sweep.log2_values
    step = sweep.step if len(x) > 1 else 1.0
    if estimate.edge in ("left", "all_diverged"):
        wanted = [x[0] - step * (k + 1) for k in range(count)]
    elif estimate.edge == "right":
        wanted = [x[-1] + step * (k + 1) for k in range(count)]
    elif estimate.edge in ("both", "untrained"):
        wanted = [end + step * sign * (k + 1) for k in range(count) for end, sign in ((x[-1], 1), (x[0], -1))][:count]
    else:
        wanted = _halvings(x, int(estimate.centre.best[0]), count)
    change = coordinate(sweep.hyperparameter)
    values = change.back(np.round(np.array(wanted, dtype=float), _DECIMALS))
    return [float(value) for value in values if change.defined(np.array([value]))[0]]


def _halvings(x: Array, best: int, count: int) -> list[float]:
    """Midpoints of the gaps next to the best point, to the right first, then of the halves they leave."""
    ends = [float(x[best + 1])] if best + 1 < len(x) else []
    ends += [float(x[best - 1])] if best > 0 else []
    middle = float(x[best])
    parts = 1
    wanted: list[float] = []
    while len(wanted) < count:
        parts *= 2
        wanted += [middle + (end - middle) * odd / parts for odd in range(1, parts, 2) for end in ends]
    return wanted[:count]


def _falls_again(estimate: Estimate) -> bool:
    """Whether, going outwards from the lowest point, the loss falls again for certain."""
    curve, best = estimate.curve, int(estimate.centre.best[0])
    deviation, degrees = _noise_of_means(estimate)
    if not np.isfinite(deviation):
        return False
    significant = half_width(np.sqrt(2.0) * deviation, degrees, 2.0 * _LEVEL_OF_A_DIP - 1.0)
    for side in (curve[best:], curve[best::-1]):
        side = side[np.isfinite(side)]
        if (np.maximum.accumulate(side) - side).max(initial=0.0) > significant:
            return True
    return False


def _noise_of_means(estimate: Estimate) -> tuple[float, float]:
    """Standard deviation of a point of the averaged curve, and its degrees of freedom."""
    log_loss = np.where(np.isfinite(estimate.sweep.log_loss), estimate.sweep.log_loss, np.nan)
    seeds = np.isfinite(log_loss).sum(axis=1)
    several = log_loss[seeds > 1]
    if not len(several):
        return roughness(estimate.curve, int(estimate.centre.best[0]))
    residual = several - np.nanmean(several, axis=1, keepdims=True)
    degrees = float((seeds[seeds > 1] - 1).sum())
    variance = float(np.nansum(residual**2)) / degrees
    return float(np.sqrt(variance / seeds[seeds > 1].mean())), degrees


def refinement(found: Sequence[Estimate], *, level: float = 0.95) -> pd.DataFrame:
    """Name one value for each configuration whose optimum lies at the grid's edge or is known worse than a grid step.

    Args:
        found: the estimates.
        level: of the interval that is compared with the grid step.

    Returns:
        One row per (scheme, width, depth) that needs it, sorted: hyperparameter, scheme, width, depth, value (the one
        that helps most, see ``further_values``) and reason.
    """
    rows = []
    for estimate in found:
        reason = _reason(estimate, level)
        for value in further_values(estimate, 1) if reason else []:
            rows.append((*estimate.names.values(), value, reason))
    return pd.DataFrame(rows, columns=["hyperparameter", "scheme", "width", "depth", "value", "reason"])


def _reason(estimate: Estimate, level: float) -> str:
    """Why an optimum needs a further value; empty if it does not."""
    if estimate.edge != "none":
        return EDGE
    low, high = interval(estimate, level)
    wide = not np.isfinite(high - low) or high - low > estimate.sweep.step
    return WIDE if wide else ""
