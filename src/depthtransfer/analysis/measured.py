"""A measured number: a value with a standard error, or a bound on it; their sums, and slopes of power laws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from depthtransfer.errors import AnalysisError

Bound = Literal["exact", "at_most", "at_least", "unknown"]


@dataclass(frozen=True)
class Measured:
    """An estimate.

    Attributes:
        value: the estimate, or the bound on it; NaN where nothing is known.
        standard_error: of ``value``, in its unit.
        degrees: degrees of freedom of the standard error.
        bound: "exact", or what ``value`` is a bound for: the truth is "at_most" or "at_least" that; "unknown"
            where bounds point both ways.
    """

    value: float
    standard_error: float
    degrees: float = float("inf")
    bound: Bound = "exact"

    def interval(self, level: float) -> tuple[float, float]:
        """Student's interval at this level; infinite on a side that is not bounded."""
        if self.bound == "unknown" or np.isnan(self.value):
            return -np.inf, np.inf
        half = half_width(self.standard_error, self.degrees, level)
        low = -np.inf if self.bound == "at_most" else self.value - half
        high = np.inf if self.bound == "at_least" else self.value + half
        return low, high


UNKNOWN = Measured(float("nan"), float("inf"), float("inf"), "unknown")
_SENSE: dict[Bound, int] = {"exact": 0, "at_most": -1, "at_least": 1}
_BOUND: dict[int, Bound] = {0: "exact", -1: "at_most", 1: "at_least"}


def weighted_sum(terms: Sequence[Measured], weights: Sequence[float]) -> Measured:
    """The sum of weight times term for independent terms, with Satterthwaite's degrees of freedom.

    A bound among the terms makes a bound of the sum, the other way round where its weight is negative; bounds
    that point both ways leave nothing known. A term of weight zero does not count.
    """
    pairs = [(term, float(weight)) for term, weight in zip(terms, weights, strict=True) if weight != 0]
    if not pairs or any(np.isnan(weight) for _, weight in pairs):
        return UNKNOWN
    senses = {int(np.sign(weight)) * _SENSE.get(term.bound, 2) for term, weight in pairs} - {0}
    value = float(sum(weight * term.value for term, weight in pairs))
    parts = [(weight * term.standard_error) ** 2 for term, weight in pairs]
    variance = float(sum(parts))
    lost = sum(part**2 / term.degrees for part, (term, _) in zip(parts, pairs, strict=True) if part > 0)
    degrees = variance**2 / lost if lost > 0 else float("inf")
    if len(senses) > 1 or senses & {2, -2}:
        return Measured(value, float(np.sqrt(variance)), degrees, "unknown")
    return Measured(value, float(np.sqrt(variance)), degrees, _BOUND[senses.pop() if senses else 0])


def mean(terms: Sequence[Measured]) -> Measured:
    """The plain mean of independent terms."""
    return weighted_sum(terms, [1.0 / len(terms)] * len(terms)) if terms else UNKNOWN


def slope_weights(sizes: Sequence[float]) -> list[float]:
    """Weights with which values at these sizes add up to their least-squares slope over log2 of the size.

    A single size has no slope: its weight is NaN.
    """
    centred = np.log2(np.asarray(sizes, dtype=float))
    centred = centred - centred.mean()
    norm = float(centred @ centred)
    return [float(c / norm) for c in centred] if norm > 0 else [float("nan")] * len(sizes)


def half_width(standard_error: float, degrees: float, level: float) -> float:
    """Half the length of the two-sided Student interval at this level."""
    upper = 0.5 + 0.5 * level
    quantile = stdtrit(degrees, upper) if np.isfinite(degrees) else ndtri(upper)
    return float(quantile) * standard_error


def jackknife(statistic: Callable[[Sequence[int]], float], seeds: Sequence[int]) -> Measured:
    """The statistic of all seeds with its jackknife standard error.

    Args:
        statistic: from the seeds that are kept to a number.
        seeds: all of them; with fewer than three nothing is known.
    """
    if len(seeds) < 3:
        return UNKNOWN
    left_out = np.array([statistic([other for other in seeds if other != seed]) for seed in seeds])
    n = len(seeds)
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    return Measured(statistic(seeds), error, n - 1.0)


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
