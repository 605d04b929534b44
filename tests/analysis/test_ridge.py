"""Optima along a second hyperparameter, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import best_of_variants, ridges, statistics

from .synthetic import runs_table

BETAS = {f"beta {value:g}": value for value in (0.125, 0.25, 0.5, 1.0)}


def optima_table(runs: pd.DataFrame) -> pd.DataFrame:
    return statistics(runs.assign(steps=10), resamples=100)["optima"]


@pytest.mark.parametrize("slope", [-0.5, -1.0, 0.0])
def test_the_slope_of_the_ridge_is_found_at_each_depth(slope: float) -> None:
    def best(variant: str, width: int, depth: int) -> float:
        return -3.0 + (slope if depth > 3 else 0.25) * np.log2(BETAS[variant])

    table = optima_table(runs_table(best, schemes=tuple(BETAS), depths=(3, 12), noise=0.003))
    found = {depth: measured for (_, depth, _), measured in ridges(table, BETAS).items()}
    for depth, expected in ((3, 0.25), (12, slope)):
        low, high = found[depth].interval(0.99)
        assert low < expected < high
        assert high - low < 0.5


def test_of_each_network_the_variant_with_the_least_loss_is_taken() -> None:
    runs = runs_table(-2.0, schemes=tuple(BETAS), depths=(3, 12))
    better = runs["scheme"] == np.where(runs["depth"] == 3, "beta 0.5", "beta 1")
    runs["loss"] *= np.where(better, 0.5, 1.0)
    best = best_of_variants(optima_table(runs))
    assert list(best["scheme"]) == ["beta 0.5", "beta 1"]
    assert list(best["depth"]) == [3, 12]


def test_a_network_that_no_variant_trains_has_no_best() -> None:
    runs = runs_table(lambda variant, width, depth: None if depth == 12 else -2.0, schemes=tuple(BETAS), depths=(3, 12))
    assert list(best_of_variants(optima_table(runs))["depth"]) == [3]
