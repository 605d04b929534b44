"""What has a closed form: training with a constant tangent kernel (small gamma_0), one update of a linear network."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.problem import Array, Branch, Problem


def lazy_flow(problem: Problem, ntk: Array, eta0: float, times: npt.ArrayLike) -> Array:
    """Residual ``y - f`` under gradient flow with a constant tangent kernel: ``df/dt = eta_0 K p (y - f)``, f(0) = 0.

    Args:
        problem: the data.
        ntk: tangent kernel, shape (P, P).
        eta0: learning rate, not negative.
        times: shape (T,), not negative.

    Returns:
        Residuals, shape (T, P); the predictor is the targets minus these.
    """
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if not np.isfinite(t).all() or (t < 0).any():
        raise ConfigurationError("times hold a negative or infinite value", "give times of at least 0")
    return _residual(problem, ntk, eta0, lambda rates: np.exp(-np.outer(t, rates)))


def lazy_descent(problem: Problem, ntk: Array, eta0: float, step: float, steps: int) -> Array:
    """Residual ``y - f`` under gradient descent with a constant tangent kernel, after 0 to `steps` steps.

    Returns:
        Residuals, shape (steps + 1, P).
    """
    count = np.arange(steps + 1)[:, None]
    return _residual(problem, ntk, eta0 * step, lambda rates: (1 - rates)[None, :] ** count)


def _residual(problem: Problem, ntk: Array, rate: float, decay: Callable[[Array], Array]) -> Array:
    """Residuals (rows, P): in the eigenbasis of ``sqrt(p) K sqrt(p)`` every mode decays by itself.

    Points without weight follow the others: their predictor is ``K p`` times the decayed part of the residual.
    """
    if not rate >= 0:
        raise ConfigurationError(f"learning rate {rate}", "it must not be negative")
    if ntk.shape != (problem.size, problem.size):
        raise ConfigurationError(f"tangent kernel of shape {ntk.shape}", f"{problem.size} data points need a square")
    root = np.sqrt(problem.weights)
    values, vectors = np.linalg.eigh(root[:, None] * ntk * root[None, :])
    values = np.maximum(values, 0.0)
    factor = decay(rate * values)
    start = vectors.T @ (root * problem.targets)
    if (root > 0).all():
        return np.asarray((factor * start) @ vectors.T / root)
    safe = np.where(values > 1e-14 * max(values.max(), 1e-300), values, np.inf)
    spent = ((1 - factor) / safe * start) @ vectors.T * root
    return np.asarray(problem.targets - spent @ ntk)


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
