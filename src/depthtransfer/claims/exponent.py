"""Which power of the depth branches should have: what paper B and three later works say, on the same runs.

The later works: CompleteP (arXiv 2505.01618), the spectral condition (2603.00541) and AM-muP (2510.04327).
"""

from dataclasses import replace

import pandas as pd

from depthtransfer.analysis import during, statistics
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.tp6 import compared
from depthtransfer.claims.verdict import Finding, Region, Verdict, all_of

ROOT, WHOLE = "alpha 0.5", "alpha 1"
MLP, MLP_TWO = "exponent_mlp", "exponent_mlp_two"
CNN, RESNET = "exponent_cnn", "exponent_resnet"
SHORT = 0.1
"""Share of the steps of the short training; the rate is constant, so that a run of that length would give the same."""
_LARGER, _SMALLER = Region(low=0.0), Region(high=0.0)
_AM_MUP = Region(-0.75, -0.25)
"""Slopes of the optimum of SGD; the folded rate falls by a power more, so that -1/2 is L^-3/2 and 0 paper A's L^-1."""


def _optima(evidence: Evidence, experiment: str, exponent: str, share: float = 1.0) -> pd.DataFrame:
    """Optima of one exponent after a share of the steps."""
    table = evidence.optima(experiment)
    if share < 1.0:
        table = statistics(during(evidence.runs(experiment), evidence.steps(experiment), share))["optima"]
    return transfer.select(table, exponent, experiment)


def _slope(evidence: Evidence, experiment: str, exponent: str, region: Region, share: float = 1.0) -> Finding:
    finding = transfer.judge_slope(_optima(evidence, experiment, exponent, share), "depth", region)
    steps = "at the end" if share == 1.0 else f"after {share:.0%} of the steps"
    words = (
        f"{experiment}, {exponent}, {steps}: slope {finding.value:+.2f} ({finding.low:+.2f} to {finding.high:+.2f})."
    )
    return replace(finding, detail=words)


def _moves(evidence: Evidence, experiment: str, exponent: str) -> Finding:
    """The opposite of staying."""
    stays = _slope(evidence, experiment, exponent, transfer.DEPTH_STAYS)
    opposite = {Verdict.REPRODUCED: Verdict.NOT_REPRODUCED, Verdict.NOT_REPRODUCED: Verdict.REPRODUCED}
    return replace(stays, verdict=opposite.get(stays.verdict, stays.verdict))


def _loss(evidence: Evidence, experiment: str, region: Region) -> Finding:
    """Best loss of 1/L less that of 1/sqrt(L) in the deepest network."""
    whole, root = (_optima(evidence, experiment, exponent) for exponent in (WHOLE, ROOT))
    return compared(whole, root, region, f"{experiment}, {WHOLE} less {ROOT}")


def _paper_b(evidence: Evidence) -> Finding:
    experiment = f"{MLP}_adam"
    return all_of(_slope(evidence, experiment, WHOLE, transfer.DEPTH_RISES), _loss(evidence, experiment, _LARGER))


def _complete_p(evidence: Evidence) -> Finding:
    findings = []
    for network in (RESNET, MLP_TWO):
        experiment = f"{network}_adam"
        findings += [
            _slope(evidence, experiment, WHOLE, transfer.DEPTH_STAYS),
            _loss(evidence, experiment, _SMALLER),
        ]
    return all_of(*findings)


def _spectral(evidence: Evidence) -> Finding:
    findings = []
    for networks, right, wrong in (((CNN, MLP), ROOT, WHOLE), ((RESNET, MLP_TWO), WHOLE, ROOT)):
        for experiment in (f"{network}_{optimizer}" for network in networks for optimizer in ("sgd", "adam")):
            findings.append(_slope(evidence, experiment, right, transfer.DEPTH_STAYS))
            findings.append(_moves(evidence, experiment, wrong))
    return all_of(*findings)


def _am_mup(evidence: Evidence) -> Finding:
    return all_of(
        *(_slope(evidence, f"{network}_sgd", ROOT, _AM_MUP, share) for network in (CNN, MLP) for share in (SHORT, 1.0))
    )


def _tables(networks: tuple[str, ...], optimizers: tuple[str, ...], steps: bool = False) -> tuple[str, ...]:
    names = ("optima", "runs", "steps") if steps else ("optima",)
    return tuple(f"{network}_{how}/{name}.parquet" for network in networks for how in optimizers for name in names)


_OVER_DEPTH = transfer.SLOPE.format(axis="depth", other="width")

CLAIMS = (
    Claim(
        "C1",
        "Tensor Programs VI, section 3",
        "In networks with blocks of one layer, branches scaled by 1/L let the best learning rate of Adam grow with "
        "depth, and end worse than branches scaled by 1/sqrt(L).",
        f"{_OVER_DEPTH}, branches 1/L; log of the best loss less that with 1/sqrt(L) at the largest depth",
        "above 1/4; above 0",
        transfer.WHY_A_QUARTER + " The sign decides the rest.",
        _tables((MLP,), ("adam",)),
        _paper_b,
        "exponent",
    ),
    Claim(
        "C2",
        "CompleteP, arXiv 2505.01618",
        "In networks with blocks of two layers trained with Adam, branches scaled by 1/L keep the best learning rate "
        "over depth and reach a lower loss than branches scaled by 1/sqrt(L).",
        f"{_OVER_DEPTH}, branches 1/L; log of the best loss less that with 1/sqrt(L) at the largest depth",
        "between -1/4 and 1/4; below 0; of both networks",
        transfer.WHY_A_QUARTER + " The sign decides the rest.",
        _tables((RESNET, MLP_TWO), ("adam",)),
        _complete_p,
        "exponent",
    ),
    Claim(
        "C3",
        "Spectral condition, arXiv 2603.00541",
        "The best learning rate stays over depth with branches 1/sqrt(L) where blocks have one layer and with 1/L "
        "where they have two, for SGD and for Adam, and moves with the other power.",
        f"{_OVER_DEPTH}, of each network, optimizer and power",
        "between -1/4 and 1/4 for the right power; outside for the other",
        transfer.WHY_A_QUARTER,
        _tables((CNN, MLP, RESNET, MLP_TWO), ("sgd", "adam")),
        _spectral,
        "exponent",
    ),
    Claim(
        "C4",
        "AM-muP, arXiv 2510.04327",
        "With the branches' 1/sqrt(L) put into the initial weights, the best learning rate of SGD falls as L^-3/2, and "
        "not as L^-1, in short and in long training.",
        f"{_OVER_DEPTH}, branches 1/sqrt(L), SGD, blocks of one layer, after a tenth of the steps and at the end; the "
        "power of the rate with the factor in the weights is one less",
        "between -3/4 and -1/4",
        "Half way between -1/2, which is L^-3/2, and 0, which is L^-1.",
        _tables((CNN, MLP), ("sgd",), steps=True),
        _am_mup,
        "exponent",
    ),
)
