"""Several data points, gradient flow, infinite width and depth: the linear theory on Chebyshev nodes in time."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory import chebyshev, embedding
from depthtransfer.theory.branch import Branch
from depthtransfer.theory.descent import require_gamma0
from depthtransfer.theory.initial import limit_kernels
from depthtransfer.theory.lazy import lazy_flow
from depthtransfer.theory.memory import require_memory
from depthtransfer.theory.problem import Array, Problem

SWEEPS = 300
SETTLED = 1e-12


@dataclass(frozen=True)
class ManyFlowSolution:
    """Training under gradient flow on `P` data points, for `T` requested times.

    Attributes:
        time: shape (T,).
        f: predictor, shape (T, P).
        loss: ``sum_mu p_mu (y_mu - f_mu)**2 / 2``, shape (T,).
        ntk: tangent kernel in units of eta_0, shape (T, P, P).
        tau: layer times of the kernels, shape (M,).
        H: ``<h(t) h(s)>``, shape (M, T, P, T, P).
        G: ``<g(t) g(s)>``, same shape.
    """

    time: Array
    f: Array
    loss: Array
    ntk: Array
    tau: Array
    H: Array
    G: Array


@partial(jax.jit, static_argnames=("count", "layers", "points"))
def _settle(
    pace: jax.Array, setup: dict[str, jax.Array], damping: jax.Array, count: int, layers: int, points: int
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Residuals (n, P), kernels (2, M, n P, n P), tangent kernel (n P, n P), and the last change.

    `pace` (n,) is ``d t / d x`` times the length of the interval of ``x``, times eta_0.
    """
    integrate = jnp.asarray(chebyshev.integration(count))
    shape = (count * points, count * points)
    tiled = jnp.broadcast_to(setup["kernel"][None, :, None, :], (count, points, count, points)).reshape(shape)
    source = jnp.stack([tiled, jnp.ones(shape)])

    def medium(residual: jax.Array) -> embedding.Medium:
        force = setup["gamma0"] * pace[:, None] * setup["weights"] * residual
        memory = jnp.broadcast_to(
            integrate[:, None, :, None] * force[None, None, :, :], (count, points, count, points)
        ).reshape(shape)
        return embedding.Medium(memory, setup["noise"], setup["learning"], source, setup["ends"])

    def predictor(cross: jax.Array) -> jax.Array:
        f: jax.Array = jnp.diagonal(cross[-1]).reshape(count, points) / setup["gamma0"]
        return f

    Carry = tuple[embedding.Embedding, jax.Array, jax.Array, jax.Array]

    def unsettled(carry: Carry) -> jax.Array:
        _, _, moved, sweeps = carry
        return (moved > SETTLED) & (moved < 1e8) & (sweeps < SWEEPS)

    def again(carry: Carry) -> Carry:
        old, residual, _, sweeps = carry
        new, _, cross = embedding.sweep(old, medium(residual))
        mixed = embedding.Embedding(*(a + damping * (b - a) for a, b in zip(old, new, strict=True)))
        target = setup["targets"] - predictor(cross)
        next_residual = residual + damping * (target - residual)
        moved = jnp.maximum(embedding.change(new, old), jnp.abs(target - residual).max())
        return mixed, next_residual, moved, sweeps + 1

    guess = setup["lazy"]
    start = (embedding.start(medium(guess), layers), guess, jnp.asarray(1.0), jnp.asarray(0))
    final, residual, moved, _ = jax.lax.while_loop(unsettled, again, start)
    kernel, _, cross = embedding.kernels(final)
    return (
        setup["targets"] - predictor(cross), kernel, embedding.tangent_kernel(kernel, medium(residual)), moved
    )  # fmt: skip


