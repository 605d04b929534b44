"""At which power of the depth networks approach the infinite one, seen from the deepest that was trained.

The distance to the deepest network of depth M is not the distance to the limit: if the latter falls as L^r, the
former is |L^r - M^r|, which falls steeply near M whatever r is. So r is fitted to that, not to a slope.
"""

from collections.abc import Sequence

import numpy as np

_POWERS = np.concatenate([np.linspace(-4.0, -0.01, 400), np.linspace(0.01, 2.0, 200)])


def approach(depths: Sequence[float], distances: Sequence[float], deepest: float) -> float:
    """The power r for which the distances are nearest, in their logarithms, to a constant times L^r - deepest^r.

    Args:
        depths: at least two, each below ``deepest``.
        distances: to the network of depth ``deepest``, in any unit.
        deepest: depth of the network that stands for the limit.

    Returns:
        A power between -4 and 2; above 0 there is no limit that is approached. NaN where no power in between fits
        best, a distance is not positive or there are fewer than two.
    """
    L, found = np.asarray(depths, dtype=float), np.asarray(distances, dtype=float)
    if len(L) < 2 or not (found > 0).all():
        return float("nan")
    expected = np.log(np.abs(L ** _POWERS[:, None] - deepest ** _POWERS[:, None]))
    residual = np.log(found) - expected
    misfit = residual.var(axis=1)
    best = int(misfit.argmin())
    return float(_POWERS[best]) if 0 < best < len(_POWERS) - 1 else float("nan")
