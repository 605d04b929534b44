"""The same runs, had they been stopped early or looked at on the way; and what tuning small and short saves."""

import numpy as np
import pandas as pd

from depthtransfer.errors import AnalysisError


def stopped(runs: pd.DataFrame, steps: pd.DataFrame, fraction: float) -> pd.DataFrame:
    """Return the runs table as it would be after a fraction of the steps.

    Exact where the learning rate does not depend on the planned length (constant, with or without warm-up).

    Args:
        runs: table of runs.
        steps: their losses and accuracies by step.
        fraction: share of the planned steps, above 0 and at most 1.

    Returns:
        The same rows and columns; loss and accuracy are means over the last window before the stop, status and
        diverged_step what they were then, steps, epochs and flops those that were spent.

    Raises:
        AnalysisError: if the stop leaves fewer steps than a window, or the schedule depends on the planned length.
    """
    if (foreign := runs.loc[runs["schedule"] != "constant", "schedule"]).size:
        raise AnalysisError(
            f"a run with the schedule '{foreign.iloc[0]}' cannot be stopped early",
            "its learning rate depends on the planned length; use a constant schedule",
        )
    return during(runs, steps, fraction)


def during(runs: pd.DataFrame, steps: pd.DataFrame, fraction: float) -> pd.DataFrame:
    """Return the runs table as it stands after a fraction of the steps, on the way to their end.

    Where the learning rate depends on the planned length this is not what a shorter run would give; see `stopped`.

    Args:
        runs: table of runs.
        steps: their losses and accuracies by step.
        fraction: share of the planned steps, above 0 and at most 1.

    Returns:
        As `stopped`.

    Raises:
        AnalysisError: if this leaves fewer steps than a window.
    """
    if not 0 < fraction <= 1:
        raise AnalysisError(f"fraction {fraction} of training", "give more than 0 and at most 1")
    kept = (runs["steps"] * fraction).round().astype(int)
    if (kept < runs["window"]).any():
        raise AnalysisError(
            f"{fraction:.3g} of {int(runs['steps'].min())} steps is shorter than the window", "train longer"
        )
    limits = pd.DataFrame({"key": runs["key"], "stop": kept, "window": runs["window"]})
    joined = steps.merge(limits, on="key", validate="many_to_one")
    last = joined[(joined["step"] < joined["stop"]) & (joined["step"] >= joined["stop"] - joined["window"])]
    means = last.groupby("key")[["loss", "accuracy"]].mean()
    table = runs.copy()
    gone = (runs["diverged_step"].notna() & (runs["diverged_step"] < kept)).to_numpy()
    for name in ("loss", "accuracy"):
        table[name] = np.where(gone, np.nan, means[name].reindex(runs["key"]).to_numpy())
    table["status"] = np.where(gone, "diverged", "ok")
    table["diverged_step"] = runs["diverged_step"].where(gone)
    for name in ("epochs", "flops"):
        table[name] = runs[name] * kept / runs["steps"]
    table["steps"] = kept
    return table


def savings(runs: pd.DataFrame, fraction: float) -> pd.DataFrame:
    """Cost of tuning the largest network over that of tuning the smallest, from counted operations.

    Args:
        runs: table of runs; the most and the least operations a run mark the largest and the smallest network.
        fraction: share of the steps for which the smallest one is trained when it is tuned early.

    Returns:
        One row: smallest_width, smallest_depth, largest_width, largest_depth, ratio (trained equally long), early_ratio
        (the smallest one for a fraction of the steps).
    """
    per_step = runs["flops"] / runs["steps"]
    small, large = (runs.iloc[int(place)] for place in (per_step.argmin(), per_step.argmax()))
    ratio = float(per_step.max() / per_step.min())
    return pd.DataFrame(
        [
            {
                "smallest_width": int(small["width"]),
                "smallest_depth": int(small["depth"]),
                "largest_width": int(large["width"]),
                "largest_depth": int(large["depth"]),
                "ratio": ratio,
                "early_ratio": ratio / fraction,
            }
        ]
    )