def linear_flow_many(
    problem: Problem,
    *,
    gamma0: float,
    eta0: float,
    times: npt.ArrayLike,
    branch: Branch | None = None,
    train_read_in: bool = True,
    train_readout: bool = True,
    nodes: int = 28,
    layers: int = 18,
    memory_limit: int | None = None,
) -> ManyFlowSolution:
    """Gradient flow of a linear network on several data points, at infinite width and depth.

    All times are solved together as a fixed point, on `nodes` Chebyshev nodes of ``x = 1 - exp(-c t)`` with ``c``
    the slowest initial rate. One datum is solved better by `linear_flow`.

    Args:
        problem: the data.
        gamma0: feature-learning strength, above 0.
        eta0: learning rate, above 0.
        times: requested times, shape (T,), not negative, at least one above 0.
        branch: constants of the branch.
        train_read_in: whether the input layer is trained.
        train_readout: whether the readout is trained.
        nodes: nodes in training time; the error falls exponentially with them.
        layers: nodes in layer time.
        memory_limit: bytes allowed; None means nine tenths of what is free.

    Raises:
        ConfigurationError: bad input, or the fixed point is not reached (large ``gamma0 * targets``).
    """
    require_gamma0(gamma0)
    branch = branch or Branch()
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if t.size == 0 or not np.isfinite(t).all() or (t < 0).any() or t.max() == 0 or not eta0 > 0:
        raise ConfigurationError(
            "times or eta0 out of range", "give times of at least 0, one above it, and eta0 above 0"
        )
    points = problem.size
    require_memory(
        30 * 2 * layers * 8 * (nodes * points) ** 2, memory_limit,
        f"{points} data points on {nodes} nodes in time and {layers} in depth",
        lambda share: f"{int(nodes * np.sqrt(share))} nodes would fit",
    )  # fmt: skip
    initial = limit_kernels(problem, "linear", branch, np.array([0.0, 1.0]),
                            train_read_in=train_read_in, train_readout=train_readout).ntk  # fmt: skip
    root = np.sqrt(problem.weights)
    rates = eta0 * np.linalg.eigvalsh(root[:, None] * initial * root[None, :])
    slow = float(np.clip(rates[rates > 1e-9 * rates[-1]].min(), 1 / t.max(), 30 / t.max()))
    end = -np.expm1(-slow * t.max())
    x = end * chebyshev.nodes(nodes)
    as_array = partial(jnp.asarray, dtype=jnp.float64)
    setup = {
        "kernel": as_array(problem.kernel), "targets": as_array(problem.targets), "weights": as_array(problem.weights),
        "gamma0": as_array(gamma0), "noise": as_array(branch.limit_noise), "learning": as_array(branch.limit_learning),
        "ends": as_array([float(train_read_in), float(train_readout)]),
        "lazy": as_array(lazy_flow(problem, initial, eta0, -np.log1p(-x) / slow)),
    }  # fmt: skip
    pace = as_array(eta0 * end / slow / (1 - x))
    for damping in (1.0, 0.5, 0.25):
        residual, kernel, ntk, moved = _settle(pace, setup, as_array(damping), nodes, layers, points)
        if float(moved) < 1e-9:
            break
    else:
        raise ConfigurationError(
            f"no fixed point for gamma0 = {gamma0:g} up to time {t.max():g}",
            "use the march at several depths and extrapolate, or a smaller gamma0",
        )
    return _report(
        problem,
        t,
        -np.expm1(-slow * t) / end,
        np.asarray(residual),
        np.asarray(kernel),
        np.asarray(ntk),
        layers,
    )


def _report(
    problem: Problem, t: Array, place: Array, residual: Array, kernel: Array, ntk: Array, layers: int
) -> ManyFlowSolution:
    count, points = residual.shape
    at = chebyshev.interpolation(count, np.clip(place, 0.0, 1.0))
    shape = (layers, count, points, count, points)
    moved = [
        np.einsum("ti,aipjq,sj->atpsq", at, k.reshape(shape), at, optimize=True) for k in (kernel[0], kernel[1][::-1])
    ]
    diagonal = np.einsum("ipiq->ipq", ntk.reshape(count, points, count, points))
    left = at @ residual
    return ManyFlowSolution(
        time=t, f=problem.targets - left, loss=0.5 * left**2 @ problem.weights,
        ntk=np.tensordot(at, diagonal, axes=1), tau=chebyshev.nodes(layers), H=moved[0], G=moved[1],
    )  # fmt: skip
