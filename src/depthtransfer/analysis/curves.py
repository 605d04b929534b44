"""The averaged curve of each configuration: what a figure draws and an optimum is read from."""

import numpy as np
import pandas as pd

from depthtransfer.analysis.coordinates import coordinate
from depthtransfer.analysis.sweep import mean_log_loss, sweeps


def curves(runs: pd.DataFrame, hyperparameter: str = "learning_rate") -> pd.DataFrame:
    """Average the runs over seeds.

    Returns:
        One row per (scheme, width, depth, value), sorted: hyperparameter, scheme, width, depth, log2_value
        (the coordinate, see ``depthtransfer.analysis.coordinates``), value, loss (geometric mean over the
        seeds that did not diverge, in nats; inf where at least half of them diverged), low and high
        (smallest and largest loss among the seeds that did not diverge; NaN where all did), seeds (runs at
        this value), diverged (how many of them diverged).

    Raises:
        AnalysisError: see ``depthtransfer.analysis.sweep.sweeps``.
    """
    rows = []
    for sweep in sweeps(runs, hyperparameter):
        finite = np.isfinite(sweep.log_loss)
        some = finite.any(axis=1)
        low = np.where(finite, sweep.log_loss, np.inf).min(axis=1)
        high = np.where(finite, sweep.log_loss, -np.inf).max(axis=1)
        rows.append(
            pd.DataFrame(
                {
                    "hyperparameter": hyperparameter,
                    "scheme": sweep.scheme,
                    "width": sweep.width,
                    "depth": sweep.depth,
                    "log2_value": sweep.log2_values,
                    "value": coordinate(hyperparameter).back(sweep.log2_values),
                    "loss": np.exp(mean_log_loss(sweep.log_loss)),
                    "low": np.where(some, np.exp(low), np.nan),
                    "high": np.where(some, np.exp(high), np.nan),
                    "seeds": sweep.present.sum(axis=1),
                    "diverged": sweep.diverged.sum(axis=1),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
