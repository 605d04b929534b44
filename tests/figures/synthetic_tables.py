"""Tables as the learning-rate experiment leaves them, with invented losses."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.figures.tables import ExperimentTables


def learning_rate_tables(
    schemes: Sequence[str] = ("mup", "mup_sqrt_depth"),
    *,
    widths: Sequence[int] = (8, 16),
    depths: Sequence[int] = (3, 6, 12, 24, 48),
    seeds: Sequence[int] = (0, 1),
    grid: Sequence[float] = tuple(range(-8, 3)),
    noise: float = 0.04,
    classes: int | None = 10,
) -> ExperimentTables:
    """With 1/sqrt(L) the optimum stays; otherwise it falls with depth, and from 48 on nothing trains."""
    rng = np.random.default_rng(7)
    rows = [
        _run(scheme, width, depth, seed, x, noise * rng.standard_normal())
        for scheme in schemes
        for width in widths
        for depth in depths
        for seed in seeds
        for x in grid
    ]
    return ExperimentTables(pd.DataFrame(rows), preset="smoke", classes=classes)


def _run(scheme: str, width: int, depth: int, seed: int, x: float, noise: float) -> dict[str, object]:
    octaves = np.log2(depth / 3)
    scaled = scheme == "mup_sqrt_depth"
    best = -1.0 if scaled else -2.0 - octaves - (0.5 * np.log2(width / 8) if scheme == "sp" else 0.0)
    floor = 0.55 * (width / 8) ** -0.3 * (depth / 3) ** -0.15
    boundary = best + (2.4 if scaled else 1.6) - 0.1 * seed
    gone = x > boundary or (not scaled and depth >= 48)
    excess = x - best
    slope = 0.34 if excess < 0 else 0.7
    loss = np.log(10) * (1 - np.exp(-floor / np.log(10) * np.exp2(slope * abs(excess)) ** 1.3)) * np.exp(noise)
    return {
        "experiment": "cnn_learning_rate",
        "dataset": "digits",
        "model": "cnn",
        "scheme": scheme,
        "variant": scheme,
        "width": width,
        "depth": depth,
        "seed": seed,
        "learning_rate": 2.0**x,
        "momentum": 0.0,
        "weight_decay": 0.0,
        "gamma0": 1.0,
        "beta": 1.0,
        "alpha": 0.5,
        "optimizer": "sgd",
        "schedule": "constant",
        "batch_size": 64,
        "steps": 400,
        "epochs": 18.0,
        "window": 50,
        "precision": "fp32",
        "status": "diverged" if gone else "ok",
        "loss": np.nan if gone else loss,
        "initial_loss": np.log(10) * (1 + 0.02 * depth if scheme == "sp" else 1.0),
    }
