"""Feature diversity in paper B: how streams of residual MLPs differ over their distance in layer time."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from depthtransfer.analysis.diversity import distances, exponent
from depthtransfer.analysis.measured import Measured, jackknife
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import LEVEL, Finding, NotRunError, Region, TooLittleError, Verdict, all_of

RELU, ABS = "mlp_diversity", "mlp_diversity_abs"
_DEPTH_MUP, _ODE = "Depth-muP", "ODE"
_HALF, _ABOVE, _GROWS, _FLATTER = Region(0.25, 0.75), Region(low=0.75), Region(low=0.0), Region(high=0.0)
_SEEDS = "More seeds."
_PAPER_GOES_TO = 8192
"""A power that has not reached its bound in fewer blocks may reach it in more."""


def _at_the_end(evidence: Evidence, experiment: str, variant: str) -> pd.DataFrame:
    runs, streams = evidence.runs(experiment), evidence.streams(experiment)
    if streams.empty:
        raise NotRunError(f"{experiment} has no distances of streams", "set probes.streams: true in the preset")
    table = distances(runs[runs["scheme"] == variant], streams)
    table = table[table["step"] == table["step"].max()]
    deep = table.groupby("depth")["epsilon"].nunique()
    if (deep > 1).sum() == 0:
        raise TooLittleError(f"{experiment} has no network of {variant} of 32 blocks or more", "add deeper ones")
    return pd.DataFrame(table[table["depth"].isin(deep[deep > 1].index)])


def _exponent(table: pd.DataFrame, depth: int) -> Measured:
    own = table[table["depth"] == depth]
    return jackknife(partial(exponent, own), sorted({int(seed) for seed in own["seed"]}))


def _said(words: str, measured: Measured) -> str:
    low, high = measured.interval(LEVEL)
    return f"{words}: {measured.value:.2f} ({low:.2f} to {high:.2f})."


def _diversity(evidence: Evidence) -> Finding:
    ours, ode = (_at_the_end(evidence, RELU, variant) for variant in (_DEPTH_MUP, _ODE))
    depths = sorted(set(ours["depth"]) & set(ode["depth"]))
    if len(depths) < 2:
        raise TooLittleError(f"{RELU} has fewer than two depths", "add one")
    shallowest, deepest = depths[0], depths[-1]
    found = [
        _HALF.judge(value, detail=_said(f"{_DEPTH_MUP}, {depth} blocks", value), missing=_SEEDS)
        for depth in depths
        for value in [_exponent(ours, depth)]
    ]
    last = _exponent(ode, deepest)
    above = _ABOVE.judge(last, detail=_said(f"{_ODE}, {deepest} blocks", last), missing="More depth or seeds.")
    if above.verdict is Verdict.NOT_REPRODUCED and deepest < _PAPER_GOES_TO:
        missing = f"Deeper networks: the paper goes to {_PAPER_GOES_TO} blocks."
        above = replace(above, verdict=Verdict.INCONCLUSIVE, missing=missing)
    found.append(above)
    seeds = sorted({int(seed) for seed in ode["seed"]})

    def growth(kept: Sequence[int]) -> float:
        return exponent(ode[ode["depth"] == deepest], kept) - exponent(ode[ode["depth"] == shallowest], kept)

    rise = jackknife(growth, seeds)
    words = f"{_ODE}, rise from {shallowest} to {deepest} blocks"
    found.append(_GROWS.judge(rise, detail=_said(words, rise), missing=_SEEDS))
    return all_of(*found)


def _flatter(evidence: Evidence) -> Finding:
    relu, absolute = (_at_the_end(evidence, experiment, _DEPTH_MUP) for experiment in (RELU, ABS))
    depths = sorted(set(relu["depth"]) & set(absolute["depth"]))
    seeds = sorted({int(seed) for seed in relu["seed"]} & {int(seed) for seed in absolute["seed"]})
    if not depths or not seeds:
        raise TooLittleError(f"{RELU} and {ABS} have no depth and seed in common", "add them")

    def difference(kept: Sequence[int]) -> float:
        with_abs, with_relu = (exponent(table[table["depth"] == depths[-1]], kept) for table in (absolute, relu))
        return with_abs - with_relu

    measured = jackknife(difference, seeds)
    return _FLATTER.judge(measured, detail=f"At {depths[-1]} blocks.", missing=_SEEDS)


CLAIMS = (
    Claim(
        "B9",
        "Tensor Programs VI, Figure 17",
        "After training, residual streams of Depth-muP differ by epsilon^(1/2) over a distance epsilon in layer time "
        "at every depth; under the ODE scaling the power rises with depth, towards 1.",
        "power of epsilon in the distance of streams, epsilon up to 1/16, at the end of training, by depth; and its "
        "rise from the shallowest to the deepest network",
        "Depth-muP between 1/4 and 3/4 at every depth; ODE above 3/4 at the deepest, and rising; with fewer than "
        f"{_PAPER_GOES_TO} blocks a power below 3/4 decides nothing",
        "Half way between the powers 1/2 and 1, and as far to the other side.",
        (f"{RELU}/runs.parquet", f"{RELU}/streams.parquet"),
        _diversity,
        "tp6_fig17",
    ),
    Claim(
        "B9-abs",
        "Tensor Programs VI, Figure 19",
        "With absolute values streams of Depth-muP are more diverse than with ReLU: their power of epsilon is lower.",
        "power of epsilon with absolute values less that with ReLU, deepest networks, end of training",
        "below 0",
        "A lower power is what being flatter means.",
        (f"{RELU}/runs.parquet", f"{RELU}/streams.parquet", f"{ABS}/runs.parquet", f"{ABS}/streams.parquet"),
        _flatter,
        "tp6_fig19",
    ),
)
