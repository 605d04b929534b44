"""What one residual branch contributes, as two numbers: noise of its initial weights, speed of its learning."""

import math
from dataclasses import dataclass

from depthtransfer.errors import ConfigurationError


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
