"""How often intervals hold the truth and verdicts are wrong, on simulated curves whose optimum is known."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import estimates, optima
from depthtransfer.analysis.measured import Measured
from depthtransfer.claims.transfer import DEPTH_STAYS, slopes
from depthtransfer.claims.verdict import LEVEL, Verdict

from .simulation import SHAPES, Curves, simulated_runs

SEEDS = (1, 3, 5)
STEPS = (0.5, 1.0)
NOISES = (0.005, 0.03)
DEPTHS = np.array([3, 6, 12, 30])
TABLES = 50
NOMINAL = 0.95


@cache
def judged(seeds: int, slope: float) -> pd.DataFrame:
    """One row per optimum: shape, step, noise, whether its interval holds the truth, and the verdict on its table."""
    rows = []
    for index, (step, shape, noise) in enumerate((s, c, n) for s in STEPS for c in SHAPES for n in NOISES):
        rng = np.random.default_rng([seeds, index])
        truth = rng.uniform(-3, -2, (TABLES, 1)) + slope * np.log2(DEPTHS / 3)
        runs = simulated_runs(truth, Curves(noise, **SHAPES[shape]), seeds=seeds, step=step, rng=rng)
        found = optima(estimates(runs.assign(depth=DEPTHS[runs["depth"] - 1]), resamples=100), level=LEVEL)
        verdicts = [DEPTH_STAYS.judge(measured).verdict for measured in slopes([found], "depth")]
        intervals = [
            Measured(row.log2_optimum, row.standard_error, row.degrees).interval(NOMINAL) for row in found.itertuples()
        ]
        held = [low <= best <= high for (low, high), best in zip(intervals, truth.ravel(), strict=True)]
        rows.append(
            pd.DataFrame({"held": held, "verdict": np.repeat(verdicts, len(DEPTHS))}).assign(
                shape=shape, step=step, noise=noise
            )
        )
    return pd.concat(rows, ignore_index=True)


def share(table: pd.DataFrame, verdict: Verdict) -> float:
    return float((table["verdict"] == verdict).mean())


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
def test_intervals_cover_as_often_as_they_say(seeds: int) -> None:
    """Within three points for every number of seeds and grid spacing, over all shapes of curves and strengths of noise.

    A single kind of curve may be covered more often, where the grid limits and not the noise; none is much less.
    """
    table = judged(seeds, 0.0)
    by_step = table.groupby("step")["held"].mean()
    assert by_step.between(NOMINAL - 0.03, NOMINAL + 0.03).all(), by_step
    cells = table.groupby(["shape", "step", "noise"])["held"].mean()
    chance = 3 * np.sqrt(NOMINAL * (1 - NOMINAL) / (TABLES * len(DEPTHS)))
    assert cells.min() >= NOMINAL - 0.03 - chance, cells.idxmin()


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("slope", [0.25, -0.25])
def test_at_the_threshold_neither_verdict_is_given_too_often(seeds: int, slope: float) -> None:
    """A slope exactly at the threshold is the hardest on both sides: either decided verdict may be called false."""
    table = judged(seeds, slope)
    assert share(table, Verdict.REPRODUCED) < 0.02
    assert share(table, Verdict.NOT_REPRODUCED) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
def test_clear_cases_are_never_judged_the_wrong_way(seeds: int) -> None:
    stays, moves = judged(seeds, 0.0), judged(seeds, -1.0)
    assert share(stays, Verdict.NOT_REPRODUCED) < 0.005
    assert share(moves, Verdict.REPRODUCED) < 0.005
    quiet = moves[moves["noise"] == min(NOISES)]
    assert share(quiet, Verdict.NOT_REPRODUCED) > 0.95, "what moves is found out where there is little noise"
    fine = stays[(stays["noise"] == min(NOISES)) & (stays["step"] == min(STEPS))]
    assert share(fine, Verdict.REPRODUCED) > 0.7, "what stays is seen to stay on a fine grid with little noise"
