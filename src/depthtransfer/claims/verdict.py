"""What a claim can turn out to be, and how an interval decides it."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from depthtransfer.analysis.measured import Measured
from depthtransfer.errors import UserError

LEVEL = 0.98
"""Of the intervals that decide: one in a hundred on either side."""


class Verdict(StrEnum):
    """What the tables say of a claim."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"


class NotRunError(UserError):
    """A table that a claim needs is not there."""


class TooLittleError(UserError):
    """The tables are there, but not what the claim asks of them."""


@dataclass(frozen=True)
class Finding:
    """A verdict with the number behind it.

    Attributes:
        verdict: the verdict.
        value: the statistic; NaN where there is none.
        low, high: its interval at ``LEVEL``.
        detail: what else the tables say, in a sentence or two.
        missing: what would decide, where nothing is decided.
        allowed_low, allowed_high: the values for which the claim holds.
    """

    verdict: Verdict
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    detail: str = ""
    missing: str = ""
    allowed_low: float = -np.inf
    allowed_high: float = np.inf


@dataclass(frozen=True)
class Region:
    """The values of a statistic for which a claim holds, ends included."""

    low: float = -np.inf
    high: float = np.inf

    def judge(self, measured: Measured, *, detail: str = "", missing: str = "") -> Finding:
        """Reproduced if the whole interval lies inside, not reproduced if all of it lies outside."""
        low, high = measured.interval(LEVEL)
        if np.isnan(measured.value):
            verdict = Verdict.INCONCLUSIVE
        elif self.low <= low and high <= self.high:
            verdict = Verdict.REPRODUCED
        elif high < self.low or low > self.high:
            verdict = Verdict.NOT_REPRODUCED
        else:
            verdict = Verdict.INCONCLUSIVE
        open_question = missing if verdict is Verdict.INCONCLUSIVE else ""
        return Finding(verdict, measured.value, low, high, detail, open_question, self.low, self.high)

    def excludes(self, measured: Measured) -> bool:
        """Whether the whole interval lies outside."""
        low, high = measured.interval(LEVEL)
        return high < self.low or low > self.high


_ORDER = (Verdict.NOT_REPRODUCED, Verdict.NOT_RUN, Verdict.INCONCLUSIVE, Verdict.REPRODUCED)


def all_of(*findings: Finding) -> Finding:
    """A claim of several parts: as good as its worst part, whose number is shown; all details are kept."""
    worst = min(findings, key=lambda finding: _ORDER.index(finding.verdict))
    return replace(
        worst,
        detail=" ".join(part.detail for part in findings if part.detail),
        missing=" ".join(part.missing for part in findings if part.missing),
    )
