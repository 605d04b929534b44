"""To infinite depth by a polynomial in 1/L through several depths."""

import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.problem import Array


def depth_weights(depths: npt.ArrayLike) -> Array:
    """Weights, summing to one, with which values at `depths` combine to the value at 1/L = 0.

    The polynomial in ``1/L`` through all depths is evaluated at zero (Lagrange); with depths that double this is
    Richardson's scheme. The weights grow with the number of depths, and errors of sampling with them.
    """
    x = 1.0 / np.asarray(depths, dtype=np.float64)
    if x.ndim != 1 or x.size < 2 or len(set(x.tolist())) != x.size or not (x > 0).all():
        raise ConfigurationError(f"depths {np.asarray(depths).tolist()}", "give at least two different depths")
    others = x[None, :] - x[:, None]
    np.fill_diagonal(others, 1.0)
    ratio = np.broadcast_to(x[None, :], others.shape).copy()
    np.fill_diagonal(ratio, 1.0)
    return np.asarray((ratio / others).prod(axis=1))


def to_infinite_depth(values: npt.ArrayLike, depths: npt.ArrayLike) -> Array:
    """Extrapolate `values` (number of depths, ...) to infinite depth: shape (...)."""
    return np.asarray(np.tensordot(depth_weights(depths), np.asarray(values), axes=1))
