"""The exponent of a power law from values with errors."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depthtransfer.analysis.errors import AnalysisError


@dataclass(frozen=True)
class Slope:
    """Exponent of a power law, with a 95% interval."""

    value: float
    low: float
    high: float


def fit_slope(x: npt.ArrayLike, y: npt.ArrayLike, error: npt.ArrayLike, draws: int = 4000, seed: int = 0) -> Slope:
    """Slope of ``log |y|`` against ``log x`` by weighted least squares; interval by redrawing `y` within its error.

    Args:
        x: sizes, shape (n,), n at least 2, above 0.
        y: values, shape (n,); their sign is ignored.
        error: standard errors of `y`, shape (n,); zeros mean exact values, and weights are then equal.
        draws: number of redraws.
        seed: seed of the redraws.

    Raises:
        AnalysisError: if the lists do not fit, or a value is zero or not finite.
    """
    a, b, e = (np.asarray(v, dtype=np.float64) for v in (x, y, error))
    if a.ndim != 1 or a.shape != b.shape or a.shape != e.shape or a.size < 2 or not (a > 0).all() or (e < 0).any():
        raise AnalysisError(f"sizes {a.shape}, values {b.shape}, errors {e.shape}", "give equal lists of at least 2")
    if not np.isfinite(b).all() or (b == 0).any():
        raise AnalysisError("a value is zero or not finite", "leave it out: it has no logarithm")
    weight = np.ones_like(b) if (e == 0).any() else (b / e) ** 2
    centred = np.log(a) - np.average(np.log(a), weights=weight)
    project = weight * centred / np.sum(weight * centred**2)
    drawn = b + e * np.random.default_rng(seed).standard_normal((draws, b.size))
    slopes = np.log(np.maximum(np.abs(drawn), 1e-300)) @ project
    low, high = np.quantile(slopes, [0.025, 0.975])
    return Slope(float(np.log(np.abs(b)) @ project), float(low), float(high))
