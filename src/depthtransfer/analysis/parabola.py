"""The bottom of a curve: a robust local parabola through the points around the lowest one.

The parabola is fitted to the *log*-loss against log2 of the hyperparameter. Training losses along a grid
span orders of magnitude and rise much faster on the side of instability than on the other; in the logarithm
the two sides are closer to symmetric, a point with twice the loss counts the same at every size, and a loss
multiplied by a constant has its optimum where it was.

A cubic through the same points has room for skewness (``skew``): where its minimum and the parabola's vertex differ
by more than noise explains, the difference is a bias of the parabola; it widens the interval and moves nothing, since
a cubic through five noisy points is the worse estimate of the two. With one seed there is nothing to resample, and
the noise is read off the roughness of the curve (``roughness``): third differences remove any parabola and leave 20
times the variance of independent noise, and whatever the curve has beyond a parabola; that makes the noise seem
larger, never smaller.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depthtransfer.analysis.coordinates import Array

REACH = 2  # grid points on either side of the lowest
_HUBER = 1.345  # 95 per cent efficiency at the normal (Huber 1964)
_CONSISTENT_MAD = 1.4826
_ITERATIONS = 6
_TRICUBE_BANDWIDTH = REACH + 0.5

_CUBIC_TERMS = 4
_ROUGH_REACH = 3  # grid points on either side of the lowest that tell of noise
_DIFFERENCES = 3
_VARIANCE = 20.0  # of a third difference of independent noise of variance one: 1 + 9 + 9 + 1
_CORRELATION = (1.0, -15.0 / 20.0, 6.0 / 20.0, -1.0 / 20.0)  # of third differences at distance 0 to 3

METHODS = ("none", "grid", "clipped", "quadratic")


@dataclass(frozen=True, eq=False)
class Bottom:
    """The bottoms of R curves.

    Attributes:
        best: (R,) index of the lowest point; 0 where every point is infinite.
        position: (R,) log2 of the optimum; NaN where every point is infinite.
        method: (R,) index into ``METHODS``: "quadratic" a vertex inside the bracket; "clipped" a vertex
            beyond it, put at its end; "grid" the lowest point, because fewer than three points were there
            or the parabola was not convex; "none" no finite point.
        points: (R,) number of points in the fit.
    """

    best: npt.NDArray[np.intp]
    position: Array
    method: npt.NDArray[np.intp]
    points: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Window:
    """What R fits look at: the points around the lowest one, in grid steps from it.

    Attributes:
        best: (R,) index of the lowest point.
        u: (R, P) distance from it in grid steps.
        y: (R, P) height above it; 0 where not used.
        used: (R, P) finite, and no infinite point between it and the lowest.
        prior: (R, P) tricube weight of its distance; 0 where not used.
        scale: the grid step.
    """

    best: npt.NDArray[np.intp]
    u: Array
    y: Array
    used: npt.NDArray[np.bool_]
    prior: Array
    scale: float


def window(x: Array, curves: Array) -> Window:
    """The points within ``REACH`` of the lowest one of each curve; arguments as for ``bottom``."""
    V = curves.shape[1]
    best = np.argmin(curves, axis=1)
    index = best[:, None] + np.arange(-REACH, REACH + 1)
    inside = (index >= 0) & (index < V)
    index = np.clip(index, 0, V - 1)
    values = curves[np.arange(len(curves))[:, None], index]
    used = _connected(inside & np.isfinite(values))
    scale = float(np.median(np.diff(x))) if V > 1 else 1.0
    u = (x[index] - x[best][:, None]) / scale
    lowest = np.where(np.isfinite(values[:, REACH]), values[:, REACH], 0.0)[:, None]
    y = np.where(used, values - lowest, 0.0)
    near = np.clip(np.abs(u) / _TRICUBE_BANDWIDTH, 0.0, 1.0)
    prior = np.where(used, np.maximum((1.0 - near**3) ** 3, 1e-3), 0.0)
    return Window(best, u, y, used, prior, scale)


def bottom(x: Array, curves: Array) -> Bottom:
    """Find the bottom of each curve.

    The window reaches ``REACH`` points to either side of the lowest point and stops before an infinite
    (diverged) one. The points carry tricube weights in their distance from the lowest and Huber weights in
    their residual, iterated a fixed number of times. The vertex is confined to the neighbours of the lowest
    point that are finite: no optimum is reported where nothing trained.

    Args:
        x: (V,) positions, increasing.
        curves: (R, V) finite or +inf.
    """
    view = window(x, curves)
    best, u, used, scale = view.best, view.u, view.used, view.scale
    vertex, convex = _robust_vertex(u, view.y, used, view.prior)
    left = np.where(used[:, REACH - 1], u[:, REACH - 1], 0.0)
    right = np.where(used[:, REACH + 1], u[:, REACH + 1], 0.0)
    confined = np.clip(vertex, left, right)
    points = used.sum(axis=1)
    fitted = convex & (points >= 3)
    position = x[best] + scale * np.where(fitted, confined, 0.0)
    method = np.where(fitted, np.where(confined == vertex, 3, 2), 1)
    nothing = ~np.isfinite(curves[np.arange(len(best)), best])
    return Bottom(best, np.where(nothing, np.nan, position), np.where(nothing, 0, method), points)


def _connected(usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep the usable points that no unusable one separates from the middle."""
    right = np.logical_and.accumulate(usable[:, REACH:], axis=1)
    left = np.logical_and.accumulate(usable[:, REACH::-1], axis=1)[:, ::-1]
    return np.concatenate([left[:, :-1], right], axis=1)


