"""The limit predicts the best learning rate: loss after some updates, its minimiser, and how that moves.

Gradient flow has no best learning rate; gradient descent over a fixed number of updates has one, and the exact march
gives the loss at every learning rate. Derivatives are taken through the march by forward differentiation.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.descent import UNSTABLE, is_mirror_image, require_gamma0
from depthtransfer.theory.ensemble import simulate
from depthtransfer.theory.extrapolation import to_infinite_depth
from depthtransfer.theory.initial import layer_kernels
from depthtransfer.theory.problem import Array, Branch, Problem
from depthtransfer.theory.recursion import Constants, march_rows

LIMIT_DEPTHS = (8, 16, 32)
"""Depths through which the loss is extrapolated in 1/L."""


@dataclass(frozen=True)
class Optimum:
    """Best learning rate after a fixed number of updates, in the theory.

    Attributes:
        eta0: the minimiser.
        loss: loss there.
        d_log_eta0_d_gamma0: derivative of ``log eta0`` with respect to gamma_0.
        d_log_eta0_d_beta: derivative of ``log eta0`` with respect to beta.
        curvature: second derivative of the loss with respect to ``log eta0``.
    """

    eta0: float
    loss: float
    d_log_eta0_d_gamma0: float
    d_log_eta0_d_beta: float
    curvature: float


@dataclass(frozen=True)
class MeasuredOptimum:
    """Best learning rate of an ensemble of finite networks, with a 95% interval over seeds."""

    eta0: float
    low: float
    high: float
    loss: float


@partial(jax.jit, static_argnames=("depth", "rows", "mirror"))
def _slopes(
    parameters: jax.Array, data: tuple[jax.Array, jax.Array, jax.Array], depth: int, rows: int, mirror: bool
) -> jax.Array:
    """Derivatives of ``(f, df / d log eta0)`` with respect to ``(log eta0, gamma0, beta)``: shape (2, P, 3)."""
    along = jnp.array([1.0, 0.0, 0.0])

    def final(q: jax.Array) -> jax.Array:
        return _final(q, data, depth, rows, mirror)

    def slope(q: jax.Array) -> jax.Array:
        return jnp.stack(jax.jvp(final, (q,), (along,)))

    derivatives: jax.Array = jax.jacfwd(slope)(parameters)
    return derivatives


def _final(
    parameters: jax.Array, data: tuple[jax.Array, jax.Array, jax.Array], depth: int, rows: int, mirror: bool
) -> jax.Array:
    """Predictor after ``rows - 1`` updates at ``(log eta0, gamma0, beta)`` and alpha = 1/2, (P,)."""
    rate, gamma0, beta = jnp.exp(parameters[0]), parameters[1], parameters[2]
    share = beta**2 / depth
    _, out = march_rows(Constants(rate, gamma0, share, share, share, *data), depth, rows, (True, True), mirror)
    final: jax.Array = out["f"][-1]
    return final


@dataclass(frozen=True)
class _Theory:
    """The final predictor and its derivatives at one depth, or extrapolated to infinite depth."""

    problem: Problem
    depth: int | None
    steps: int

    def _mix(self, function: Callable[[int], Array]) -> Array:
        if self.depth is not None:
            return function(self.depth)
        return to_infinite_depth([function(level) for level in LIMIT_DEPTHS], LIMIT_DEPTHS)

    def _arguments(self, level: int) -> tuple[tuple[jax.Array, jax.Array, jax.Array], int, int, bool]:
        p = self.problem
        data = (jnp.asarray(p.kernel), jnp.asarray(p.targets), jnp.asarray(p.weights))
        return data, level, self.steps + 1, is_mirror_image(p, True, True)

    def predictor(self, parameters: Array) -> Array:
        """Shape (P,)."""
        point = jnp.asarray(parameters)
        return self._mix(lambda level: np.asarray(_final(point, *self._arguments(level))))

    def loss(self, parameters: Array) -> float:
        """Loss of the predictor; large where it is not finite."""
        value = 0.5 * float(self.problem.weights @ (self.problem.targets - self.predictor(parameters)) ** 2)
        return value if math.isfinite(value) else 1e300

    def bend(self, parameters: Array) -> Array:
        """Derivatives of ``d loss / d log eta0`` with respect to ``(log eta0, gamma0, beta)``, shape (3,)."""
        point = jnp.asarray(parameters)
        both = self._mix(lambda level: np.asarray(_slopes(point, *self._arguments(level))))
        slope, curve = both  # (P, 3) each: df and d(df / d log eta0)
        rest = self.problem.targets - self.predictor(parameters)
        return np.asarray(self.problem.weights * slope[:, 0] @ slope - self.problem.weights * rest @ curve)


def stable_rate(problem: Problem, beta: float, depth: int | None = None) -> float:
    """Largest stable learning rate of the first update, ``2 / lambda_max(p K)``; `depth` None means infinite."""
    branch = Branch(beta=beta)
    if depth is None:
        initial = (2 + beta**2) * math.exp(beta**2) * problem.kernel
    else:
        initial = layer_kernels(problem, depth, "linear", branch).ntk
    root = np.sqrt(problem.weights)
    return float(UNSTABLE / np.linalg.eigvalsh(root[:, None] * initial * root[None, :])[-1])


def predicted_optimum(
    problem: Problem,
    *,
    depth: int | None = None,
    gamma0: float,
    steps: int,
    branch: Branch | None = None,
    grid: int = 40,
    derivatives: bool = True,
) -> Optimum:
    """Minimiser of the loss after `steps` updates, and its derivatives by the implicit function theorem.

    The deepest minimum on a grid of stable learning rates is refined; `depth` None means infinite depth. Compiling
    the derivatives takes longer than all the rest: without `derivatives` they and the curvature are NaN.
    """
    require_gamma0(gamma0)
    branch = branch or Branch()
    if steps < 1:
        raise ConfigurationError(f"steps = {steps}", "the best learning rate needs at least one update")
    if branch.alpha != 0.5:
        raise ConfigurationError(f"alpha = {branch.alpha}", "the optimum is predicted for alpha = 1/2")
    theory = _Theory(problem, depth, steps)

    def at(log_rate: float) -> float:
        return theory.loss(np.array([log_rate, gamma0, branch.beta]))

    logs = math.log(stable_rate(problem, branch.beta, depth)) + np.linspace(-4.0, 0.0, grid)
    losses = np.array([at(x) for x in logs])
    best = int(losses.argmin())
    if best in (0, grid - 1):
        raise ConfigurationError(
            f"the loss after {steps} updates has its minimum at the edge of the stable learning rates",
            "use another number of updates",
        )
    found = minimize_scalar(at, bracket=(logs[best - 1], logs[best], logs[best + 1]), tol=1e-9)
    if not derivatives:
        return Optimum(math.exp(found.x), float(found.fun), math.nan, math.nan, math.nan)
    bend = theory.bend(np.array([float(found.x), gamma0, branch.beta]))
    motion = -bend[1:] / bend[0]
    return Optimum(math.exp(found.x), float(found.fun), float(motion[0]), float(motion[1]), float(bend[0]))


def predicted_losses(
    problem: Problem, rates: Array, *, depth: int | None = None, gamma0: float, steps: int, beta: float = 1.0
) -> Array:
    """Loss of the theory after `steps` updates at each of `rates` (c,); `depth` None means infinite: shape (c,)."""
    theory = _Theory(problem, depth, steps)
    return np.array([theory.loss(np.array([math.log(rate), gamma0, beta])) for rate in rates])


def measured_predictors(
    problem: Problem,
    depth: int,
    width: int,
    rates: Array,
    *,
    gamma0: float,
    steps: int,
    seeds: int,
    branch: Branch | None = None,
    phi: str = "linear",
) -> Array:
    """Predictor of finite networks after `steps` updates at each of `rates` (c,): shape (seeds, c, P).

    It is averaged over the readout pair, which removes the initial predictor's fluctuation to leading order. All
    rates share their initial weights.
    """
    found = simulate(problem, depth, width, gamma0=gamma0, eta0=rates, steps=steps, seeds=seeds, phi=phi, branch=branch)
    return found.over_pairs().f[:, :, -1]


def measured_optimum(
    predictors: Array, rates: Array, problem: Problem, draws: int = 400, seed: int = 0
) -> MeasuredOptimum:
    """Best rate of an ensemble-averaged predictor, which is interpolated between rates by a cubic spline.

    Args:
        predictors: final predictors, shape (seeds, c, P).
        rates: learning rates, increasing, shape (c,), c at least 4.
        problem: the data.
        draws: number of bootstrap draws over seeds.
        seed: seed of the bootstrap.
    """
    if len(rates) < 4 or predictors.shape[1:] != (len(rates), problem.size) or (np.diff(rates) <= 0).any():
        raise ConfigurationError(
            f"predictors of shape {predictors.shape} at {len(rates)} rates",
            "give (seeds, rates, data points) at 4 or more increasing rates",
        )
    generator = np.random.default_rng(seed)
    count = len(predictors)
    picks = [np.arange(count), *generator.integers(0, count, (draws, count))]
    found = np.array([_lowest(predictors[pick].mean(axis=0), rates, problem) for pick in picks])
    low, high = np.quantile(found[1:, 0], [0.025, 0.975])
    return MeasuredOptimum(float(found[0, 0]), float(low), float(high), float(found[0, 1]))


def _lowest(f: Array, rates: Array, problem: Problem, points: int = 2001) -> tuple[float, float]:
    """Rate and loss at the minimum of the interpolated loss."""
    usable = np.isfinite(f).all(axis=1)
    logs = np.log(rates[usable])
    fine = np.linspace(logs[0], logs[-1], points)
    losses = 0.5 * (problem.targets - CubicSpline(logs, f[usable])(fine)) ** 2 @ problem.weights
    best = int(losses.argmin())
    return float(np.exp(fine[best])), float(losses[best])
