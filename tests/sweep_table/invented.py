"""Tables of sweeps as people keep them, with a known answer."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd


def sweep(
    optimum: Callable[[str, float], float] = lambda scheme, width: -6.0,
    *,
    schemes: Sequence[str] = ("mup",),
    widths: Sequence[float] = (64, 256),
    seeds: Sequence[int] = (0, 1, 2),
    grid: Sequence[float] = tuple(np.arange(-10.0, -1.5)),
    noise: float = 0.002,
    diverges: float = np.inf,
    level: Callable[[str, float], float] = lambda scheme, width: 0.0,
) -> pd.DataFrame:
    """Parabolas in the logarithm of the loss over log2 lr; a run diverges ``diverges`` octaves above the optimum."""
    rng = np.random.default_rng(0)
    rows = []
    for scheme in schemes:
        for width in widths:
            offsets = {seed: 0.05 * rng.standard_normal() for seed in seeds}
            for x in grid:
                for seed in seeds:
                    away = x - optimum(scheme, width)
                    log_loss = 0.04 * away**2 + offsets[seed] + level(scheme, width) + noise * rng.standard_normal()
                    gone = away > diverges
                    rows.append(
                        {"scheme": scheme, "width": width, "lr": 2.0**x, "seed": seed}
                        | {
                            "loss": np.nan if gone else float(np.exp(log_loss)),
                            "status": "diverged" if gone else "finished",
                        }
                    )
    return pd.DataFrame(rows)
