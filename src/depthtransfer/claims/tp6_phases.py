"""The phase diagram of paper B: how pairs (alpha, gamma) act as networks get deeper."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import jackknife
from depthtransfer.analysis.phases import power, sizes
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import LEVEL, Finding, NotRunError, Region, all_of

PHASES = "mlp_phases"
_STABLE = 0.5
_NEAR = Region(high=0.2)
_EXPLODES, _STAYS = Region(low=0.25), Region(high=0.25)

Statistic = Callable[[Sequence[int]], float]


def _phases(evidence: Evidence) -> Finding:
    """Three parts: below alpha = 1/2 the function explodes, from there on it does not, and there the blocks learn by
    the power 1 - alpha - gamma."""
    runs, updates = evidence.runs(PHASES), evidence.updates(PHASES)
    if not (updates["block"] == -1).any():
        raise NotRunError(f"{PHASES} has no probes of all blocks", "set probes.together: true in the preset")
    table = sizes(runs[runs["width"] == runs["width"].max()], evidence.probes(PHASES), updates)
    seeds = sorted({int(seed) for seed in table["seed"]})
    exploding, stable = table[table["alpha"] < _STABLE], table[table["alpha"] >= _STABLE]
    if exploding.empty or stable.empty:
        raise NotRunError(f"{PHASES} lacks pairs on one side of alpha = 1/2", "add them to the experiment")
    parts: tuple[tuple[Statistic, Region, str], ...] = (
        (lambda kept: min(_powers(exploding, "start", kept).values()), _EXPLODES, "Least power below alpha = 1/2"),
        (lambda kept: max(_powers(stable, "start", kept).values()), _STAYS, "Largest power from alpha = 1/2 on"),
        (lambda kept: _distance(stable, kept), _NEAR, "Distance of what blocks learn from 1 - alpha - gamma"),
    )
    findings = []
    for statistic, region, words in parts:
        measured = jackknife(statistic, seeds)
        low, high = measured.interval(LEVEL)
        detail = f"{words}: {measured.value:+.2f} ({low:+.2f} to {high:+.2f})."
        findings.append(region.judge(measured, detail=detail, missing="More seeds, or a wider range of depths."))
    return all_of(*findings)


def _powers(table: pd.DataFrame, quantity: str, kept: Sequence[int]) -> dict[tuple[float, float], float]:
    return {
        (float(group["alpha"].iloc[0]), float(group["update_exponent"].iloc[0])): power(group, quantity, kept)
        for _, group in table.groupby(["alpha", "update_exponent"], sort=True)
    }


def _distance(table: pd.DataFrame, kept: Sequence[int]) -> float:
    """Root mean square over pairs of the measured power less 1 - alpha - gamma."""
    found = _powers(table, "learned", kept)
    return float(np.sqrt(np.mean([(value - (1 - alpha - gamma)) ** 2 for (alpha, gamma), value in found.items()])))


CLAIMS = (
    Claim(
        "B11",
        "Tensor Programs VI, Figure 1",
        "Below alpha = 1/2 the function explodes with depth before training and from there on it does not; there all "
        "blocks together learn by L^(1 - alpha - gamma): too much below the line alpha + gamma = 1, nothing above it.",
        "least power of L in the logits before training for alpha < 1/2; largest for alpha >= 1/2; root mean square "
        "over these pairs of the power of what blocks learn, less 1 - alpha - gamma",
        "above 1/4; below 1/4; below 0.2",
        "Neighbouring pairs of the grid differ by powers of 1/4, and an explosion is faster than any power.",
        (f"{PHASES}/runs.parquet", f"{PHASES}/probes.parquet", f"{PHASES}/updates.parquet"),
        _phases,
        "tp6_fig1",
    ),
)
