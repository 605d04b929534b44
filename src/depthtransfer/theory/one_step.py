"""Kernels after a single update of a linear network, in closed form at infinite width and depth."""

import numpy as np
import numpy.typing as npt

from depthtransfer.theory.branch import Branch
from depthtransfer.theory.problem import Array


def one_step_kernel(
    tau: npt.ArrayLike,
    *,
    gamma0: npt.ArrayLike,
    eta0: float,
    target: float = 1.0,
    branch: Branch | None = None,
    train_ends: bool = True,
) -> Array:
    """``H(tau)`` after one gradient step of size `eta0` on one datum with ``|x|**2 = D``; exact for every gamma_0.

    With two time slices every operator is nilpotent. With ``k = eta_0 gamma_0 y``, ``b = beta**2``, ``x = b tau`` and
    ``e = 1`` for trained ends (else 0), at alpha = 1/2: ``Q = k e**x (e + x)``, so
    ``H = e**x [1 + k**2 e**b (2/3 ((e + x)**3 - e) + (e + x)**2)]``; above 1/2 noise is gone and
    ``H = 1 + k**2 (e + x)**2``.

    Args:
        tau: layer times, any shape broadcasting against `gamma0`.
        gamma0: feature-learning strength.
        eta0: size of the step.
        target: the datum's target.
        branch: constants of the branch.
        train_ends: whether the input layer and the readout are trained.
    """
    branch = branch or Branch()
    x = branch.limit_learning * np.asarray(tau, dtype=np.float64)
    k = eta0 * target * np.asarray(gamma0, dtype=np.float64)
    reach = float(train_ends) + x
    if branch.limit_noise == 0.0:
        return np.asarray(1 + k**2 * reach**2)
    swollen = 2 / 3 * (reach**3 - float(train_ends)) + reach**2
    return np.asarray(np.exp(x) * (1 + k**2 * np.exp(branch.limit_noise) * swollen))
