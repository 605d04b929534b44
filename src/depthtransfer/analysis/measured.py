"""A measured number: a value with a standard error, or a bound on it; and weighted sums of such numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from depthtransfer.analysis.bootstrap import half_width

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
