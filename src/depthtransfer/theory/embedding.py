"""Invariant embedding of the linear theory at infinite depth, on Chebyshev nodes in layer time and in training time.

At each layer time ``h = Q g + p`` and ``g = P h + q``, with ``p`` built from noise below and ``q`` from noise above.
All matrices are operators between nodes of training time (and data points), shape (N, N). The two families
(``Q, <p p>`` going up and ``P, <q q>`` going down) are stacked, the second in reversed layer time, so that
``mirror`` turns one into the other.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from depthtransfer.theory import chebyshev


class Embedding(NamedTuple):
    """`map` is ``(Q, P)``, `noise` is ``(<p p>, <q q>)``, both (2, M, N, N)."""

    map: jax.Array
    noise: jax.Array


class Medium(NamedTuple):
    """What fields meet on their way through the layers.

    Attributes:
        memory: ``K_Delta``, the strictly causal operator of learning, (N, N).
        noise: variance of initial weights per unit of layer time; it multiplies the responses too.
        learning: weight of learning per unit of layer time.
        source: covariance of ``h`` at the input and of ``g`` at the readout, (2, N, N).
        trained: 1.0 or 0.0 for input layer and readout, (2,).
    """

    memory: jax.Array
    noise: jax.Array
    learning: jax.Array
    source: jax.Array
    trained: jax.Array


def _mirror(a: jax.Array) -> jax.Array:
    return a[::-1, ::-1]


def _transpose(a: jax.Array) -> jax.Array:
    return jnp.swapaxes(a, -1, -2)


def start(medium: Medium, count: int) -> Embedding:
    """The embedding without any depth, the same at `count` layer times."""
    low = medium.memory * medium.source * medium.trained[:, None, None]
    shape = (2, count, *medium.memory.shape)
    return Embedding(jnp.broadcast_to(low[:, None], shape), jnp.broadcast_to(medium.source[:, None], shape))


def kernels(e: Embedding) -> tuple[jax.Array, jax.Array, jax.Array]:
    """``(H, G)``, responses ``(A, B)``, each (2, M, N, N) in the order of the families, and ``<g h>``, (M, N, N)."""
    other = Embedding(_mirror(e.map), _mirror(e.noise))
    resolvent = jnp.linalg.inv(jnp.eye(e.map.shape[-1]) - e.map @ other.map)
    kernel = resolvent @ (e.noise + e.map @ other.noise @ _transpose(e.map)) @ _transpose(resolvent)
    cross = (other.noise @ _transpose(e.map) + other.map @ e.noise)[0]
    cross = _mirror(resolvent)[0] @ cross @ _transpose(resolvent[0])
    return kernel, resolvent @ e.map, cross


def sweep(e: Embedding, medium: Medium) -> tuple[Embedding, jax.Array, jax.Array]:
    """One Picard iteration of the equations in layer time.

    Returns:
        the next embedding; ``(H, G)`` (2, M, N, N) and ``<g h>`` (M, N, N) of the given one.
    """
    kernel, response, cross = kernels(e)
    block = medium.noise * response + medium.learning * medium.memory * kernel
    through = e.map @ _mirror(block)
    drift = through @ e.noise
    spread = e.map @ _mirror(kernel) @ _transpose(e.map) + kernel
    low = start(medium, 1)
    integrate = jnp.asarray(chebyshev.integration(e.map.shape[1]))
    new = Embedding(
        low.map + jnp.einsum("ab,fbij->faij", integrate, through @ e.map + block),
        low.noise + jnp.einsum("ab,fbij->faij", integrate, drift + _transpose(drift) + medium.noise * spread),
    )
    return new, kernel, cross


def change(new: Embedding, old: Embedding) -> jax.Array:
    """Largest difference between two embeddings."""
    return jnp.maximum(jnp.abs(new.map - old.map).max(), jnp.abs(new.noise - old.noise).max())


def tangent_kernel(kernel: jax.Array, medium: Medium) -> jax.Array:
    """Tangent kernel on the diagonal blocks of time, from ``(H, G)`` (2, M, N, N): (N, N), to be read there only."""
    weights = jnp.asarray(chebyshev.integration(kernel.shape[1])[-1])
    h, g = kernel[0], _mirror(kernel)[0]
    blocks = medium.learning * jnp.einsum("a,aij->ij", weights, h * g)
    return blocks + medium.trained[1] * h[-1] + medium.trained[0] * g[0] * medium.source[0]
