"""The residual MLP of paper B (Tensor Programs VI): learning rates over depth by the pair (alpha, gamma)."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from depthtransfer.analysis import best_of_variants, ridges
from depthtransfer.analysis.measured import mean
from depthtransfer.analysis.ordering import along, difference
from depthtransfer.analysis.summary import losses_of, measured_loss
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, NotRunError, Region, TooLittleError, Verdict, all_of

MLP, BETA = "mlp_learning_rate", "mlp_beta"
PRE, ABS, NORM = "mlp_pre_learning_rate", "mlp_abs_learning_rate", "mlp_norm_learning_rate"
ONE_LAYER, TWO_LAYERS = ("mlp_one_layer", "mlp_one_layer_norm"), ("mlp_two_layers", "mlp_two_layers_norm")
DEPTH_MUP, ODE = "Depth-muP", "ODE"
BLOCKS_ONLY, NOTHING = "alpha 0.5, update_exponent 0", "alpha 0, update_exponent 0"
_DEEP = 64
_FAILS_FROM = 512
_FALLS = Region(high=0.0)
_NO_GAIN_FROM, _NO_GAIN = 8, Region(low=-0.03)
_SHALLOW_RIDGE, _DEEP_RIDGE = Region(low=-0.75), Region(high=-0.75)
_CLEARLY = 0.9
"""Share of the loss of guessing below which a network has clearly learned something."""


def deep(optima: pd.DataFrame) -> pd.DataFrame:
    """Networks of at least 64 blocks, of which the paper says that the optimum has settled.

    Raises:
        TooLittleError: if there are not two such depths.
    """
    chosen = optima[optima["depth"] >= _DEEP]
    if chosen["depth"].nunique() < 2:
        raise TooLittleError(f"there are no two depths of {_DEEP} blocks or more", "add them to the preset")
    return chosen


def falls_with_depth(optima: pd.DataFrame, changes: Region = _FALLS) -> Finding:
    """Judge by how much the log of the best loss changes when the depth doubles; the default is that it falls."""
    groups = [group for some in transfer.equally_long(optima) for group in along(losses_of(some), "depth").values()]
    return transfer.per_doubling(groups, "depth", changes)


def compared(left: pd.DataFrame, right: pd.DataFrame, region: Region, what: str) -> Finding:
    """Judge log of the best loss of the one less that of the other at the largest depth that both have.

    Args:
        left, right: rows of optima, of one scheme each; a network is compared with that of its width and length.
        region: differences for which the claim holds.
        what: names of both, for the detail.

    Raises:
        NotRunError: if they have no network in common.
        TooLittleError: if every value of the deepest one diverged on one side.
    """
    tables = [table.set_index(["width", "depth", "steps"]) for table in (left, right)]
    both = tables[0].index.intersection(tables[1].index)
    if both.empty:
        raise NotRunError(f"{what}: no network was run both ways", "add one to the preset")
    deepest = int(both.get_level_values("depth").max())
    sizes = [size for size in both if size[1] == deepest]
    if any(table.loc[sizes, "log_loss"].isna().any() for table in tables):
        raise TooLittleError(f"{what}: every value diverged at depth {deepest}", "add smaller values")
    differences = [difference(*(measured_loss(table.loc[size]) for table in tables)) for size in sizes]
    detail = f"Log of the best loss at depth {deepest}, {what}: {mean(differences).value:+.3f}."
    return region.judge(mean(differences), detail=detail, missing="More seeds.")


def _two_layers_lose(evidence: Evidence) -> Finding:
    """Each at its best learning rate and constant, at the largest number of layers that both have."""
    findings = []
    for one, two in zip(ONE_LAYER, TWO_LAYERS, strict=True):
        flat, paired = (best_of_variants(evidence.optima(name)) for name in (one, two))
        by_layers = paired.assign(depth=2 * paired["depth"])
        findings.append(compared(by_layers, flat, Region(low=0.0), f"{two} less {one}"))
    return all_of(*findings)


def _two_layers_drift(evidence: Evidence) -> Finding:
    """The opposite of staying, judged at each constant that was tried: reproduced if the optimum moves at all."""
    optima = evidence.optima(TWO_LAYERS[0])
    return all_of(*(_moves(group) for _, group in optima.groupby("scheme", sort=True)))


def _moves(optima: pd.DataFrame) -> Finding:
    stays = transfer.judge_slope(optima, "depth", transfer.DEPTH_STAYS)
    opposite = {Verdict.REPRODUCED: Verdict.NOT_REPRODUCED, Verdict.NOT_REPRODUCED: Verdict.REPRODUCED}
    return replace(stays, verdict=opposite.get(stays.verdict, stays.verdict))


def _ridge_turns(evidence: Evidence) -> Finding:
    runs = evidence.runs(TWO_LAYERS[1])
    betas = {str(name): float(beta) for name, beta in runs.groupby("scheme")["beta"].first().items()}
    slopes = ridges(evidence.optima(TWO_LAYERS[1]), betas)
    depths = sorted({depth for _, depth, _ in slopes})
    if len(depths) < 2:
        raise TooLittleError("there is a single depth", "add a deep one to the preset")
    ends = ((depths[0], _SHALLOW_RIDGE), (depths[-1], _DEEP_RIDGE))
    missing = "More seeds, or a wider range of constants."
    return all_of(
        *(
            region.judge(
                mean([slope for (_, at, _), slope in slopes.items() if at == depth]),
                detail=f"Ridge of {depth} blocks judged.", missing=missing,
            )
            for depth, region in ends
        )
    )  # fmt: skip


def _settles_and_improves(evidence: Evidence) -> Finding:
    optima = transfer.select(evidence.optima(MLP), DEPTH_MUP, MLP)
    return all_of(transfer.judge_slope(deep(optima), "depth", transfer.DEPTH_STAYS), falls_with_depth(optima))


def _slope(scheme: str, region: Region, evidence: Evidence, experiment: str = MLP) -> Finding:
    return transfer.judge_slope(transfer.select(evidence.optima(experiment), scheme, experiment), "depth", region)


def _absolute_values_win(evidence: Evidence) -> Finding:
    theirs, ours = (transfer.select(evidence.optima(name), DEPTH_MUP, name) for name in (ABS, MLP))
    return all_of(
        transfer.judge_slope(theirs, "depth", transfer.DEPTH_STAYS),
        transfer.judge_slope(ours, "depth", transfer.DEPTH_STAYS),
        compared(theirs, ours, Region(high=0.0), "|x| less ReLU"),
    )


def _gains_nothing_before_the_weight(evidence: Evidence) -> Finding:
    theirs, ours = (transfer.select(evidence.optima(name), DEPTH_MUP, name) for name in (PRE, MLP))
    from_eight = theirs[theirs["depth"] >= _NO_GAIN_FROM]
    return all_of(
        transfer.judge_slope(theirs, "depth", transfer.DEPTH_STAYS),
        falls_with_depth(from_eight, _NO_GAIN),
        compared(theirs, ours, Region(low=0.0), "before the weight less behind it"),
    )


def _falls_and_fails(evidence: Evidence) -> Finding:
    """Both parts: the optimum falls over the depths that learn at all, and from 512 blocks on none does."""
    optima = transfer.select(evidence.optima(MLP), NOTHING, MLP)
    learning = optima[(optima["edge"] != "untrained") & (optima["depth"] < _FAILS_FROM)]
    if learning["depth"].nunique() < 2:
        missing = f"A second depth at which anything is learned (here {learning['depth'].nunique()} of them)."
        falls = Finding(Verdict.INCONCLUSIVE, missing=missing)
    else:
        falls = transfer.judge_slope(learning, "depth", transfer.DEPTH_FALLS)
    return all_of(falls, _fails_when_deep(evidence))


def _fails_when_deep(evidence: Evidence) -> Finding:
    runs = transfer.select(evidence.runs(MLP), NOTHING, MLP)
    deepest = runs[runs["depth"] >= _FAILS_FROM]
    tried = int(runs["depth"].max())
    if deepest.empty:
        missing = f"A depth of {_FAILS_FROM} blocks or more."
        return Finding(Verdict.INCONCLUSIVE, detail=f"Deepest network: {tried} blocks.", missing=missing)
    smallest = deepest[deepest["learning_rate"] == deepest["learning_rate"].min()]
    if (smallest["diverged_step"] > 0).any():
        missing = (
            f"Smaller learning rates from {_FAILS_FROM} blocks on: the smallest was learned from before it diverged."
        )
        return Finding(Verdict.INCONCLUSIVE, detail="The smallest learning rate diverged in training.", missing=missing)
    chance = float(np.log(deepest["classes"].max()))
    best = float(deepest["loss"].min()) if (deepest["status"] == "ok").any() else float("inf")
    learned = best < _CLEARLY * chance
    detail = f"Best loss from {_FAILS_FROM} blocks on: {best:.3g}, where guessing has {chance:.2f}."
    return Finding(Verdict.NOT_REPRODUCED if learned else Verdict.REPRODUCED, best, best, best, detail)


def _rises_and_is_worse(evidence: Evidence) -> Finding:
    optima = evidence.optima(MLP)
    ode, ours = (transfer.select(optima, scheme, MLP) for scheme in (ODE, DEPTH_MUP))
    return all_of(
        transfer.judge_slope(ode, "depth", transfer.DEPTH_RISES),
        compared(ode, ours, Region(low=0.0), "(1, 0) less Depth-muP"),
    )


CLAIMS = (
    Claim(
        "B1",
        "Tensor Programs VI, Figure 10",
        "With Depth-muP the best learning rate of the MLP is the same at every depth from 64 blocks on, and deeper "
        "networks reach lower loss.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}, from {_DEEP} blocks on; change of the log of the best "
        "loss when the depth doubles",
        "between -1/4 and 1/4; below 0",
        transfer.WHY_A_QUARTER,
        (f"{MLP}/optima.parquet",),
        _settles_and_improves,
        "tp6_fig10",
    ),
    Claim(
        "B2",
        "Tensor Programs VI, Figure 10",
        "With the branches of Depth-muP but Adam's learning rate left alone, (1/2, 0), the best learning rate falls "
        "with depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "below -1/4",
        "Half way between an optimum that stays and the 1/sqrt(L) by which the updates are too large.",
        (f"{MLP}/optima.parquet",),
        partial(_slope, BLOCKS_ONLY, transfer.DEPTH_FALLS),
        "tp6_fig10",
    ),
    Claim(
        "B3",
        "Tensor Programs VI, Figure 10",
        f"With nothing scaled, (0, 0), the best learning rate falls with depth, and from {_FAILS_FROM} blocks on "
        "nothing is learned at any.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}, over depths that learn; best loss from {_FAILS_FROM} "
        "blocks on",
        f"below -1/4; at least {_CLEARLY} of the loss of guessing",
        transfer.WHY_A_QUARTER,
        (f"{MLP}/optima.parquet", f"{MLP}/runs.parquet"),
        _falls_and_fails,
        "tp6_fig10",
    ),
    Claim(
        "B4",
        "Tensor Programs VI, Figure 13",
        "With Depth-muP the best constant of the branches is the same at every depth.",
        "slope of log2 of the best beta over log2(depth), mean over widths",
        "between -1/4 and 1/4",
        transfer.WHY_A_QUARTER,
        (f"{BETA}/optima.parquet",),
        partial(_slope, DEPTH_MUP, transfer.DEPTH_STAYS, experiment=BETA),
        "tp6_fig13",
    ),
    Claim(
        "B5",
        "Tensor Programs VI, Figure 11",
        "With the scaling of an ordinary differential equation, (1, 0), the best learning rate grows with depth, and "
        "the deepest network ends worse than with Depth-muP.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}; log of the best loss less that of Depth-muP",
        "above 1/4; above 0",
        "Half way between an optimum that stays and one that moves as the square root of the depth; the sign is the "
        "rest of the claim.",
        (f"{MLP}/optima.parquet",),
        _rises_and_is_worse,
        "tp6_fig11",
    ),
    Claim(
        "B6",
        "Tensor Programs VI, Figure 3",
        "With Depth-muP the best learning rate stays over depth with absolute values and with ReLU, and absolute "
        "values reach the lower loss.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}, of both; log of the best loss with |x| less that with "
        "ReLU at the largest depth of both",
        "between -1/4 and 1/4; below 0",
        transfer.WHY_A_QUARTER + " The sign decides the rest.",
        (f"{ABS}/optima.parquet", f"{MLP}/optima.parquet"),
        _absolute_values_win,
        "tp6_fig3",
    ),
    Claim(
        "B7",
        "Tensor Programs VI, Figure 2",
        f"With the nonlinearity before the weight the best learning rate stays over depth, but from {_NO_GAIN_FROM} "
        "blocks on depth gains nothing, and the loss is worse than with it behind the weight.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}; change of the log of the best loss when the depth "
        "doubles; log of the best loss less that of the other order at the largest depth of both",
        "between -1/4 and 1/4; above -0.03; above 0",
        "Three per cent a doubling add up to a fifth of the loss from 8 to 1024 blocks, less than what a figure shows.",
        (f"{PRE}/optima.parquet", f"{MLP}/optima.parquet"),
        _gains_nothing_before_the_weight,
        "tp6_fig2",
    ),
    Claim(
        "B8",
        "Tensor Programs VI, Figures 4 and 5",
        "At equal numbers of layers, blocks of two layers reach a worse loss than blocks of one, with ReLU and with "
        "absolute values and LayerNorm.",
        "log of the best loss over learning rate and constant, two layers less one, at the largest number of layers",
        "above 0, for both",
        "The sign is the claim; the interval decides whether it is known.",
        tuple(f"{name}/optima.parquet" for name in (*ONE_LAYER, *TWO_LAYERS)),
        _two_layers_lose,
        "tp6_fig4",
    ),
    Claim(
        "B8-shift",
        "Tensor Programs VI, Figure 6",
        "With blocks of two layers the best learning rate moves with depth under Depth-muP.",
        f"{transfer.SLOPE.format(axis='depth', other='width')}, at every constant of the branches",
        "outside -1/4 to 1/4",
        transfer.WHY_A_QUARTER,
        (f"{TWO_LAYERS[0]}/optima.parquet",),
        _two_layers_drift,
        "tp6_fig6",
    ),
    Claim(
        "B8-ridge",
        "Tensor Programs VI, Figure 7",
        "With blocks of two layers the best constant falls as the inverse square of the learning rate in shallow "
        "networks, and inversely in deep ones: the best learning rate as the constant to -1/2, and to -1.",
        "slope of log2 of the best learning rate over log2 of the constant, at the least and the largest depth",
        "above -3/4; below -3/4",
        "Half way between the two.",
        (f"{TWO_LAYERS[1]}/optima.parquet", f"{TWO_LAYERS[1]}/runs.parquet"),
        _ridge_turns,
        "tp6_fig7",
    ),
    Claim(
        "B12",
        "Tensor Programs VI, Figure 12",
        "With LayerNorm at the start of every block Depth-muP still keeps the best learning rate over depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "between -1/4 and 1/4",
        transfer.WHY_A_QUARTER,
        (f"{NORM}/optima.parquet",),
        partial(_slope, DEPTH_MUP, transfer.DEPTH_STAYS, experiment=NORM),
        "tp6_fig12",
    ),
)
