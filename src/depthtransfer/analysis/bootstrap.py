"""Bootstrap over seeds: curves that other seeds could have given.

What a seed does to every value of the hyperparameter alike moves no optimum, so it is removed first; what
is left is treated as independent between values and resampled *within* each value. Resampling whole seeds
instead would leave one degree of freedom with two seeds, and an interval of no use; this way every value of
the window contributes. Residuals are widened by sqrt(n / (n - 1)), so that the variance of a resampled mean
is unbiased. Each configuration draws from its own stream, named by its (scheme, width, depth): other rows
of the table change nothing.
"""

import hashlib

import numpy as np

from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.parabola import REACH, Bottom
from depthtransfer.analysis.sweep import Sweep, mean_log_loss


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
