"""What an optimum's interval is made of: noise, the grid and the skewness of the curve.

- Noise: a bootstrap over seeds; with one seed, noise as large as the curve's roughness.
- The grid: where the optimum was read off a point of the grid or put at the end of its bracket, it lies somewhere
  within a gap of the grid; such a position has the variance of a uniform distribution, gap squared / 12.
- Stability: where the next larger value diverges, one side of the curve was never seen. If the loss falls until runs
  diverge, the best stable learning rate lies anywhere between the last stable value and the first that is not; if
  its minimum is just below, up to most of a gap before the last stable value. The interval is therefore centred
  0.35 gaps beyond a lowest point that is the last stable one, 0.2 gaps beyond a vertex before it, with a standard
  deviation of 0.34 gaps: found by simulation over boundaries from 1 octave below the minimum to 1.5 above
  (tests/analysis/test_calibration.py).
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
_BEYOND_LAST, _BEYOND_VERTEX = 0.35, 0.2  # gaps, from the last stable value and from a vertex before it
_STABILITY = 0.34**2  # variance in gaps squared


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How well an optimum is known.

    Attributes:
        drawn_curves: (resamples, V) curves that other seeds could have given.
        draws: (resamples,) their optima; NaN where the whole curve diverged.
        standard_error: of the optimum.
        degrees: degrees of freedom of the standard error.
        systematic: variance of the optimum that no seed shows; part of the standard error, not of ``draws``.
        centre: of its interval, in the unit of its position: the position, or beyond it beside a stability boundary.
    """

    drawn_curves: Array
    draws: Array
    standard_error: float
    degrees: float
    systematic: float = 0.0
    centre: float = float("nan")


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
        return Uncertainty(np.broadcast_to(curve, (resamples, 1)), same, float("inf"), float("inf"), centre=position)
    drawn_curves, degrees = _drawn(sweep, curve, centre, resamples, seed)
    draws = bottom(x, drawn_curves).position
    known = draws[~np.isnan(draws)]
    noise = float(np.mean((known - position) ** 2)) if known.size else 0.0
    within_step = _gap(x, centre) ** 2 / 12.0
    middle = position
    if _one_sided(curve, centre):
        last = int(centre.best[0])
        gap = float(x[last + 1] - x[last])
        middle += gap * (_BEYOND_VERTEX if position < x[last] else _BEYOND_LAST)
        systematic = _STABILITY * gap**2
    elif method != "quadratic" or degrees == 0.0:
        systematic = within_step
    else:
        systematic = _skewness(x, curve, centre)
    variance = noise + systematic
    if degrees == 0.0:
        return Uncertainty(drawn_curves, draws, float(np.sqrt(variance)), 1.0, systematic, middle)
    combined = degrees * (variance / noise) ** 2 if noise > 0 else float("inf")
    return Uncertainty(drawn_curves, draws, float(np.sqrt(variance)), combined, systematic, middle)


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
