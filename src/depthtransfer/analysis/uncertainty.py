"""What an optimum's interval is made of: noise, the grid, a stability boundary, skewness.

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

They add as variances. Only the noise was estimated from few numbers, so Satterthwaite's rule gives the
sum more degrees of freedom than the noise alone has.

The bootstrap gives curves that other seeds could have given. What a seed does to every value of the
hyperparameter alike moves no optimum, so it is removed first; what is left is treated as independent between
values and resampled *within* each value. Resampling whole seeds instead would leave one degree of freedom
with two seeds, and an interval of no use; this way every value of the window contributes. Residuals are
widened by sqrt(n / (n - 1)), so that the variance of a resampled mean is unbiased. Each configuration draws
from its own stream, named by its (scheme, width, depth): other rows of the table change nothing.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.parabola import METHODS, REACH, Bottom, bottom, roughness, skew
from depthtransfer.analysis.sweep import Sweep, mean_log_loss

_UNSEEN = 1.6
_BEYOND_LAST, _BEYOND_VERTEX = 0.35, 0.2  # gaps, from the last stable value and from a vertex before it
_STABILITY = 0.34**2  # variance in gaps squared


def generator(seed: int, *names: object) -> np.random.Generator:
    """A stream of random numbers of its own for these names."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], dtype=np.uint32).tolist()])


def resampled_curves(sweep: Sweep, centre: Bottom, resamples: int, seed: int) -> Array:
    """(resamples, V) mean log-losses of resampled seeds, +inf where at least half of the drawn runs diverged.

    Args:
        sweep: the runs of one configuration.
        centre: the bottom of its averaged curve; seeds are levelled over the points of that fit.
        resamples: number of curves.
        seed: of the random numbers.
    """
    V, S = sweep.log_loss.shape
    spread = _widened(sweep, centre)
    order = np.argsort(~sweep.present, axis=1, kind="stable")  # runs that exist come first
    spread = np.take_along_axis(spread, order, axis=1)
    count = sweep.present.sum(axis=1)
    rng = generator(seed, sweep.scheme, sweep.width, sweep.depth)
    drawn = (rng.random((resamples, V, S)) * count[:, None]).astype(np.intp)
    curves = spread[np.arange(V)[:, None], drawn]
    return mean_log_loss(np.where(np.arange(S) < count[:, None], curves, np.nan))


def _widened(sweep: Sweep, centre: Bottom) -> Array:
    """(V, S) log-losses, each seed's own level removed and the rest widened about the mean of its value."""
    finite = np.isfinite(sweep.log_loss)
    stable = finite.sum(axis=1, keepdims=True)
    values = np.where(finite, sweep.log_loss, 0.0)
    mean = values.sum(axis=1, keepdims=True) / np.maximum(stable, 1)
    window = window_of(centre, len(sweep.log2_values))[:, None]
    counted = finite & window
    points = counted.sum(axis=0, keepdims=True)
    level = np.where(counted, values - mean, 0.0).sum(axis=0, keepdims=True) / np.maximum(points, 1)
    levelled = np.where(finite, values - np.where(points >= 3, level, 0.0), 0.0)
    levelled_mean = levelled.sum(axis=1, keepdims=True) / np.maximum(stable, 1)
    P = max(int(window.sum()), 1)
    levels_lost = P / (P - 1) if P >= 3 else 1.0
    widening = np.sqrt(np.where(stable > 1, stable / np.maximum(stable - 1, 1), 0.0) * levels_lost)
    return np.where(finite, mean + widening * (levelled - levelled_mean), sweep.log_loss)


def window_of(centre: Bottom, V: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(V,) which points are within reach of the best one."""
    return np.abs(np.arange(V) - int(centre.best[0])) <= REACH


def degrees_of_freedom(sweep: Sweep, centre: Bottom) -> float:
    """Degrees of freedom of the bootstrap's variance; infinite where no value has two stable runs.

    Of P points in the window about 0.4 P count, because the weights of a vertex are uneven (for five points
    Satterthwaite's rule gives 2.3, and the fit is robust); each counts once less than it has seeds.
    """
    stable = np.isfinite(sweep.log_loss).sum(axis=1)[window_of(centre, len(sweep.log2_values))]
    stable = stable[stable > 0]
    spare = float((stable - 1).sum())
    if spare == 0.0:
        return float("inf")
    return max(0.4 * spare, 1.0)


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
