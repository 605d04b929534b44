"""What an optimum's interval is made of: noise, the grid and the skewness of the curve.

- Noise: a bootstrap over seeds; with one seed, noise as large as the curve's roughness.
- The grid: where the optimum was read off a point of the grid or put at the end of its bracket, or where the
  next larger value diverges, so that one side of the curve was never seen, it lies somewhere within a gap
  of the grid; such a position has the variance of a uniform distribution, gap squared / 12.
- Skewness: the difference between a cubic's minimum and the parabola's vertex, squared, times 1.6, which makes
  up for what five points cannot see (found by simulation, tests/analysis/test_calibration.py); where the grid's
  term already stands, it covers this one.

The three add as variances. Only the noise was estimated from few numbers, so Satterthwaite's rule gives the
sum more degrees of freedom than the noise alone has.
"""

from dataclasses import dataclass

import numpy as np

from depthtransfer.analysis.bootstrap import degrees_of_freedom, generator, resampled_curves
from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.parabola import METHODS, Bottom, bottom, roughness, skew
from depthtransfer.analysis.sweep import Sweep

_UNSEEN = 1.6


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How well an optimum is known.

    Attributes:
        drawn_curves: (resamples, V) curves that other seeds could have given.
        draws: (resamples,) their optima; NaN where the whole curve diverged.
        standard_error: of the optimum.
        degrees: degrees of freedom of the standard error.
        systematic: variance of the optimum that no seed shows; part of the standard error, not of ``draws``.
    """

    drawn_curves: Array
    draws: Array
    standard_error: float
    degrees: float
    systematic: float = 0.0


def uncertainty(sweep: Sweep, curve: Array, centre: Bottom, resamples: int, seed: int) -> Uncertainty:
    """The uncertainty of the optimum of one configuration.

    Args:
        sweep: its runs.
        curve: (V,) their mean log-loss.
        centre: the bottom of ``curve``.
        resamples, seed: of the bootstrap.
    """
    x, position, method = sweep.log2_values, float(centre.position[0]), METHODS[int(centre.method[0])]
    if method == "none":
        nothing = np.full(resamples, np.nan)
        return Uncertainty(np.broadcast_to(curve, (resamples, len(curve))), nothing, float("nan"), float("nan"))
    if len(x) == 1:
        same = np.full(resamples, position)
        return Uncertainty(np.broadcast_to(curve, (resamples, 1)), same, float("inf"), float("inf"))
    drawn_curves, degrees = _drawn(sweep, curve, centre, resamples, seed)
    draws = bottom(x, drawn_curves).position
    known = draws[~np.isnan(draws)]
    noise = float(np.mean((known - position) ** 2)) if known.size else 0.0
    within_step = _gap(x, centre) ** 2 / 12.0
    one_sided = method != "quadratic" or _one_sided(curve, centre)
    systematic = within_step if one_sided else _skewness(x, curve, centre)
    if degrees == 0.0:
        return Uncertainty(drawn_curves, draws, float(np.sqrt(noise + within_step)), 1.0, within_step)
    variance = noise + systematic
    combined = degrees * (variance / noise) ** 2 if noise > 0 else float("inf")
    return Uncertainty(drawn_curves, draws, float(np.sqrt(variance)), combined, systematic)


def _drawn(sweep: Sweep, curve: Array, centre: Bottom, resamples: int, seed: int) -> tuple[Array, float]:
    """(resamples, V) curves and the degrees of freedom of their scatter."""
    degrees = degrees_of_freedom(sweep, centre)
    if np.isfinite(degrees):
        return resampled_curves(sweep, centre, resamples, seed), degrees
    deviation, degrees = roughness(curve, int(centre.best[0]))
    rng = generator(seed, sweep.scheme, sweep.width, sweep.depth)
    noise = rng.standard_normal((resamples, len(curve)))
    return curve + (0.0 if np.isnan(deviation) else deviation) * noise, degrees


def _gap(x: Array, centre: Bottom) -> float:
    """The larger of the distances to the neighbours of the best point; with at least two points."""
    best = int(centre.best[0])
    return float(np.diff(x)[max(best - 1, 0) : best + 1].max())


def _one_sided(curve: Array, centre: Bottom) -> bool:
    """Whether the next larger value diverges."""
    after = int(centre.best[0]) + 1
    return after < len(curve) and bool(np.isposinf(curve[after]))


def _skewness(x: Array, curve: Array, centre: Bottom) -> float:
    """Variance that stands for the parabola's bias, as a cubic sees it."""
    seen = float(skew(x, curve[None, :], centre)[0])
    if np.isnan(seen):
        return 0.0
    return _UNSEEN * seen**2
