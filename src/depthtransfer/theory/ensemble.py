"""Finite networks to hold the theory against: exact gradient descent of many seeds at once.

A weight matrix after `t` updates is its initial value plus `t` outer products of fields that are known already, so
only the initial matrices are stored and multiplied; the updates are inner products of histories. Networks that
differ in gamma_0, in the learning rate or in the sign of the readout share their initial matrices.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.activations import activation
from depthtransfer.theory.memory import require_memory
from depthtransfer.theory.problem import Array, Branch, Problem


@dataclass(frozen=True)
class EnsembleSolution:
    """Training of finite networks; `n` seeds, `c` pairs of (gamma_0, rate), `a` readout signs, `T` rows.

    Attributes:
        f: predictor, shape (n, c, a, T, P).
        H: ``<h h>`` over neurons at equal times, sites ``l = 1..L+1``, shape (n, c, a, T, L + 1, P, P).
        G: ``<g g>``, same shape.
        ntk: tangent kernel in units of eta_0, shape (n, c, a, T, P, P).
    """

    f: Array
    H: Array
    G: Array
    ntk: Array

    def over_pairs(self) -> "EnsembleSolution":
        """Averages over the readout signs: independent samples along the first axis, shapes without `a`."""
        return EnsembleSolution(*(v.mean(axis=2) for v in (self.f, self.H, self.G, self.ntk)))


class InitialWeights(NamedTuple):
    """Initial fields and weights of one network, all of unit variance.

    Attributes:
        first: ``h`` at the lowest site, ``W^0 x / sqrt(D)``, shape (P, N).
        blocks: shape (L, N, N).
        readout: shape (N,).
    """

    first: jax.Array
    blocks: jax.Array
    readout: jax.Array


class _Setup(NamedTuple):
    rate: jax.Array  # (C,), eta_0 step
    gamma0: jax.Array  # (C,)
    sign: jax.Array  # (C,)
    kernel: jax.Array
    targets: jax.Array
    weights: jax.Array
    noise: jax.Array
    learning: jax.Array
    ends: jax.Array  # (2,), 1.0 where trained


def initial_weights(key: jax.Array, kernel: jax.Array, depth: int, width: int) -> InitialWeights:
    """Draw a network; the dtype is the kernel's. `kernel` (P, P) enters through its symmetric square root."""
    ends = jax.random.split(key, 3)
    values, vectors = jnp.linalg.eigh(kernel)
    root = (vectors * jnp.sqrt(jnp.maximum(values, 0.0))) @ vectors.T
    draw = partial(jax.random.normal, dtype=kernel.dtype)
    return InitialWeights(
        root @ draw(ends[0], (kernel.shape[0], width)),
        draw(ends[1], (depth, width, width)),
        draw(ends[2], (width,)),
    )


