"""Polynomials on Chebyshev-Lobatto nodes: nodes, indefinite integration, interpolation."""

import functools

import numpy as np

from depthtransfer.theory.problem import Array


@functools.lru_cache(maxsize=32)
def nodes(count: int) -> Array:
    """`count` Chebyshev-Lobatto points on [0, 1], increasing, both ends included."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.arange(count) / (count - 1)))


@functools.lru_cache(maxsize=32)
def integration(count: int) -> Array:
    """Matrix (count, count) from values at the nodes to integrals from 0 to each node; exact on polynomials."""
    x = 2 * nodes(count) - 1
    basis = np.polynomial.chebyshev.chebvander(x, count - 1)
    integrals = np.stack(
        [np.polynomial.chebyshev.chebval(x, np.polynomial.chebyshev.chebint(c, lbnd=-1)) for c in np.eye(count)],
        axis=1,
    )
    return np.asarray(0.5 * integrals @ np.linalg.inv(basis))


@functools.lru_cache(maxsize=32)
def _inverse_basis(count: int) -> Array:
    return np.asarray(np.linalg.inv(np.polynomial.chebyshev.chebvander(2 * nodes(count) - 1, count - 1)))


def interpolation(count: int, points: Array) -> Array:
    """Matrix (points, count) from values at the nodes to values at `points` of [0, 1]."""
    return np.asarray(np.polynomial.chebyshev.chebvander(2 * np.asarray(points) - 1, count - 1) @ _inverse_basis(count))


def coefficients(values: Array) -> Array:
    """Chebyshev coefficients along the first axis of `values` at the nodes."""
    return np.asarray(np.tensordot(_inverse_basis(len(values)), values, axes=1))
