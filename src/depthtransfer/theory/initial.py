"""Kernels at initialisation: recursion over layers at finite depth, an ODE in layer time at infinite depth."""

from dataclasses import dataclass
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.activations import Activation, activation
from depthtransfer.theory.problem import Array, Branch, Problem


@dataclass(frozen=True)
class InitialKernels:
    """Kernels of an infinitely wide network before training.

    Attributes:
        tau: layer times, shape (S,); site `l` of a network of depth `L` sits at ``(l - 1) / L``.
        H: covariance of preactivations ``<h h>``, shape (S, P, P).
        Phi: ``<phi(h) phi(h)>``, shape (S, P, P).
        G: ``<g g>`` of the gradient fields, shape (S, P, P).
        ntk: tangent kernel in units of eta_0, shape (P, P).
    """

    tau: Array
    H: Array
    Phi: Array
    G: Array
    ntk: Array

    def at(self, tau: float) -> Array:
        """``H`` at layer time `tau` by linear interpolation between sites, shape (P, P)."""
        flat = self.H.reshape(len(self.tau), -1)
        values = [np.interp(tau, self.tau, column) for column in flat.T]
        return np.asarray(values).reshape(self.H.shape[1:])


def _moments(phi: Activation, covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    return phi.moments(0.5 * (covariance + covariance.T))


def layer_kernels(
    problem: Problem,
    depth: int,
    phi: str = "linear",
    branch: Branch | None = None,
    *,
    train_read_in: bool = True,
    train_readout: bool = True,
) -> InitialKernels:
    """Kernels of a network of finite `depth`: exact at infinite width.

    Recursion: ``H' = H + n Phi``, ``G = G' + n Phidot * G'`` with ``n = beta**2 L**(-2 alpha)``, from
    ``H = x.x/D`` below and ``G = Phidot`` above; the tangent kernel is the sum over trained layers.
    """
    if depth < 1:
        raise ConfigurationError(f"depth = {depth}", "a network has at least one residual branch")
    branch = branch or Branch()
    function = activation(phi)
    noise, learning = branch.noise(depth), branch.learning(depth)
    kernel = jnp.asarray(problem.kernel)

    def forward(h: jax.Array, _: None) -> tuple[jax.Array, tuple[jax.Array, jax.Array, jax.Array]]:
        value, slope = _moments(function, h)
        return h + noise * value, (h, value, slope)

    def backward(g: jax.Array, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
        below = g + noise * slope * g
        return below, below

    top, (h, value, slope) = jax.lax.scan(forward, kernel, None, length=depth)
    top_value, top_slope = _moments(function, top)
    _, g = jax.lax.scan(backward, top_slope, slope, reverse=True)
    h = jnp.concatenate([h, top[None]])
    value = jnp.concatenate([value, top_value[None]])
    g = jnp.concatenate([g, top_slope[None]])
    ntk = learning * jnp.sum(g[1:] * value[:-1], axis=0)
    ntk = ntk + train_readout * top_value + train_read_in * g[0] * kernel
    tau = np.arange(depth + 1) / depth
    return InitialKernels(tau, np.asarray(h), np.asarray(value), np.asarray(g), np.asarray(ntk))


def limit_kernels(
    problem: Problem,
    phi: str = "linear",
    branch: Branch | None = None,
    tau: Array | None = None,
    *,
    train_read_in: bool = True,
    train_readout: bool = True,
    tolerance: float = 1e-11,
) -> InitialKernels:
    """Kernels at infinite depth, by one adaptive integration in layer time.

    ``dH/dtau = n Phi``; ``-dG/dtau = n Phidot * G`` is solved by
    ``G(tau) = Phidot(1) exp(n (E(1) - E(tau)))`` with ``dE/dtau = Phidot``, and the tangent kernel of the
    blocks is ``beta**2 Phidot(1) exp(n E(1)) * J(1)`` with ``dJ/dtau = Phi exp(-n E)``. The noise ``n`` is
    ``beta**2`` at alpha = 1/2 and zero above.

    Args:
        problem: the data; only the kernel counts.
        phi: name of the activation.
        branch: constants of the branch; None means beta = 1, alpha = 1/2.
        tau: layer times to report, increasing, within [0, 1]; None means 65 equal steps' ends.
        train_read_in: whether the input layer is trained.
        train_readout: whether the readout is trained.
        tolerance: relative and absolute tolerance of the integrator.
    """
    branch = branch or Branch()
    function = activation(phi)
    noise, learning = branch.limit_noise, branch.limit_learning
    times = np.linspace(0.0, 1.0, 65) if tau is None else np.asarray(tau, dtype=np.float64)
    if times.ndim != 1 or (times < 0).any() or (times > 1).any() or (np.diff(times) < 0).any():
        raise ConfigurationError("tau is not an increasing list within [0, 1]", "sort it and stay within [0, 1]")
    kernel = jnp.asarray(problem.kernel)

    def rate(_: Any, state: jax.Array, __: None) -> jax.Array:
        h, e, _j = state
        value, slope = _moments(function, h)
        return jnp.stack([noise * value, slope, value * jnp.exp(-noise * e)])

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(rate),
        diffrax.Tsit5(),
        t0=0.0,
        t1=1.0,
        dt0=None,
        y0=jnp.stack([kernel, jnp.zeros_like(kernel), jnp.zeros_like(kernel)]),
        saveat=diffrax.SaveAt(ts=jnp.asarray(np.append(times, 1.0))),
        stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
        max_steps=100_000,
    )
    states = solution.ys
    top_value, top_slope = _moments(function, states[-1, 0])
    total = top_slope * jnp.exp(noise * states[-1, 1])
    h = states[:-1, 0]
    g = total * jnp.exp(-noise * states[:-1, 1])
    value = jax.vmap(lambda c: _moments(function, c)[0])(h)
    ntk = learning * total * states[-1, 2] + train_readout * top_value + train_read_in * total * kernel
    return InitialKernels(times, np.asarray(h), np.asarray(value), np.asarray(g), np.asarray(ntk))
