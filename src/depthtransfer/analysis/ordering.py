"""Whether larger networks reach lower losses, each at its own optimum."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import Measured, slope_weights, weighted_sum
from depthtransfer.analysis.movement import check_axis
from depthtransfer.analysis.optimum import Estimate

Configuration = tuple[str, int, int]


def best_losses(found: Sequence[Estimate]) -> dict[Configuration, Measured]:
    """Log of the best averaged loss of each (scheme, width, depth) that could be trained.

    The spread between seeds is pooled over the configurations of a scheme, because two or three seeds of one
    do not know it.
    """
    spread: dict[str, list[tuple[float, int]]] = {}
    lowest: dict[Configuration, tuple[float, int]] = {}
    for estimate in found:
        if estimate.all_diverged:
            continue
        sweep = estimate.sweep
        at_best = sweep.log_loss[int(estimate.centre.best[0])]
        at_best = at_best[np.isfinite(at_best)]
        squares = float(((at_best - at_best.mean()) ** 2).sum())
        spread.setdefault(sweep.scheme, []).append((squares, len(at_best) - 1))
        lowest[(sweep.scheme, sweep.width, sweep.depth)] = float(at_best.mean()), len(at_best)
    known = {}
    for configuration, (value, seeds) in lowest.items():
        squares, degrees = map(sum, zip(*spread[configuration[0]], strict=True))
        error = float(np.sqrt(squares / degrees / seeds)) if degrees else float("inf")
        known[configuration] = Measured(value, error, float(degrees) if degrees else 1.0)
    return known


def loss_order(found: Sequence[Estimate], over: str = "depth", *, level: float = 0.95) -> pd.DataFrame:
    """How the best loss changes with size.

    Returns:
        One row per scheme and size held fixed: hyperparameter, scheme, over, fixed (the size held fixed),
        smallest, largest, sizes (those that could be trained), change (log of the largest network's best loss
        less that of the smallest) with change_low and change_high, slope (of the log of the best loss over
        log2 size) with slope_low and slope_high, rises (steps to the next size at which the loss rises for
        certain) and falls (at which it falls for certain), both at this level.

    Raises:
        AnalysisError: for an axis that is not known.
    """
    check_axis(over)
    names = {"hyperparameter": found[0].sweep.hyperparameter} if found else {}
    groups = along(best_losses(found), over)
    return pd.DataFrame([{**names, **_row(key, over, group, level)} for key, group in sorted(groups.items())])


def along(losses: dict[Configuration, Measured], over: str) -> dict[tuple[str, int], list[tuple[int, Measured]]]:
    """Losses by scheme and size held fixed; each a list of (size, loss), sorted by the size that varies."""
    varying = 2 if over == "depth" else 1
    groups: dict[tuple[str, int], list[tuple[int, Measured]]] = {}
    for configuration in sorted(losses):
        key = configuration[0], int(configuration[3 - varying])
        groups.setdefault(key, []).append((int(configuration[varying]), losses[configuration]))
    return groups


def _row(key: tuple[str, int], over: str, group: list[tuple[int, Measured]], level: float) -> dict[str, object]:
    sizes, losses = [size for size, _ in group], [loss for _, loss in group]
    change = difference(losses[-1], losses[0])
    slope = weighted_sum(losses, slope_weights(sizes))
    steps = [difference(after, before).interval(level) for before, after in pairwise(losses)]
    return {
        "scheme": key[0],
        "over": over,
        "fixed": key[1],
        "smallest": sizes[0],
        "largest": sizes[-1],
        "sizes": len(sizes),
        "change": change.value,
        **dict(zip(("change_low", "change_high"), change.interval(level), strict=True)),
        "slope": slope.value,
        **dict(zip(("slope_low", "slope_high"), slope.interval(level), strict=True)),
        "rises": sum(low > 0 for low, _ in steps),
        "falls": sum(high < 0 for _, high in steps),
    }


def difference(left: Measured, right: Measured) -> Measured:
    """left - right, for independent numbers."""
    return weighted_sum((left, right), (1.0, -1.0))
