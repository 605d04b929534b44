"""One datum, gradient flow, infinite width and depth: the linear theory in its universal form.

The residual enters only through ``d kappa = eta_0 gamma_0 Delta dt``. In this clock nothing depends on the learning
rate, on gamma_0 or on the target: ``F(kappa) = gamma_0 f`` and ``H(tau; kappa, kappa')`` are universal functions,
and training is the scalar equation ``d kappa / dt = eta_0 (gamma_0 y - F(kappa))`` with ``F' = K``.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory import chebyshev, embedding
from depthtransfer.theory.branch import Branch
from depthtransfer.theory.descent import require_gamma0
from depthtransfer.theory.problem import Array

SWEEPS = 400
SETTLED = 3e-14
RESOLUTIONS = (24, 40, 64)
SMALLEST_REACH = 1e-3
"""Functions are solved at least this far, so that rounding stays small against them."""
LARGEST_REACH = 8.0
"""Largest ``gamma_0 |y|`` in units of the initial tangent kernel that `RESOLUTIONS` suffice for."""


@dataclass(frozen=True)
class Universal:
    """Universal functions on ``[0, end]``, at Chebyshev nodes of ``kappa`` (n) and of layer time (M).

    Attributes:
        end: largest ``kappa``.
        F: ``gamma_0 f``, shape (n,).
        K: tangent kernel, shape (n,).
        H: ``<h(kappa) h(kappa')>``, shape (M, n, n); ``G(tau) = H(1 - tau)``.
        spread: largest difference between ``F`` read off at different layer times; zero but for rounding.
    """

    end: float
    F: Array
    K: Array
    H: Array
    spread: float


@dataclass(frozen=True)
class FlowSolution:
    """Training under gradient flow, for `T` requested times.

    Attributes:
        time: shape (T,).
        kappa: the universal clock, shape (T,).
        f: predictor, shape (T,).
        residual: ``y - f``, accurate relative to itself, shape (T,).
        loss: ``residual**2 / 2``, shape (T,).
        ntk: tangent kernel in units of eta_0, shape (T,).
        universal: the functions behind it.
    """

    time: Array
    kappa: Array
    f: Array
    residual: Array
    loss: Array
    ntk: Array
    universal: Universal

    def H(self, tau: npt.ArrayLike) -> Array:  # noqa: N802 - the symbol of the kernel
        """``<h(tau, t) h(tau, s)>`` at layer times `tau` (S,) between all requested times: shape (S, T, T)."""
        layers = np.atleast_1d(np.asarray(tau, dtype=np.float64))
        in_depth = chebyshev.interpolation(len(self.universal.H), layers)
        place = np.clip(np.abs(self.kappa) / self.universal.end, 0.0, 1.0)
        in_time = chebyshev.interpolation(len(self.universal.F), place)
        return np.asarray(np.einsum("ab,bij,ti,sj->ats", in_depth, self.universal.H, in_time, in_time, optimize=True))

    def G(self, tau: npt.ArrayLike) -> Array:  # noqa: N802 - the symbol of the kernel
        """``<g(tau, t) g(tau, s)>``: the mirror image of ``H``, shape (S, T, T)."""
        return self.H(1.0 - np.atleast_1d(np.asarray(tau, dtype=np.float64)))


@partial(jax.jit, static_argnames=("count", "layers"))
def universal_functions(
    end: jax.Array, noise: jax.Array, learning: jax.Array, ends: jax.Array, count: int, layers: int
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array]:
    """``F`` (M, n), ``K`` (n), ``H`` (M, n, n), the last change and the number of sweeps; differentiable forward."""
    ones = jnp.ones((2, count, count))
    memory = end * jnp.asarray(chebyshev.integration(count))
    medium = embedding.Medium(memory, noise, learning, ones, jnp.stack([ends, ends]))
    first = embedding.start(medium, layers)

    def unsettled(carry: tuple[embedding.Embedding, jax.Array, jax.Array]) -> jax.Array:
        _, moved, sweeps = carry
        return (moved > SETTLED) & (moved < 1e8) & (sweeps < SWEEPS)

    def again(
        carry: tuple[embedding.Embedding, jax.Array, jax.Array],
    ) -> tuple[embedding.Embedding, jax.Array, jax.Array]:
        old, _, sweeps = carry
        new, _, _ = embedding.sweep(old, medium)
        scale = 1 + jnp.abs(new.noise).max()
        return new, embedding.change(new, old) / scale, sweeps + 1

    final, moved, sweeps = jax.lax.while_loop(unsettled, again, (first, jnp.asarray(1.0), jnp.asarray(0)))
    kernel, _, cross = embedding.kernels(final)
    ntk = jnp.diagonal(embedding.tangent_kernel(kernel, medium))
    return jnp.diagonal(cross, axis1=1, axis2=2), ntk, kernel[0], moved, sweeps


def _solve(end: float, branch: Branch, ends: bool, count: int) -> Universal | None:
    """Universal functions up to `end`, or None where they do not settle."""
    F, K, H, moved, _ = universal_functions(
        jnp.asarray(end),
        jnp.asarray(branch.limit_noise),
        jnp.asarray(branch.limit_learning),
        jnp.asarray(float(ends)),
        count,
        _layers(branch),
    )
    if not float(moved) < 1e-11:
        return None
    spread = float(jnp.abs(F - F[-1]).max())
    return Universal(end, np.asarray(F[-1]), np.asarray(K), np.asarray(H), spread)


def _layers(branch: Branch) -> int:
    """Chebyshev nodes in layer time: kernels grow like ``exp(beta**2 tau)``."""
    return 20 if branch.limit_learning <= 2 else 40


def universal(reach: float, branch: Branch | None = None, *, train_ends: bool = True) -> Universal:
    """Universal functions up to the ``kappa`` at which ``F`` has just passed `reach`.

    ``F`` blows up at a finite ``kappa``, so the end is found by bisection between solutions that fall short and
    solutions that overshoot or do not settle.

    Args:
        reach: value of ``gamma_0 |y|`` that training will approach, above 0.
        branch: constants of the branch.
        train_ends: whether the input layer and the readout are trained.
    """
    branch = branch or Branch()
    grown = np.exp(branch.limit_noise)
    initial = branch.limit_learning * grown + 2 * grown * train_ends
    if reach > LARGEST_REACH * initial:
        raise _beyond(reach)
    for count in RESOLUTIONS:
        low, high = 0.0, reach / initial
        best: Universal | None = None
        for _ in range(30):
            middle = high if best is None and low == 0.0 else 0.5 * (low + high)
            found = _solve(middle, branch, train_ends, count)
            if found is None or not np.isfinite(found.F).all() or found.F[-1] > 1.15 * reach:
                high = middle
                low = low or 1e-12 * high
            elif found.F[-1] < reach:
                low = middle
            else:
                best = found
                break
        if best is not None and np.abs(chebyshev.coefficients(best.F)[-2:]).max() < 1e-10 * reach:
            return best
    raise _beyond(reach)


def _beyond(reach: float) -> ConfigurationError:
    return ConfigurationError(
        f"gamma0 * |target| = {reach:g} lies beyond what the infinite-depth solver resolves",
        "use a smaller gamma0 * |target|, or a finite depth with a step",
    )


@partial(jax.jit, static_argnames=("count",))
def integrate_clock(
    F: jax.Array, K: jax.Array, end: jax.Array, eta0: jax.Array, pull: jax.Array, times: jax.Array, count: int
) -> tuple[jax.Array, jax.Array]:
    """``kappa`` and ``log(1 - F / pull)`` at `times` (increasing); ``pull = gamma_0 |y|``.

    The logarithm of the residual is carried as a state of its own, so that a small residual keeps its digits.
    """
    basis = jnp.asarray(chebyshev.coefficients(np.eye(count)))

    def tangent(kappa: jax.Array) -> jax.Array:
        angle = jnp.arccos(jnp.clip(2 * kappa / end - 1, -1 + 1e-15, 1 - 1e-15))
        return jnp.cos(angle * jnp.arange(count)) @ (basis @ K)

    def rate(_: Any, state: jax.Array, __: None) -> jax.Array:
        return jnp.stack([eta0 * pull * jnp.exp(state[1]), -eta0 * tangent(state[0])])

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(rate),
        diffrax.Dopri8(),
        t0=0.0,
        t1=jnp.maximum(times[-1], 1e-12),
        dt0=None,
        y0=jnp.zeros(2),
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.PIDController(rtol=1e-11, atol=1e-13),
        adjoint=diffrax.ForwardMode(),
        max_steps=200_000,
    )
    return solution.ys[:, 0], solution.ys[:, 1]


def linear_flow(
    *,
    gamma0: float,
    eta0: float,
    target: float,
    times: npt.ArrayLike,
    branch: Branch | None = None,
    train_ends: bool = True,
) -> FlowSolution:
    """Gradient flow of a linear network on one datum with ``|x|**2 = D``, at infinite width and depth.

    Args:
        gamma0: feature-learning strength, above 0.
        eta0: learning rate, not negative.
        target: the datum's target; its sign only mirrors the solution.
        times: requested times, shape (T,), not negative, in any order.
        branch: constants of the branch; None means beta = 1, alpha = 1/2.
        train_ends: whether the input layer and the readout are trained.
    """
    require_gamma0(gamma0)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if not np.isfinite(t).all() or (t < 0).any() or t.size == 0:
        raise ConfigurationError("times hold a negative or infinite value, or none", "give times of at least 0")
    if not (np.isfinite(target) and np.isfinite(eta0) and eta0 >= 0):
        raise ConfigurationError(f"eta0 = {eta0}, target = {target}", "give finite numbers, eta0 of at least 0")
    pull = gamma0 * abs(target)
    functions = universal(max(pull, SMALLEST_REACH), branch, train_ends=train_ends)
    order = np.argsort(t)
    kappa, log_part = integrate_clock(
        jnp.asarray(functions.F),
        jnp.asarray(functions.K),
        jnp.asarray(functions.end),
        jnp.asarray(eta0),
        jnp.asarray(pull),
        jnp.asarray(t[order]),
        len(functions.F),
    )
    back = np.argsort(order)
    clock, part = np.asarray(kappa)[back], np.exp(np.asarray(log_part))[back]
    residual = target * part
    place = np.clip(clock / functions.end, 0.0, 1.0)
    ntk = chebyshev.interpolation(len(functions.K), place) @ functions.K
    f = -target * np.expm1(np.asarray(log_part)[back])
    return FlowSolution(t, clock, f, residual, 0.5 * residual**2, ntk, functions)
