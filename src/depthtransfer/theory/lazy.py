"""Training with a constant tangent kernel: the limit of small gamma_0."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.problem import Array, Problem


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
