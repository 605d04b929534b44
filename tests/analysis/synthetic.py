"""Runs tables with a known answer."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis import estimates, optima

Optimum = Callable[[str, int, int], float | None]


def runs_table(
    optimum: Optimum | float = -2.0,
    *,
    schemes: Sequence[str] = ("mup",),
    widths: Sequence[int] = (8,),
    depths: Sequence[int] = (3,),
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    grid: Sequence[float] = tuple(range(-8, 3)),
    noise: float = 0.0,
    curvature: float = 0.05,
    boundary: float = np.inf,
    hyperparameter: str = "learning_rate",
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Parabolas in log-loss against log2 of the hyperparameter; an optimum of None diverges everywhere.

    A run diverges at values more than ``boundary`` above the optimum.
    """
    rng = rng or np.random.default_rng(0)
    rows = []
    for scheme in schemes:
        for width in widths:
            for depth in depths:
                best = optimum if isinstance(optimum, int | float) else optimum(scheme, width, depth)
                for seed in seeds:
                    level = 0.05 * rng.standard_normal()
                    for x in grid:
                        diverged = best is None or x - best > boundary
                        log_loss = 0.0 if best is None else curvature * (x - best) ** 2 - 1.0 + level
                        loss = np.nan if diverged else np.exp(log_loss + noise * rng.standard_normal())
                        rows.append(
                            {
                                "scheme": scheme,
                                "width": width,
                                "depth": depth,
                                "seed": seed,
                                "learning_rate": 0.1,
                                "momentum": 0.9,
                                hyperparameter: 2.0**x,
                                "status": "diverged" if diverged else "ok",
                                "loss": loss,
                            }
                        )
    return pd.DataFrame(rows)


def optima_of(runs: pd.DataFrame, hyperparameter: str = "learning_rate", **arguments: int) -> pd.DataFrame:
    """The table of optima of a runs table."""
    return optima(estimates(runs, hyperparameter, **arguments))
