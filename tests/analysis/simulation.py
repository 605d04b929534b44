"""Loss curves whose optimum, curvature, skewness, noise and stability boundary are known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Curves:
    """How loss depends on a hyperparameter, in log-loss and octaves from the optimum.

    Attributes:
        curvature: second derivative at the optimum.
        skewness: a parabola at 0; otherwise exponential on the right, linear on the left (LINEX), so that
            curvature grows by this share an octave.
        boundary: octaves above the optimum from which runs diverge.
        jitter: standard deviation of the boundary between seeds, in octaves.
        noise: standard deviation of the log-loss of one run.
    """

    noise: float
    curvature: float = 0.1
    skewness: float = 0.0
    boundary: float = float("inf")
    jitter: float = 0.0

    @property
    def best(self) -> float:
        """Octaves from the minimum to the best value that trains: below 0 where runs diverge before the minimum."""
        return min(0.0, self.boundary)

    def log_loss(self, octaves: np.ndarray) -> np.ndarray:
        """Without noise."""
        if self.skewness == 0:
            return self.curvature * octaves**2 / 2
        a = self.skewness
        return self.curvature * (np.exp(a * np.minimum(octaves, 40 / a)) - 1 - a * octaves) / a**2


def simulated_runs(
    truth: np.ndarray, curves: Curves, *, seeds: int, step: float, rng: np.random.Generator
) -> pd.DataFrame:
    """A runs table.

    Args:
        truth: (W, L) log2 of the optimum by width and depth index; the table numbers both from 1.
        curves: their shape.
        seeds: runs a point; each also shifts a whole curve, which moves no optimum.
        step: of the grid, in octaves; the grid reaches 4 octaves beyond the outermost optima.
        rng: of the noise.
    """
    grid = np.arange(truth.min() - 4, truth.max() + 4, step)
    octaves = grid[:, None] - truth[..., None, None]
    shape = (*truth.shape, len(grid), seeds)
    level = 0.02 * rng.standard_normal((*truth.shape, 1, seeds))
    log_loss = curves.log_loss(octaves) + level + curves.noise * rng.standard_normal(shape)
    edges = curves.boundary + curves.jitter * rng.standard_normal((*truth.shape, 1, seeds))
    diverged = np.broadcast_to(octaves, shape) > edges
    width, depth, value, seed = (index.ravel() for index in np.indices(shape))
    loss = np.where(diverged, np.nan, np.exp(np.minimum(log_loss, 50.0))).ravel()
    return pd.DataFrame(
        {
            "scheme": "mup",
            "width": width + 1,
            "depth": depth + 1,
            "seed": seed,
            "learning_rate": np.exp2(grid[value]),
            "status": np.where(diverged.ravel(), "diverged", "ok"),
            "loss": loss,
        }
    )


SHAPES = {
    "parabola": {},
    "skewed": {"skewness": 0.7},
    "skewed, diverges late": {"skewness": 0.7, "boundary": 1.5},
    "skewed, diverges early": {"skewness": 0.7, "boundary": 0.4, "jitter": 0.1},
    "skewed, diverges at its minimum": {"skewness": 0.7, "boundary": 0.0, "jitter": 0.1},
    "parabola, diverges at its minimum": {"boundary": 0.0, "jitter": 0.1},
    "skewed, falls until it diverges": {"skewness": 0.7, "boundary": -0.5, "jitter": 0.1},
    "parabola, falls until it diverges": {"boundary": -1.0, "jitter": 0.1},
}
"""Shapes of curves; the optimum of those that diverge leans on the stability boundary, or is the boundary."""
MIXTURES = (("skewed", "skewed, falls until it diverges"), ("parabola, diverges at its minimum", "parabola"))
"""Shapes of the shallower and of the deeper half of a sweep over depth."""