def _train(start: InitialWeights, setup: _Setup, rows: int, phi: str) -> dict[str, jax.Array]:
    """One seed, all of its configurations: arrays with leading axis T, then (C, ...)."""
    function = activation(phi)
    depth, width = start.blocks.shape[0], start.blocks.shape[1]
    points, configs = start.first.shape[0], setup.rate.shape[0]
    dtype = start.first.dtype
    scale = jnp.sqrt(setup.noise / width)
    readout = setup.sign[:, None] * start.readout

    def through(weight: jax.Array, fields: jax.Array) -> jax.Array:
        return (fields.reshape(configs * points, width) @ weight).reshape(fields.shape)

    def learned(pull: jax.Array, left: jax.Array, right: jax.Array, now: jax.Array) -> jax.Array:
        """``sum_s pull_s left_s <right_s now>``: (C, P, N) from histories (C, T P, N)."""
        overlap = jnp.einsum("csn,cpn->cps", right, now) / width
        return jnp.einsum("cps,csn->cpn", overlap * pull[:, None, :], left)

    def row(t: jax.Array, carry: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        past_v, past_g, pull, f_out, h_out, g_out, k_out = carry
        moved = jnp.einsum(
            "pq,ctq,ctqn->cpn",
            setup.kernel,
            pull.reshape(configs, rows, points),
            past_g[0].reshape(configs, rows, points, width),
        )
        h = start.first + setup.ends[0] * moved

        def up(h: jax.Array, x: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            weight, mine, above = x
            v = function.value(h)
            new = h + scale * through(weight.T, v) + setup.learning * learned(pull, above, mine, v)
            return new, (h, v)

        top, (hs, vs) = jax.lax.scan(up, h, (start.blocks, past_v[:-1], past_g[1:]))
        hs = jnp.concatenate([hs, top[None]])
        vs = jnp.concatenate([vs, function.value(top)[None]])
        w = readout + setup.ends[1] * jnp.einsum("cs,csn->cn", pull, past_v[-1])
        f = jnp.einsum("cn,cpn->cp", w, vs[-1]) / width / setup.gamma0[:, None]

        def down(g: jax.Array, x: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
            weight, mine, above, h = x
            inner = scale * through(weight, g) + setup.learning * learned(pull, mine, above, g)
            new = g + function.slope(h) * inner
            return new, new

        last = function.slope(top) * w[:, None, :]
        _, gs = jax.lax.scan(down, last, (start.blocks, past_v[:-1], past_g[1:], hs[:-1]), reverse=True)
        gs = jnp.concatenate([gs, last[None]])

        def overlaps(a: jax.Array) -> jax.Array:
            return jnp.einsum("lcpn,lcqn->lcpq", a, a) / width

        v_kernel, g_kernel = overlaps(vs), overlaps(gs)
        ntk = setup.learning * jnp.sum(g_kernel[1:] * v_kernel[:-1], axis=0)
        ntk = ntk + setup.ends[1] * v_kernel[-1] + setup.ends[0] * g_kernel[0] * setup.kernel
        force = setup.gamma0[:, None] * setup.rate[:, None] * setup.weights * (setup.targets - f)
        place = t * points
        zero = jnp.zeros_like(place)
        put = jax.lax.dynamic_update_slice
        return (
            put(past_v, vs, (zero, zero, place, zero)),
            put(past_g, gs, (zero, zero, place, zero)),
            put(pull, force, (zero, place)),
            f_out.at[t].set(f),
            h_out.at[t].set(jnp.swapaxes(overlaps(hs), 0, 1)),
            g_out.at[t].set(jnp.swapaxes(g_kernel, 0, 1)),
            k_out.at[t].set(ntk),
        )

    history = jnp.zeros((depth + 1, configs, rows * points, width), dtype)
    kernels = jnp.zeros((rows, configs, depth + 1, points, points), dtype)
    carry = (
        history, history, jnp.zeros((configs, rows * points), dtype), jnp.zeros((rows, configs, points), dtype),
        kernels, kernels, jnp.zeros((rows, configs, points, points), dtype),
    )  # fmt: skip
    out = jax.lax.fori_loop(0, rows, row, carry)
    return dict(zip(("f", "H", "G", "ntk"), out[3:], strict=True))


@partial(jax.jit, static_argnames=("depth", "width", "rows", "phi"))
def _run(keys: jax.Array, setup: _Setup, depth: int, width: int, rows: int, phi: str) -> dict[str, jax.Array]:
    def one(key: jax.Array) -> dict[str, jax.Array]:
        return _train(initial_weights(key, setup.kernel, depth, width), setup, rows, phi)

    trained: dict[str, jax.Array] = jax.lax.map(one, keys)
    return trained


def simulate(
    problem: Problem,
    depth: int,
    width: int,
    *,
    gamma0: npt.ArrayLike,
    eta0: npt.ArrayLike,
    step: float = 1.0,
    steps: int,
    seeds: int,
    first_seed: int = 0,
    phi: str = "linear",
    branch: Branch | None = None,
    antithetic: bool = True,
    train_read_in: bool = True,
    train_readout: bool = True,
    dtype: npt.DTypeLike = np.float64,
    memory_limit: int | None = None,
) -> EnsembleSolution:
    """Gradient descent of finite networks, exact up to rounding.

    Args:
        problem: the data; inputs enter through their kernel.
        depth: number of residual branches L.
        width: number of neurons N.
        gamma0: feature-learning strengths, shape (c,) or a number.
        eta0: learning rates, shape (c,) or a number; broadcast against `gamma0`.
        step: length of one update in time.
        steps: number of updates.
        seeds: number of independent draws of the initial weights.
        first_seed: seeds `first_seed` to ``first_seed + seeds - 1`` are used.
        phi: name of the activation.
        branch: constants of the branch.
        antithetic: train each network a second time with its readout's sign flipped, which removes the
            fluctuation of the initial predictor from averages.
        train_read_in: whether the input layer is trained.
        train_readout: whether the readout is trained.
        dtype: float64 or float32.
        memory_limit: bytes allowed; None means nine tenths of what is free.
    """
    branch = branch or Branch()
    g, eta = np.broadcast_arrays(np.atleast_1d(np.asarray(gamma0, float)), np.atleast_1d(np.asarray(eta0, float)))
    if min(depth, width, seeds) < 1 or steps < 0 or g.ndim != 1 or not (g > 0).all():
        raise ConfigurationError(
            f"depth {depth}, width {width}, seeds {seeds}, steps {steps}, gamma0 {g.tolist()}",
            "sizes must be at least 1, steps at least 0 and gamma0 above 0",
        )
    signs = np.array([1.0, -1.0]) if antithetic else np.array([1.0])
    configs, rows = g.size * signs.size, steps + 1
    size = np.dtype(dtype).itemsize
    each = size * (depth * width**2 + 3 * (depth + 1) * configs * rows * problem.size * width)
    require_memory(each, memory_limit, f"a network of width {width}, depth {depth} with {configs} configurations",
                   lambda share: f"a width of {int(width * share)} would fit")  # fmt: skip
    cast = partial(jnp.asarray, dtype=np.dtype(dtype))
    setup = _Setup(
        rate=cast(np.repeat(eta * step, signs.size)), gamma0=cast(np.repeat(g, signs.size)),
        sign=cast(np.tile(signs, g.size)), kernel=cast(problem.kernel), targets=cast(problem.targets),
        weights=cast(problem.weights), noise=cast(branch.noise(depth)), learning=cast(branch.learning(depth)),
        ends=cast([float(train_read_in), float(train_readout)]),
    )  # fmt: skip
    keys = jax.vmap(jax.random.key)(jnp.arange(first_seed, first_seed + seeds))
    group = max(1, min(seeds, 256, math.ceil(2**30 / (each + 1))))
    parts = []
    for begin in range(0, seeds, group):
        chosen = jnp.take(keys, jnp.clip(jnp.arange(begin, begin + group), 0, seeds - 1), axis=0)
        out = _run(chosen, setup, depth, width, rows, phi)
        parts.append({name: np.asarray(value)[: seeds - begin] for name, value in out.items()})
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def arrange(a: Array) -> Array:
        """(n, T, C, ...) to (n, c, a, T, ...)."""
        a = np.moveaxis(a, 2, 1)
        return np.asarray(a.reshape(seeds, g.size, signs.size, *a.shape[2:]), dtype=np.float64)

    return EnsembleSolution(*(arrange(joined[name]) for name in ("f", "H", "G", "ntk")))
