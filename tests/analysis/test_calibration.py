"""How often intervals hold the truth and verdicts are wrong, on simulated curves whose optimum is known.

`python -m tests.analysis.test_calibration` prints both for every shape.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import estimates, optima
from depthtransfer.analysis.measured import Measured
from depthtransfer.claims.transfer import DEPTH_STAYS, slopes
from depthtransfer.claims.verdict import LEVEL, Verdict

from .simulation import MIXTURES, SHAPES, Curves, simulated_runs

SEEDS = (1, 3, 5)
STEPS = (0.5, 1.0)
NOISES = (0.005, 0.03)
DEPTHS = np.array([3, 6, 12, 30])
TABLES = 40
NOMINAL = 0.95
KINDS = {name: (name, name) for name in SHAPES} | {f"{first} | {second}": (first, second) for first, second in MIXTURES}


@cache
def judged(seeds: int, slope: float) -> pd.DataFrame:
    """One row per optimum: shape, step, noise, whether its interval holds the truth, and the verdict on its table.

    The truth is the best value that trains: the minimum, or the stability boundary where that comes first.
    """
    rows = []
    for index, (step, kind, noise) in enumerate((s, k, n) for s in STEPS for k in KINDS for n in NOISES):
        rng = np.random.default_rng([seeds, index])
        best = rng.uniform(-3, -2, (TABLES, 1)) + slope * np.log2(DEPTHS / 3)
        halves = []
        for half, shape in zip((slice(0, 2), slice(2, 4)), KINDS[kind], strict=True):
            curves = Curves(noise, **SHAPES[shape])
            runs = simulated_runs(best[:, half] - curves.best, curves, seeds=seeds, step=step, rng=rng)
            halves.append(runs.assign(depth=DEPTHS[half][runs["depth"] - 1]))
        found = optima(estimates(pd.concat(halves), resamples=100), level=LEVEL)
        verdicts = [DEPTH_STAYS.judge(measured).verdict for measured in slopes([found], "depth")]
        intervals = [
            Measured(row.centre, row.standard_error, row.degrees).interval(NOMINAL) for row in found.itertuples()
        ]
        held = [low <= value <= high for (low, high), value in zip(intervals, best.ravel(), strict=True)]
        rows.append(
            pd.DataFrame({"held": held, "verdict": np.repeat(verdicts, len(DEPTHS))}).assign(
                shape=kind, step=step, noise=noise
            )
        )
    return pd.concat(rows, ignore_index=True)


def share(table: pd.DataFrame, verdict: Verdict) -> float:
    return float((table["verdict"] == verdict).mean())


def coverage() -> pd.Series:
    """Share of 95% intervals that hold the truth, for each shape, over all numbers of seeds, grids and noises."""
    return pd.concat([judged(seeds, 0.0) for seeds in SEEDS]).groupby("shape")["held"].mean()


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say_for_every_shape() -> None:
    """Within three points, and twice the error of so many simulated optima."""
    found = coverage()
    chance = 2 * np.sqrt(NOMINAL * (1 - NOMINAL) / (len(SEEDS) * len(STEPS) * len(NOISES) * TABLES * len(DEPTHS)))
    assert found.between(NOMINAL - 0.03 - chance, NOMINAL + 0.03 + chance).all(), found


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


if __name__ == "__main__":
    print("share of 95% intervals that hold the truth:", coverage().round(3).to_string(), sep="\n")
    for slope in (0.25, -0.25):
        table = pd.concat([judged(seeds, slope) for seeds in SEEDS])
        shares = {verdict: table["verdict"].eq(verdict).groupby(table["shape"]).mean() for verdict in Verdict}
        print(
            f"share of verdicts at a slope of {slope}, the threshold:",
            pd.DataFrame(shares).round(3).to_string(),
            sep="\n",
        )
