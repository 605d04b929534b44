"""Activations and their Gaussian averages ``<phi phi>`` and ``<phi' phi'>``."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from depthtransfer.errors import ConfigurationError

Pointwise = Callable[[jax.Array], jax.Array]
Moments = Callable[[jax.Array], tuple[jax.Array, jax.Array]]


@dataclass(frozen=True)
class Activation:
    """A pointwise function, its derivative, and its averages over a Gaussian of given covariance.

    Attributes:
        name: what the command line calls it.
        value: ``phi``, any shape.
        slope: ``phi'``, any shape; at a kink the value on the left.
        moments: covariance (P, P) to ``(<phi phi>, <phi' phi'>)``, both (P, P).
    """

    name: str
    value: Pointwise
    slope: Pointwise
    moments: Moments


def _correlation(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Product of deviations and correlation, exactly one on the diagonal; both (P, P)."""
    deviation = jnp.sqrt(jnp.diagonal(covariance))
    scale = deviation[:, None] * deviation[None, :]
    rho = jnp.clip(covariance / scale, -1.0, 1.0)
    eye = jnp.eye(covariance.shape[0], dtype=bool)
    return scale, jnp.where(eye, 1.0, rho)


def _linear_moments(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    return covariance, jnp.ones_like(covariance)


def _relu_moments(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Arc-cosine kernels of order one and zero (Cho and Saul 2009); no factor sqrt(2)."""
    scale, rho = _correlation(covariance)
    angle = jnp.arccos(rho)
    value = scale * (jnp.sqrt(1 - rho**2) + (jnp.pi - angle) * rho) / (2 * jnp.pi)
    return value, (jnp.pi - angle) / (2 * jnp.pi)


def _abs_moments(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    scale, rho = _correlation(covariance)
    angle = jnp.arcsin(rho)
    return 2 * scale * (jnp.sqrt(1 - rho**2) + rho * angle) / jnp.pi, 2 * angle / jnp.pi


def _erf_moments(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Williams 1997."""
    spread = 1 + 2 * jnp.diagonal(covariance)
    product = spread[:, None] * spread[None, :]
    value = 2 / jnp.pi * jnp.arcsin(2 * covariance / jnp.sqrt(product))
    return value, 4 / jnp.pi / jnp.sqrt(product - 4 * covariance**2)


def _quadrature(value: Pointwise, slope: Pointwise, nodes: int = 64) -> Moments:
    """Averages by a Gauss-Hermite rule in two variables; 64 nodes reach 1e-9 for tanh at variance up to 3."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    first, second = (jnp.asarray(a) for a in np.meshgrid(points, points, indexing="ij"))
    weight = jnp.asarray(np.outer(weights, weights))

    def moments(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
        _, rho = _correlation(covariance)
        deviation = jnp.sqrt(jnp.diagonal(covariance))

        def pair(a: jax.Array, b: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
            x = a * first
            y = b * (c * first + jnp.sqrt(1 - c**2) * second)
            return jnp.sum(weight * value(x) * value(y)), jnp.sum(weight * slope(x) * slope(y))

        rows = jax.vmap(jax.vmap(pair, (None, 0, 0)), (0, None, 0))
        return rows(deviation, deviation, rho)

    return moments


def _tanh_slope(x: jax.Array) -> jax.Array:
    return 1 - jnp.tanh(x) ** 2


def _erf_slope(x: jax.Array) -> jax.Array:
    return 2 / jnp.sqrt(jnp.pi) * jnp.exp(-(x**2))


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("linear", lambda x: x, jnp.ones_like, _linear_moments),
        Activation("relu", lambda x: jnp.maximum(x, 0.0), lambda x: (x > 0).astype(x.dtype), _relu_moments),
        Activation("abs", jnp.abs, lambda x: jnp.where(x > 0, 1.0, -1.0).astype(x.dtype), _abs_moments),
        Activation("erf", jax.scipy.special.erf, _erf_slope, _erf_moments),
        Activation("tanh", jnp.tanh, _tanh_slope, _quadrature(jnp.tanh, _tanh_slope)),
    )
}


def activation(name: str) -> Activation:
    """The activation of that name; a `ConfigurationError` lists the known ones."""
    if name not in ACTIVATIONS:
        raise ConfigurationError(f"unknown activation {name!r}", f"choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
