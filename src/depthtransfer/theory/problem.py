"""A regression problem as the theory sees it: a kernel of inputs, targets, and weights of the loss."""

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
