"""Nonlinear networks that learn features: the limit of infinite width at finite depth, by sampling.

A sample is one neuron seen through all layers and all updates. The weights of a block never appear: the block acts
on the fields it has met so far, and each new direction among them brings one fresh Gaussian per sample. With
``chi_k`` the fields ``phi(h)`` of a layer made orthonormal in order of time, ``gamma_k`` the fields ``g`` above it
likewise, and ``xi_k``, ``zeta_k`` their Gaussians,

``W phi_t = sum_{k<=t} xi_k <chi_k phi_t> + sum_{k<t} gamma_k <zeta_k phi_t>``
``W' g_t = sum_{k<=t} zeta_k <gamma_k g_t> + sum_{k<=t} chi_k <xi_k g_t>``

The first sum is the Gaussian source with covariance ``<phi phi>``, written with its Cholesky factor; the second is
the response term, ``<zeta_k phi_t> = sum_s A_ts <gamma_k g_s>`` by Gaussian integration by parts, so no derivative
is taken and kinks do no harm. All Gaussians are drawn with exact sample means of products (orthonormal over the
samples), which makes a linear network exact for any sufficient number of samples.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.activations import activation
from depthtransfer.theory.descent import between_sites, first_unstable, require_gamma0
from depthtransfer.theory.extrapolation import depth_weights
from depthtransfer.theory.memory import require_memory
from depthtransfer.theory.problem import Array, Branch, Problem

RESOLVED = 1e-12
"""A field whose part outside the span of earlier ones has a smaller relative variance brings no new direction."""


@dataclass(frozen=True)
class SampledSolution:
    """Training of an infinitely wide network; arrays are means over replicas, `*_error` their standard errors.

    Attributes:
        time: shape (T,).
        f: predictor, shape (T, P).
        loss: ``sum_mu p_mu (y_mu - f_mu)**2 / 2``, shape (T,).
        ntk: tangent kernel in units of eta_0, shape (T, P, P).
        H_mid: ``<h h>`` at layer time 1/2, shape (T, P, P).
        H: ``<h h>`` at equal times and all sites, shape (T, L + 1, P, P); empty after extrapolation in depth.
        G: ``<g g>`` likewise.
        errors: standard error of each of the above by name; NaN with a single replica.
        diverged_step: first row whose tangent kernel makes the step unstable, or None.
    """

    time: Array
    f: Array
    loss: Array
    ntk: Array
    H_mid: Array
    H: Array
    G: Array
    errors: dict[str, Array]
    diverged_step: int | None


class _Sources(NamedTuple):
    """Gaussians of unit variance over M samples; even ones belong to ``h``, odd ones to ``g``.

    first (P, M), up (L, N, M), down (L, N, M), readout (M,), with N = T P.
    """

    first: jax.Array
    up: jax.Array
    down: jax.Array
    readout: jax.Array


class _Setup(NamedTuple):
    rate: jax.Array
    gamma0: jax.Array
    kernel: jax.Array
    targets: jax.Array
    weights: jax.Array
    noise: jax.Array
    learning: jax.Array
    ends: jax.Array


def _orthonormal(key: jax.Array, count: int, samples: int) -> jax.Array:
    """`count` Gaussian vectors (count, samples) with unit variance, orthonormal in groups of samples / 2."""
    raw = jax.random.normal(key, (samples, count), dtype=jnp.float64)
    group = max(1, samples // 2)
    parts = []
    for begin in range(0, count, group):
        q, r = jnp.linalg.qr(raw[:, begin : begin + group])
        parts.append(q * jnp.sign(jnp.diagonal(r)))
    return jnp.concatenate(parts, axis=1).T * jnp.sqrt(samples)


@partial(jax.jit, static_argnames=("depth", "rows", "points", "samples"))
def _draw(key: jax.Array, depth: int, rows: int, points: int, samples: int) -> _Sources:
    """Sources of `samples` neurons, half of them the other half with the odd sources' sign flipped."""
    even, odd = jax.random.split(key)
    half, each = samples // 2, rows * points
    h = _orthonormal(even, points + depth * each, half)
    g = _orthonormal(odd, 1 + depth * each, half)
    h = jnp.concatenate([h, h], axis=1)
    g = jnp.concatenate([g, -g], axis=1)
    shape = (depth, each, samples)
    return _Sources(h[:points], h[points:].reshape(shape), g[1:].reshape(shape), g[0])


def _coarsen(sources: _Sources, depth: int) -> _Sources:
    """The same noise seen by a network of fewer layers: neighbouring layers' sources add up."""
    layers = sources.up.shape[0]
    factor = layers // depth

    def merge(a: jax.Array) -> jax.Array:
        return a.reshape(depth, factor, *a.shape[1:]).sum(axis=1) / jnp.sqrt(factor)

    return sources._replace(up=merge(sources.up), down=merge(sources.down))