def _robust_vertex(
    u: Array, y: Array, used: npt.NDArray[np.bool_], prior: Array
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """(R,) vertex of y = a u^2 + b u + c by iteratively reweighted least squares, and whether a > 0."""
    weights = prior
    enough = used.sum(axis=1) >= 3
    a, b, c = _parabola(u, y, weights, enough)
    for _ in range(_ITERATIONS):
        residual = np.abs(y - (a[:, None] * u**2 + b[:, None] * u + c[:, None]))
        deviation = _CONSISTENT_MAD * _median(residual, used)
        limit = _HUBER * np.maximum(deviation, 1e-12 * np.max(np.abs(y), axis=1, keepdims=True) + 1e-300)
        weights = prior * np.minimum(1.0, limit / np.maximum(residual, 1e-300))
        a, b, c = _parabola(u, y, weights, enough)
    flat = a <= 1e-9 * np.max(np.abs(y), axis=1)
    return np.where(flat, 0.0, -b / np.where(flat, 1.0, 2.0 * a)), ~flat & enough


def _median(values: Array, used: npt.NDArray[np.bool_]) -> Array:
    """(R, 1) median of the used values of each row; 0 where there are none."""
    count = used.sum(axis=1, keepdims=True)
    ordered = np.sort(np.where(used, values, np.inf), axis=1)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[1] - 1), axis=1)
    return np.where(count > 0, 0.5 * (lower + upper), 0.0)


def _parabola(u: Array, y: Array, w: Array, enough: npt.NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Weighted least squares by Cramer's rule, written out because there are thousands of small systems."""
    wu, wu2 = w * u, w * u**2
    s0, s1, s2 = w.sum(1), wu.sum(1), wu2.sum(1)
    s3, s4 = (wu2 * u).sum(1), (wu2 * u**2).sum(1)
    t0, t1, t2 = (w * y).sum(1), (wu * y).sum(1), (wu2 * y).sum(1)
    d0, d1, d2 = s2 * s4 - s3 * s3, s1 * s4 - s2 * s3, s1 * s3 - s2 * s2
    determinant = s0 * d0 - s1 * d1 + s2 * d2
    good = enough & (np.abs(determinant) > 1e-300)
    inverse = np.where(good, 1.0 / np.where(good, determinant, 1.0), 0.0)
    c = (t0 * d0 - t1 * d1 + t2 * d2) * inverse
    b = (-t0 * d1 + t1 * (s0 * s4 - s2 * s2) - t2 * (s0 * s3 - s1 * s2)) * inverse
    a = (t0 * d2 - t1 * (s0 * s3 - s1 * s2) + t2 * (s0 * s2 - s1 * s1)) * inverse
    return a, b, c


def skew(x: Array, curves: Array, found: Bottom) -> Array:
    """(R,) minimum of a cubic less the position found, in the unit of x; NaN where no cubic can say.

    The cubic passes through the points that the parabola was fitted to, with the same weights of distance. It
    says nothing with fewer than four points, or where it has no minimum among the neighbours of the best one.

    Args:
        x: (V,) positions, increasing.
        curves: (R, V) finite or +inf.
        found: their bottoms, by ``bottom``.
    """
    view = window(x, curves)
    powers = np.vander(view.u.ravel(), _CUBIC_TERMS, increasing=True).reshape(*view.u.shape, _CUBIC_TERMS)
    weighted = powers * view.prior[..., None]
    normal = np.einsum("rpi,rpj->rij", weighted, powers)
    right = np.einsum("rpi,rp->ri", weighted, view.y)
    enough = view.used.sum(axis=1) >= _CUBIC_TERMS
    normal[~enough] = np.eye(_CUBIC_TERMS)
    _, slope, half_curvature, cubic = np.linalg.solve(normal, right[..., None])[..., 0].T
    square = half_curvature**2 - 3.0 * cubic * slope
    bottom_exists = enough & (square > 0)
    denominator = half_curvature + np.sqrt(np.where(bottom_exists, square, 0.0))
    bottom_exists &= denominator > 0
    minimum = -slope / np.where(bottom_exists, denominator, 1.0)
    left = np.where(view.used[:, REACH - 1], view.u[:, REACH - 1], 0.0)
    right_end = np.where(view.used[:, REACH + 1], view.u[:, REACH + 1], 0.0)
    bottom_exists &= (minimum >= left) & (minimum <= right_end)
    moved = x[found.best] + view.scale * minimum - found.position
    return np.where(bottom_exists, moved, np.nan)


def roughness(curve: Array, best: int) -> tuple[float, float]:
    """Standard deviation of a curve's noise and its degrees of freedom; NaN and 0 with fewer than four points.

    Args:
        curve: (V,) log-losses on a grid, +inf where diverged.
        best: index of the lowest point; points near it are looked at, up to the first infinite one.
    """
    finite = np.isfinite(curve)
    first = best
    while first > max(best - _ROUGH_REACH, 0) and finite[first - 1]:
        first -= 1
    last = best
    while last < min(best + _ROUGH_REACH, len(curve) - 1) and finite[last + 1]:
        last += 1
    if last - first < _DIFFERENCES:
        return float("nan"), 0.0
    differences = np.diff(curve[first : last + 1], n=_DIFFERENCES)
    n = len(differences)
    overlap = sum((1 if lag == 0 else 2) * (n - lag) * rho**2 for lag, rho in enumerate(_CORRELATION) if lag < n)
    return float(np.sqrt((differences**2).mean() / _VARIANCE)), n**2 / overlap
