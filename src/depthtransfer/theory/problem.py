"""What a network is asked to learn, as the theory sees it, and what one of its residual branches contributes."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """`P` data points with loss ``sum_mu weight_mu (target_mu - f_mu)**2 / 2``.

    Args:
        kernel: input kernel ``x_mu . x_nu / D``, shape (P, P), symmetric, positive semidefinite.
        targets: shape (P,).
        weights: shape (P,), not negative; None means one for every point (a sum, not a mean).

    Raises:
        ConfigurationError: shapes do not fit, values are not finite, or the kernel is not a kernel.
    """

    kernel: Array
    targets: Array
    weights: Array

    def __init__(self, kernel: npt.ArrayLike, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None):
        y = np.atleast_1d(np.asarray(targets, dtype=np.float64))
        k = np.atleast_2d(np.asarray(kernel, dtype=np.float64))
        p = np.ones_like(y) if weights is None else np.atleast_1d(np.asarray(weights, dtype=np.float64))
        if y.ndim != 1 or k.shape != (y.size, y.size) or p.shape != y.shape:
            raise ConfigurationError(
                f"kernel has shape {k.shape}, targets {y.shape}, weights {p.shape}",
                "P data points need a kernel of shape (P, P), and P targets and weights",
            )
        for name, value in (("kernel", k), ("targets", y), ("weights", p)):
            if not np.isfinite(value).all():
                raise ConfigurationError(f"{name} holds values that are not finite", "remove them")
        if (p < 0).any():
            raise ConfigurationError(f"smallest weight of the loss is {p.min()}", "weights must not be negative")
        _require_kernel(k)
        object.__setattr__(self, "kernel", k)
        object.__setattr__(self, "targets", y)
        object.__setattr__(self, "weights", p)

    @classmethod
    def one_datum(cls, target: float) -> "Problem":
        """One input with ``|x|**2 = D``."""
        return cls([[1.0]], [target])

    @property
    def size(self) -> int:
        """Number of data points."""
        return int(self.targets.size)


def _require_kernel(kernel: Array) -> None:
    scale = max(float(np.abs(kernel).max()), 1e-300)
    if not np.allclose(kernel, kernel.T, rtol=0, atol=1e-10 * scale):
        raise ConfigurationError("the data kernel is not symmetric", "give x_mu . x_nu / D of real inputs")
    if (np.diag(kernel) <= 0).any():
        raise ConfigurationError(
            f"the data kernel has {np.diag(kernel).min():g} on its diagonal", "inputs must not be zero"
        )
    smallest = float(np.linalg.eigvalsh(kernel).min())
    if smallest < -1e-10 * scale:
        raise ConfigurationError(
            f"the data kernel has the negative eigenvalue {smallest:.3g}",
            "give a positive semidefinite matrix, such as X X^T / D of real inputs",
        )


@dataclass(frozen=True)
class Branch:
    """Branch ``beta L**-alpha / sqrt(N) * W phi(h)`` whose learning rate carries ``block_rate(L)``.

    The alpha family trains blocks at ``eta_0 gamma_0**2 N L**(2 alpha - 1)`` while both ends keep
    ``eta_0 gamma_0**2 N`` (paper A, appendix M); the rule of the main text is ``alpha = 1/2``.

    Args:
        beta: constant of the branch, above 0.
        alpha: depth exponent of the branch; 0 with ``block_rate_exponent=0`` is muP without depth scaling.
        block_rate_exponent: the blocks' learning rate is multiplied by ``L`` to this power;
            None means ``2 alpha - 1``.
    """

    beta: float = 1.0
    alpha: float = 0.5
    block_rate_exponent: float | None = None

    def __post_init__(self) -> None:
        for name in ("beta", "alpha"):
            if not math.isfinite(getattr(self, name)):
                raise ConfigurationError(f"{name} = {getattr(self, name)}", "give a finite number")
        if self.beta <= 0:
            raise ConfigurationError(f"beta = {self.beta}", "beta must be above 0")

    def noise(self, depth: int) -> float:
        """Variance that one of `depth` branches adds per unit of ``<phi phi>``: ``beta**2 L**(-2 alpha)``."""
        return float(self.beta**2 * float(depth) ** (-2 * self.alpha))

    def learning(self, depth: int) -> float:
        """Weight of one branch in the tangent kernel: ``beta**2 L**(-2 alpha)`` times its learning-rate factor."""
        exponent = 2 * self.alpha - 1 if self.block_rate_exponent is None else self.block_rate_exponent
        return float(self.noise(depth) * float(depth) ** exponent)

    @property
    def limit_noise(self) -> float:
        """``L noise(L)`` as ``L`` grows: ``beta**2`` at alpha = 1/2, zero above it."""
        if self.alpha < 0.5:
            raise ConfigurationError(
                f"alpha = {self.alpha} has no limit of infinite depth: activations grow without bound",
                "use alpha of at least 1/2, or a finite depth",
            )
        return self.beta**2 if self.alpha == 0.5 else 0.0

    @property
    def limit_learning(self) -> float:
        """``L learning(L)`` as ``L`` grows, for the alpha family: ``beta**2``."""
        if self.block_rate_exponent is not None and self.block_rate_exponent != 2 * self.alpha - 1:
            raise ConfigurationError(
                f"block_rate_exponent = {self.block_rate_exponent} has no limit of infinite depth",
                "leave it out: the exponent of the limit is 2 alpha - 1",
            )
        return self.beta**2
