"""Claims of the papers as checked rows: each says by which number it is judged, and tables judge it.

Verdicts are "reproduced", "not reproduced", "inconclusive" (with what is missing) and "not run". A threshold
stands beside its claim, in this package; no preset changes it, so a preset that is too small to decide gives
"inconclusive". A claim reads tables and nothing else.
"""

from collections.abc import Iterable

import pandas as pd

from depthtransfer.analysis import AnalysisError
from depthtransfer.claims import (
    cnn,
    dynamics,
    exponent,
    normalized_resnet,
    theory,
    tool,
    tp6,
    tp6_diversity,
    tp6_gpt,
    tp6_linear,
    tp6_phases,
    transformer,
)
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import LEVEL, Finding, NotRunError, TooLittleError, Verdict

__all__ = ["CLAIMS", "LEVEL", "Claim", "Evidence", "Finding", "Verdict", "judge", "judge_all"]

_FAMILIES = (
    cnn,
    normalized_resnet,
    transformer,
    dynamics,
    theory,
    tp6,
    tp6_diversity,
    tp6_gpt,
    tp6_linear,
    tp6_phases,
    exponent,
    tool,
)


def _place(claim: Claim) -> tuple[str, int, str]:
    letter, rest = claim.id[0], claim.id[1:]
    number, _, part = rest.partition("-")
    return letter, int(number), part


CLAIMS: tuple[Claim, ...] = tuple(sorted((claim for family in _FAMILIES for claim in family.CLAIMS), key=_place))
"""All claims by number: those of paper A, those of paper B, those beyond them, and those of the tool."""


def judge(claim: Claim, evidence: Evidence) -> Finding:
    """What the tables say of one claim.

    A table that is not there makes it "not run"; one that cannot be analysed makes it "inconclusive" and says why.

    Raises:
        StoreError: if a table is damaged.
    """
    try:
        return claim.judge(evidence)
    except NotRunError as missing:
        return Finding(Verdict.NOT_RUN, missing=f"{missing}.")
    except (TooLittleError, AnalysisError) as problem:
        return Finding(Verdict.INCONCLUSIVE, missing=f"{problem}.")


def judge_all(evidence: Evidence, claims: Iterable[Claim] = CLAIMS) -> pd.DataFrame:
    """One row per claim: claim, verdict, value, low, high (at ``level``), and what the claim says of itself.

    Raises:
        StoreError: if a table is damaged.
    """
    rows = []
    for claim in claims:
        finding = judge(claim, evidence)
        rows.append(
            {
                "claim": claim.id,
                "place": claim.place,
                "statement": claim.statement,
                "verdict": str(finding.verdict),
                "value": finding.value,
                "low": finding.low,
                "high": finding.high,
                "level": LEVEL,
                "statistic": claim.statistic,
                "threshold": claim.threshold,
                "allowed_low": finding.allowed_low,
                "allowed_high": finding.allowed_high,
                "reason": claim.reason,
                "detail": finding.detail,
                "missing": finding.missing,
                "tables": " ".join(claim.tables),
                "figure": claim.figure,
            }
        )
    return pd.DataFrame(rows)
