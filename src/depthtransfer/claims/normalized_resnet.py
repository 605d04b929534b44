"""The ResNet18 type with batch normalization: Figure 2."""

import numpy as np

from depthtransfer.analysis.measured import Measured, mean
from depthtransfer.analysis.ordering import along, difference
from depthtransfer.analysis.statistics import losses_of
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, Region, TooLittleError, Verdict, all_of

RESNET = "resnet18_bn_learning_rate"
_MANY_LAYERS = 300


def _transfers_only_when_scaled(evidence: Evidence) -> Finding:
    optima = evidence.optima(RESNET)
    scaled = transfer.judge_slope(transfer.select(optima, "mup_sqrt_depth", RESNET), "depth", transfer.DEPTH_STAYS)
    unscaled = transfer.judge_slope(transfer.select(optima, "mup", RESNET), "depth", transfer.DEPTH_FALLS)
    return all_of(scaled, unscaled)


def _trains_at_hundreds_of_layers(evidence: Evidence) -> Finding:
    runs = transfer.select(evidence.runs(RESNET), "mup_sqrt_depth", RESNET)
    stable = runs.loc[runs["status"] == "ok", "depth"]
    deepest, tried = int(stable.max()) if len(stable) else 0, int(runs["depth"].max())
    detail = f"Deepest network that trained: {deepest} residual layers; deepest that was tried: {tried}."
    if deepest > _MANY_LAYERS:
        return Finding(Verdict.REPRODUCED, float(deepest), deepest, deepest, detail)
    if tried > _MANY_LAYERS:
        return Finding(Verdict.NOT_REPRODUCED, float(deepest), deepest, deepest, detail)
    return Finding(Verdict.INCONCLUSIVE, float(deepest), deepest, deepest, detail, f"A depth above {_MANY_LAYERS}.")


def _scaled_wins_when_deep(evidence: Evidence) -> Finding:
    runs = evidence.optima(RESNET)
    for scheme in ("mup_sqrt_depth", "mup"):
        transfer.select(runs, scheme, RESNET)
    losses = losses_of(runs)
    by_width = along(losses, "depth")
    deepest = int(runs["depth"].max())
    compared: list[Measured] = []
    for width in sorted({width for _, width in by_width}):
        scaled, unscaled = (dict(by_width.get((scheme, width), [])) for scheme in ("mup_sqrt_depth", "mup"))
        if deepest in scaled and deepest in unscaled:
            compared.append(difference(scaled[deepest], unscaled[deepest]))
    if not compared:
        if any(scheme == "mup_sqrt_depth" and depth == deepest for scheme, _, depth in losses):
            detail = f"At depth {deepest} every unscaled network diverged, at every learning rate."
            return Finding(Verdict.REPRODUCED, -np.inf, -np.inf, -np.inf, detail)
        raise TooLittleError(f"no scaled network of depth {deepest} trained", "add smaller learning rates")
    detail = f"At depth {deepest}, mean over {len(compared)} widths."
    return Region(high=0.0).judge(
        mean(compared), detail=detail, missing=f"More seeds at depth {deepest}, or greater depths."
    )


CLAIMS = (
    Claim(
        "A6",
        "Figure 2",
        "In ResNet18-type networks with batch normalization, the best learning rate stays over depth if branches are "
        "scaled by 1/sqrt(L), and falls if they are not.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "between -1/4 and 1/4 with scaling, below -1/4 without",
        transfer.WHY_A_QUARTER,
        (f"{RESNET}/runs.parquet",),
        _transfers_only_when_scaled,
        "fig2",
    ),
    Claim(
        "A6-depth",
        "Figure 2",
        "With 1/sqrt(L) and batch normalization, networks of more than 300 layers train.",
        "residual layers of the deepest network that trained",
        "above 300",
        "The number is the paper's.",
        (f"{RESNET}/runs.parquet",),
        _trains_at_hundreds_of_layers,
        "fig2",
    ),
    Claim(
        "A7",
        "Figure 2",
        "At the largest depth, batch-normalized networks reach lower training loss with 1/sqrt(L) than without.",
        "log of the best loss with scaling less that without, at the largest depth, mean over widths",
        "below 0",
        "The sign is the claim; the interval decides whether it is known.",
        (f"{RESNET}/runs.parquet",),
        _scaled_wins_when_deep,
        "fig2",
    ),
)
