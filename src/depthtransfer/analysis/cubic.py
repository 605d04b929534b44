"""How far a skewed curve carries the vertex of a symmetric parabola away from its minimum.

A cubic through the same points has room for skewness. Where its minimum and the parabola's vertex differ by
more than noise explains, the difference is a bias of the parabola; it widens the interval and moves nothing,
since a cubic through five noisy points is the worse estimate of the two.
"""

import numpy as np

from depthtransfer.analysis.coordinates import Array
from depthtransfer.analysis.quadratic import REACH, Bottom, window

_TERMS = 4


def skew(x: Array, curves: Array, found: Bottom) -> Array:
    """(R,) minimum of a cubic less the position found, in the unit of x; NaN where no cubic can say.

    The cubic passes through the points that the parabola was fitted to, with the same weights of distance. It
    says nothing with fewer than four points, or where it has no minimum among the neighbours of the best one.

    Args:
        x: (V,) positions, increasing.
        curves: (R, V) finite or +inf.
        found: their bottoms, by ``depthtransfer.analysis.quadratic.bottom``.
    """
    view = window(x, curves)
    powers = np.vander(view.u.ravel(), _TERMS, increasing=True).reshape(*view.u.shape, _TERMS)
    weighted = powers * view.prior[..., None]
    normal = np.einsum("rpi,rpj->rij", weighted, powers)
    right = np.einsum("rpi,rp->ri", weighted, view.y)
    enough = view.used.sum(axis=1) >= _TERMS
    normal[~enough] = np.eye(_TERMS)
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