def _reveal(basis: jax.Array, fields: jax.Array, place: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Extend an orthonormal `basis` (N, M) by `fields` (P, M) at row `place`.

    Returns:
        the basis, and the fields' components in it, (P, N). A field that brings nothing new leaves its row zero.
    """
    samples = fields.shape[1]
    components = []
    for offset in range(fields.shape[0]):
        field = fields[offset]
        rest = field
        for _ in range(2):
            rest = rest - (basis @ rest / samples) @ basis
        size = jnp.mean(rest**2)
        fresh = size > RESOLVED * jnp.mean(field**2)
        direction = jnp.where(fresh, rest / jnp.sqrt(jnp.where(fresh, size, 1.0)), 0.0)
        basis = jax.lax.dynamic_update_slice(basis, direction[None], (place + offset, jnp.zeros_like(place)))
        components.append(basis @ field / samples)
    return basis, jnp.stack(components)


@partial(jax.jit, static_argnames=("rows", "phi", "responses"))
def _train(sources: _Sources, setup: _Setup, rows: int, phi: str, responses: bool) -> dict[str, jax.Array]:
    """One replica: arrays with leading axis T."""
    function = activation(phi)
    depth, width, samples = sources.up.shape
    points = width // rows
    branch = jnp.sqrt(setup.noise)
    values, vectors = jnp.linalg.eigh(setup.kernel)
    lowest = (vectors * jnp.sqrt(jnp.maximum(values, 0.0))) @ vectors.T @ sources.first

    def learned(pull: jax.Array, left: jax.Array, right: jax.Array, now: jax.Array) -> jax.Array:
        return (now @ right.T / samples * pull) @ left

    def row(t: jax.Array, carry: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        past_v, past_g, chi, gamma, pull, f_out, h_out, g_out, k_out = carry
        place = t * points
        force = pull.reshape(rows, points)
        h = lowest + setup.ends[0] * jnp.einsum(
            "pq,tq,tqm->pm", setup.kernel, force, past_g[0].reshape(rows, points, samples)
        )

        def up(h: jax.Array, x: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, ...]]:
            xi, zeta, chi, gamma, mine, above = x
            v = function.value(h)
            chi, components = _reveal(chi, v, place)
            out = components @ xi + responses * (v @ zeta.T / samples) @ gamma
            return h + branch * out + setup.learning * learned(pull, above, mine, v), (h, v, chi)

        top, (hs, vs, chi) = jax.lax.scan(up, h, (sources.up, sources.down, chi, gamma, past_v[:-1], past_g[1:]))
        hs = jnp.concatenate([hs, top[None]])
        vs = jnp.concatenate([vs, function.value(top)[None]])
        w = sources.readout + setup.ends[1] * pull @ past_v[-1]
        f = vs[-1] @ w / samples / setup.gamma0

        def down(g: jax.Array, x: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            xi, zeta, chi, gamma, mine, above, h = x
            gamma, components = _reveal(gamma, g, place)
            out = components @ zeta + responses * (g @ xi.T / samples) @ chi
            new = g + function.slope(h) * (branch * out + setup.learning * learned(pull, mine, above, g))
            return new, (new, gamma)

        last = function.slope(top) * w
        _, (gs, gamma) = jax.lax.scan(
            down, last, (sources.up, sources.down, chi, gamma, past_v[:-1], past_g[1:], hs[:-1]), reverse=True
        )
        gs = jnp.concatenate([gs, last[None]])

        def overlaps(a: jax.Array) -> jax.Array:
            return jnp.einsum("lpm,lqm->lpq", a, a) / samples

        v_kernel, g_kernel = overlaps(vs), overlaps(gs)
        ntk = setup.learning * jnp.sum(g_kernel[1:] * v_kernel[:-1], axis=0)
        ntk = ntk + setup.ends[1] * v_kernel[-1] + setup.ends[0] * g_kernel[0] * setup.kernel
        force_now = setup.gamma0 * setup.rate * setup.weights * (setup.targets - f)
        zero = jnp.zeros_like(place)
        put = jax.lax.dynamic_update_slice
        return (
            put(past_v, vs, (zero, place, zero)), put(past_g, gs, (zero, place, zero)), chi, gamma,
            put(pull, force_now, (place,)), f_out.at[t].set(f), h_out.at[t].set(overlaps(hs)),
            g_out.at[t].set(g_kernel), k_out.at[t].set(ntk),
        )  # fmt: skip

    history = jnp.zeros((depth + 1, width, samples))
    basis = jnp.zeros((depth, width, samples))
    kernels = jnp.zeros((rows, depth + 1, points, points))
    carry = (
        history, history, basis, basis, jnp.zeros(width), jnp.zeros((rows, points)), kernels, kernels,
        jnp.zeros((rows, points, points)),
    )  # fmt: skip
    out = jax.lax.fori_loop(0, rows, row, carry)
    return dict(zip(("f", "H", "G", "ntk"), out[5:], strict=True))


def sampled_bytes(rows: int, points: int, depth: int, samples: int) -> int:
    """Memory of one replica in bytes: sources, histories and bases, and a copy of the sources while they are drawn."""
    return 8 * 8 * (depth + 1) * rows * points * samples


def sample(
    problem: Problem,
    depth: int | tuple[int, ...],
    *,
    gamma0: float,
    eta0: float,
    step: float = 1.0,
    steps: int,
    phi: str = "relu",
    samples: int = 4096,
    replicas: int = 4,
    seed: int = 0,
    branch: Branch | None = None,
    train_read_in: bool = True,
    train_readout: bool = True,
    responses: bool = True,
    memory_limit: int | None = None,
) -> SampledSolution:
    """Gradient descent of an infinitely wide residual network with activation `phi`, by sampling.

    Args:
        problem: the data.
        depth: number of residual branches, or several depths of which each divides the largest; then all of them
            are solved with the same noise and the result is extrapolated to infinite depth in powers of 1/L.
        gamma0: feature-learning strength, above 0.
        eta0: learning rate; one update moves by ``eta_0 step gamma_0**2 N``.
        step: length of one update in time.
        steps: number of updates.
        phi: name of the activation.
        samples: neurons per replica, even. Means err by ``1 / sqrt(samples)``; the bias is of order ``1 / samples``.
        replicas: independent repetitions, from which standard errors are computed.
        seed: seed of the first replica.
        branch: constants of the branch.
        train_read_in: whether the input layer is trained.
        train_readout: whether the readout is trained.
        responses: False leaves the response terms out, to show what they are worth.
        memory_limit: bytes allowed; None means nine tenths of what is free.
    """
    branch = branch or Branch()
    depths = (depth,) if isinstance(depth, int) else tuple(depth)
    activation(phi)
    finest = _require(depths, steps, samples, replicas, gamma0, problem, memory_limit)
    rows = steps + 1
    weights = depth_weights(depths) if len(depths) > 1 else np.ones(1)
    runs = []
    for replica in range(replicas):
        sources = _draw(jax.random.key(seed + replica), finest, rows, problem.size, samples)
        levels = []
        for level in depths:
            setup = _setup(problem, level, branch, gamma0, eta0 * step, (train_read_in, train_readout))
            out = _train(_coarsen(sources, level), setup, rows, phi, responses)
            levels.append(_with_mid({name: np.asarray(value) for name, value in out.items()}))
        names = levels[0] if len(depths) == 1 else ("f", "ntk", "H_mid")
        runs.append({n: np.tensordot(weights, [level[n] for level in levels], axes=1) for n in names})
    return _summary(runs, problem, step, eta0 * step)


def _with_mid(out: dict[str, Array]) -> dict[str, Array]:
    return {**out, "H_mid": between_sites(out["H"], 0.5)}


def _setup(
    problem: Problem, depth: int, branch: Branch, gamma0: float, rate: float, trained: tuple[bool, bool]
) -> _Setup:
    as_array = partial(jnp.asarray, dtype=jnp.float64)
    return _Setup(
        as_array(rate), as_array(gamma0), as_array(problem.kernel), as_array(problem.targets),
        as_array(problem.weights), as_array(branch.noise(depth)), as_array(branch.learning(depth)), as_array(trained),
    )  # fmt: skip


def _require(
    depths: tuple[int, ...],
    steps: int,
    samples: int,
    replicas: int,
    gamma0: float,
    problem: Problem,
    memory_limit: int | None,
) -> int:
    """The largest depth, after refusing what cannot be done."""
    require_gamma0(gamma0)
    if not depths or min(depths) < 1 or any(max(depths) % d for d in depths):
        raise ConfigurationError(f"depths {list(depths)}", "give depths of at least 1 that divide the largest")
    if steps < 0 or replicas < 1 or samples < 4 or samples % 2:
        raise ConfigurationError(
            f"steps = {steps}, replicas = {replicas}, samples = {samples}",
            "steps must be at least 0, replicas at least 1, and samples an even number of at least 4",
        )
    finest = max(depths)
    needed = sampled_bytes(steps + 1, problem.size, finest, samples) * (2 if len(depths) > 1 else 1)
    require_memory(
        needed,
        memory_limit,
        f"sampling T={steps + 1} rows, P={problem.size} data points, L={finest} branches, {samples} samples",
        lambda share: f"{2 * int(samples * share / 2)} samples would fit",
    )
    return finest


def _summary(runs: list[dict[str, Array]], problem: Problem, step: float, rate: float) -> SampledSolution:
    for run in runs:
        run["loss"] = 0.5 * ((problem.targets - run["f"]) ** 2) @ problem.weights
    stacked = {name: np.stack([run[name] for run in runs]) for name in runs[0]}
    means = {name: value.mean(axis=0) for name, value in stacked.items()}
    count = len(runs)
    errors = {
        name: value.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.full(value.shape[1:], np.nan)
        for name, value in stacked.items()
    }
    empty = np.zeros((0, 0, problem.size, problem.size))
    time = np.asarray(step * np.arange(len(means["f"])), dtype=np.float64)
    return SampledSolution(
        time=time, f=means["f"], loss=means["loss"], ntk=means["ntk"],
        H_mid=means["H_mid"], H=means.get("H", empty), G=means.get("G", empty), errors=errors,
        diverged_step=first_unstable(means["ntk"], means["f"], problem, rate),
    )  # fmt: skip
