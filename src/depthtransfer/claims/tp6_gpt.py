"""The transformers of paper B: how the optimum moves over depth at three moments of a cosine schedule."""

from itertools import pairwise

import pandas as pd

from depthtransfer.analysis import during, statistics
from depthtransfer.analysis.ordering import difference
from depthtransfer.analysis.summary import measured_loss
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.tp6 import falls_with_depth
from depthtransfer.claims.verdict import LEVEL, Finding, NotRunError, Region, all_of

GPT, MULTIPLIER = "gpt_learning_rate", "gpt_multiplier"
_EARLY, _MIDDLE = 1 / 4, 1 / 2
_SQRT_FALLS = Region(-0.75, -0.25)
_WORSE, _BETTER = Region(low=0.0), Region(high=0.0)
_SAME_LOSS = Region(-0.05, 0.05)


def _optima(evidence: Evidence, share: float) -> pd.DataFrame:
    """Table of optima as it is after a share of the steps."""
    return statistics(during(evidence.runs(GPT), evidence.steps(GPT), share))["optima"]


def _optimum_moves_late(evidence: Evidence) -> Finding:
    """Two parts: in the middle of the schedule the optimum stays over depth, at its end it falls as the root."""
    return all_of(
        transfer.judge_slope(_optima(evidence, _MIDDLE), "depth", transfer.DEPTH_STAYS),
        transfer.judge_slope(evidence.optima(GPT), "depth", _SQRT_FALLS),
    )


def _depth_pays_late(evidence: Evidence) -> Finding:
    """Two parts: early, deeper networks have the larger loss, each at its best rate then; at the end the smaller."""
    early = _optima(evidence, _EARLY)
    return all_of(falls_with_depth(early, _WORSE), falls_with_depth(evidence.optima(GPT), _BETTER))


def _multiplier_does_not_matter(evidence: Evidence) -> Finding:
    """Best losses over the learning rate at neighbouring constants, at every size."""
    found = evidence.optima(MULTIPLIER)
    betas = {
        str(name): float(beta) for name, beta in evidence.runs(MULTIPLIER).groupby("scheme")["beta"].first().items()
    }
    findings = []
    for (width, depth, _), group in found.groupby(["width", "depth", "steps"], sort=True):
        ordered = group.assign(beta=group["scheme"].map(betas)).sort_values("beta")
        rows = [row for _, row in ordered.iterrows()]
        for left, right in pairwise(rows):
            apart = difference(measured_loss(right), measured_loss(left))
            low, high = apart.interval(LEVEL)
            detail = (
                f"Width {width}, depth {depth}, beta {right['beta']:g} against {left['beta']:g}: {apart.value:+.3f} "
                f"({low:+.3f} to {high:+.3f})."
            )
            findings.append(_SAME_LOSS.judge(apart, detail=detail, missing="More seeds."))
    if not findings:
        raise NotRunError(f"{MULTIPLIER} has no network with two constants", "add them to the preset")
    return all_of(*findings)


CLAIMS = (
    Claim(
        "B13",
        "Tensor Programs VI, Figures 14 to 16",
        "With branches scaled by 1/sqrt(L) the best learning rate of Adam, not scaled with depth, stays over the depth "
        "of a transformer in the middle of a cosine schedule, and falls as 1/sqrt(L) at its end.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}, after half of the steps; at the end",
        "between -1/4 and 1/4; between -3/4 and -1/4",
        "Half way between an optimum that stays, one that falls as the square root of the depth, and one that falls as "
        "the depth.",
        (f"{GPT}/optima.parquet", f"{GPT}/runs.parquet", f"{GPT}/steps.parquet"),
        _optimum_moves_late,
        "tp6_fig16",
    ),
    Claim(
        "B13-loss",
        "Tensor Programs VI, Figures 14 to 16",
        "Early in a cosine schedule deeper transformers have the larger loss, at its end the smaller one.",
        "change of the log of the best loss when the depth doubles, after a quarter of the steps; at the end",
        "above 0; below 0",
        "The sign is the claim; the interval decides whether it is known.",
        (f"{GPT}/optima.parquet", f"{GPT}/runs.parquet", f"{GPT}/steps.parquet"),
        _depth_pays_late,
        "tp6_fig14",
    ),
    Claim(
        "B13-multiplier",
        "Tensor Programs VI, Figures 14 to 16",
        "Transformers are insensitive to the constant of the branches: with the best learning rate of each, the loss "
        "is the same at constants a factor of four apart.",
        "log of the best loss less that at a fourth of the constant, at every size",
        "between -0.05 and 0.05",
        "Five per cent of the loss is less than what a figure of learning-rate curves shows.",
        (f"{MULTIPLIER}/optima.parquet", f"{MULTIPLIER}/runs.parquet"),
        _multiplier_does_not_matter,
        "tp6_fig15",
    ),
)
