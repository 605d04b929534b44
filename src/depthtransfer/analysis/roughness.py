"""Noise of a curve that was measured once: what is rough cannot be the curve itself.

With one seed there is nothing to resample. Third differences remove any parabola and leave 20 times the
variance of independent noise, and whatever the curve has beyond a parabola; that makes the noise seem larger,
never smaller.
"""

import numpy as np

from depthtransfer.analysis.coordinates import Array

REACH = 3  # grid points on either side of the lowest
_ORDER = 3
_VARIANCE = 20.0  # of a third difference of independent noise of variance one: 1 + 9 + 9 + 1
_CORRELATION = (1.0, -15.0 / 20.0, 6.0 / 20.0, -1.0 / 20.0)  # of third differences at distance 0 to 3


def roughness(curve: Array, best: int) -> tuple[float, float]:
    """Standard deviation of a curve's noise and its degrees of freedom; NaN and 0 with fewer than four points.

    Args:
        curve: (V,) log-losses on a grid, +inf where diverged.
        best: index of the lowest point; points within ``REACH`` of it are looked at, up to the first infinite one.
    """
    finite = np.isfinite(curve)
    first = best
    while first > max(best - REACH, 0) and finite[first - 1]:
        first -= 1
    last = best
    while last < min(best + REACH, len(curve) - 1) and finite[last + 1]:
        last += 1
    if last - first < _ORDER:
        return float("nan"), 0.0
    differences = np.diff(curve[first : last + 1], n=_ORDER)
    n = len(differences)
    overlap = sum((1 if lag == 0 else 2) * (n - lag) * rho**2 for lag, rho in enumerate(_CORRELATION) if lag < n)
    return float(np.sqrt((differences**2).mean() / _VARIANCE)), n**2 / overlap
