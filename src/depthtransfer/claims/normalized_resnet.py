"""The ResNet18 type with batch normalization: Figure 2."""

import numpy as np

from depthtransfer.analysis.measured import mean
from depthtransfer.analysis.ordering import difference
from depthtransfer.analysis.summary import measured_loss
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, NotRunError, Region, TooLittleError, Verdict, all_of

RESNET = "resnet18_bn_learning_rate"
_MANY_LAYERS = 300
_CLEARLY = 0.9
"""Share of the loss of guessing below which a network has clearly learned something."""


def _transfers_only_when_scaled(evidence: Evidence) -> Finding:
    optima = evidence.optima(RESNET)
    scaled = transfer.judge_slope(transfer.select(optima, "mup_sqrt_depth", RESNET), "depth", transfer.DEPTH_STAYS)
    unscaled = transfer.judge_slope(transfer.select(optima, "mup", RESNET), "depth", transfer.DEPTH_FALLS)
    return all_of(scaled, unscaled)


def _trains_at_hundreds_of_layers(evidence: Evidence) -> Finding:
    runs = transfer.select(evidence.runs(RESNET), "mup_sqrt_depth", RESNET)
    runs = runs.assign(layers=2 * runs["depth"] + 2)  # two convolutions a branch, stem and readout
    chance = float(np.log(runs["classes"].max()))
    trained = runs.loc[(runs["status"] == "ok") & (runs["loss"] < _CLEARLY * chance), "layers"]
    deepest, tried = int(trained.max()) if len(trained) else 0, int(runs["layers"].max())
    best = runs.loc[runs["layers"] == tried, "loss"].min()
    detail = (
        f"Deepest network that trained: {deepest} layers; deepest that was tried: {tried}, with "
        f"a loss of {best:.2f} at best where guessing has {chance:.2f}."
    )
    if deepest > _MANY_LAYERS:
        return Finding(Verdict.REPRODUCED, float(deepest), deepest, deepest, detail)
    if tried > _MANY_LAYERS:
        return Finding(Verdict.NOT_REPRODUCED, float(deepest), deepest, deepest, detail)
    missing = f"More than {_MANY_LAYERS} layers: a depth of {_MANY_LAYERS // 2} branches."
    return Finding(Verdict.INCONCLUSIVE, float(deepest), deepest, deepest, detail, missing)


def _scaled_wins_when_deep(evidence: Evidence) -> Finding:
    """Only sizes at which both schemes were run are compared: a scheme without runs is not run, it did not diverge."""
    optima = evidence.optima(RESNET)
    scaled, unscaled = (
        transfer.select(optima, scheme, RESNET).set_index(["width", "depth", "steps"])
        for scheme in ("mup_sqrt_depth", "mup")
    )
    both = scaled.index.intersection(unscaled.index)
    if both.empty:
        raise NotRunError(f"{RESNET} has no network that was run with both schemes", "add one to the preset")
    deepest = int(both.get_level_values("depth").max())
    sizes = [size for size in both if size[1] == deepest]
    if scaled.loc[sizes, "log_loss"].isna().any():
        raise TooLittleError(f"a scaled network of depth {deepest} diverged at every value", "add smaller values")
    if unscaled.loc[sizes, "log_loss"].isna().all():
        detail = f"At depth {deepest} every unscaled network diverged, at every learning rate."
        return Finding(Verdict.REPRODUCED, -np.inf, -np.inf, -np.inf, detail)
    compared = [
        difference(*(measured_loss(table.loc[size]) for table in (scaled, unscaled)))
        for size in sizes
        if unscaled.loc[size, "edge"] != "all_diverged"
    ]
    widths = f"mean over {len(compared)} widths" if len(compared) > 1 else f"width {sizes[0][0]}"
    return Region(high=0.0).judge(
        mean(compared),
        detail=f"At depth {deepest}, {widths}.",
        missing=f"More seeds at depth {deepest}, or greater depths.",
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
        "layers (2L + 2 for L branches) of the deepest network that trained",
        "above 300, with a loss below 9/10 of that of guessing",
        "The number is the paper's; a loss of 9/10 of chance is far beyond the noise of a training loss.",
        (f"{RESNET}/runs.parquet",),
        _trains_at_hundreds_of_layers,
        "fig2",
    ),
    Claim(
        "A7",
        "Figure 2",
        "At the largest depth, batch-normalized networks reach lower training loss with 1/sqrt(L) than without.",
        "log of the best loss with scaling less that without, at the largest depth of both, mean over widths",
        "below 0",
        "The sign is the claim; the interval decides whether it is known.",
        (f"{RESNET}/runs.parquet",),
        _scaled_wins_when_deep,
        "fig2",
    ),
)
