import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depthtransfer.analysis import AnalysisError, curves, statistics

from .synthetic import optima_of, runs_table

CONFIGURATION = ["scheme", "width", "depth"]


def only(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("best", [-4.0, -3.7, -2.5, -1.1])
def test_a_parabola_without_noise_is_recovered(best: float) -> None:
    row = only(optima_of(runs_table(best)))
    assert row["log2_optimum"] == pytest.approx(best, abs=1e-6)
    assert row["optimum"] == pytest.approx(2.0**best)
    assert row["method"] == "quadratic"
    assert row["edge"] == "none"
    assert not row["next_diverges"]
    assert np.isnan(row["smallest_diverged"])


@pytest.mark.parametrize(("offset", "moved"), [(-2, 0.15), (-1, 0.9), (1, 0.9), (2, 0.15)])
def test_one_outlying_value_does_not_carry_the_optimum_away(offset: int, moved: float) -> None:
    runs = runs_table(-2.2, seeds=(0,))
    runs.loc[np.isclose(np.log2(runs["learning_rate"]), -2 + offset), "loss"] *= 1.5
    assert only(optima_of(runs))["log2_optimum"] == pytest.approx(-2.2, abs=moved)


def test_one_outlying_run_of_five_hardly_moves_the_optimum() -> None:
    runs = runs_table(-2.2)
    runs.loc[(runs["seed"] == 3) & np.isclose(np.log2(runs["learning_rate"]), -1), "loss"] *= 2
    assert only(optima_of(runs))["log2_optimum"] == pytest.approx(-2.2, abs=0.35)


@pytest.mark.parametrize(("best", "edge"), [(-11.0, "left"), (6.0, "right")])
def test_an_optimum_at_the_edge_has_no_bound_on_that_side(best: float, edge: str) -> None:
    row = only(optima_of(runs_table(best)))
    assert row["edge"] == edge
    assert np.isinf(row["low"]) == (edge == "left")
    assert np.isinf(row["high"]) == (edge == "right")


def test_the_stability_boundary_is_not_an_edge() -> None:
    row = only(optima_of(runs_table(-2.0, boundary=0.5)))
    assert row["edge"] == "none"
    assert row["next_diverges"]
    assert row["largest_stable"] == -2.0
    assert row["smallest_diverged"] == -1.0
    assert row["grid_best"] == -2.0
    assert row["log2_optimum"] <= -2.0, "no optimum is reported where nothing trained"


def test_all_diverged_is_a_row_that_says_so() -> None:
    table = optima_of(runs_table(lambda s, w, d: None if d == 48 else -2.0, depths=(3, 48)))
    row = table[table["depth"] == 48].iloc[0]
    assert row["edge"] == "all_diverged"
    assert row["method"] == "none"
    assert np.isnan(row["log2_optimum"])
    assert (row["low"], row["high"], row["loss"]) == (-np.inf, -8.0, np.inf)
    assert row["diverged"] == row["runs"] == 55


@pytest.mark.parametrize(("gone", "best"), [(2, -2.0), (3, -3.0)])
def test_a_value_counts_as_diverged_when_half_of_its_seeds_did(gone: int, best: float) -> None:
    runs = runs_table(-2.1, seeds=range(5))
    hit = np.isclose(np.log2(runs["learning_rate"]), -2) & (runs["seed"] < gone)
    runs.loc[hit, "status"] = "diverged"
    runs.loc[hit, "loss"] = np.nan
    row = only(optima_of(runs))
    assert row["grid_best"] == best
    assert row["smallest_diverged"] == -2.0
    averaged = curves(runs)
    assert averaged.loc[averaged["log2_value"] == -2, "diverged"].item() == gone


def test_one_seed_has_the_noise_of_its_curve() -> None:
    smooth = only(optima_of(runs_table(-2.2, seeds=(0,))))
    rough = only(optima_of(runs_table(-2.2, seeds=(0,), noise=0.05)))
    assert smooth["seeds"] == rough["seeds"] == 1
    assert smooth["high"] - smooth["low"] < 0.01 < rough["high"] - rough["low"]


def test_one_seed_at_three_values_knows_nothing_of_its_noise() -> None:
    row = only(optima_of(runs_table(-2.2, seeds=(0,), grid=(-3, -2, -1), noise=0.01)))
    assert row["degrees"] == 1.0
    assert (row["low"], row["high"]) == (-3.0, -1.0)


def test_intervals_cover_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    truth = rng.uniform(-4, -1, 400)
    runs = runs_table(lambda s, w, d: truth[d - 1], depths=range(1, 401), noise=0.02, rng=rng)
    found = optima_of(runs, resamples=300)
    covered = (found["low"] <= truth) & (truth <= found["high"])
    assert 0.92 <= covered.mean() <= 0.985
    assert (found["high"] - found["low"]).median() < 0.5


def test_the_order_of_rows_changes_nothing() -> None:
    runs = runs_table(schemes=("mup", "sp"), widths=(8, 16), depths=(3, 6), noise=0.05, boundary=2)
    shuffled = runs.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(optima_of(runs), optima_of(shuffled), check_exact=True)


def test_other_configurations_change_nothing() -> None:
    runs = runs_table(depths=(3, 6), noise=0.05)
    alone = optima_of(runs[runs["depth"] == 6].reset_index())
    pd.testing.assert_frame_equal(alone, optima_of(runs).tail(1).reset_index(drop=True))


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-20, 20), scale=st.floats(1e-3, 1e3))
def test_optimum_moves_with_the_grid_and_not_with_the_scale_of_the_loss(shift: float, scale: float) -> None:
    runs = runs_table(-2.3, seeds=(0, 1, 2), noise=0.03)
    moved = runs.assign(learning_rate=runs["learning_rate"] * 2.0**shift, loss=runs["loss"] * scale)
    before, after = only(optima_of(runs, resamples=50)), only(optima_of(moved, resamples=50))
    for name in ("log2_optimum", "low", "high"):
        assert after[name] == pytest.approx(before[name] + shift, abs=1e-6)


def test_any_column_can_be_swept() -> None:
    runs = runs_table(-2.0, hyperparameter="gamma0", grid=np.linspace(-4, 0, 9))
    row = only(optima_of(runs, "gamma0"))
    assert row["hyperparameter"] == "gamma0"
    assert row["grid_step"] == pytest.approx(0.5)
    assert row["log2_optimum"] == pytest.approx(-2.0)


def test_six_hundred_runs_take_well_under_a_second() -> None:
    runs = runs_table(widths=(8, 16), depths=range(1, 21), seeds=(0, 1), grid=range(-8, 0), noise=0.02)
    assert len(runs) == 640
    optima_of(runs.head(16))
    start = time.process_time()
    optima_of(runs)
    assert time.process_time() - start < 1.0


def broken(**columns: object) -> pd.DataFrame:
    return runs_table().assign(**columns)


@pytest.mark.parametrize(
    ("runs", "hyperparameter", "named"),
    [
        (runs_table().head(0), "learning_rate", "empty"),
        (runs_table(), "warmup", "warmup"),
        (runs_table().drop(columns="depth"), "learning_rate", "depth"),
        (runs_table(), "scheme", "scheme"),
        (broken(loss=np.nan), "learning_rate", "loss"),
        (broken(loss=-1.0), "learning_rate", "loss"),
        (broken(learning_rate=0.0), "learning_rate", "learning_rate"),
        (broken(status="lost"), "learning_rate", "status"),
        (pd.concat([runs_table(), runs_table()]), "learning_rate", "they are the same"),
        (pd.concat([runs_table(), broken(momentum=0.5)]), "learning_rate", "momentum"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(runs: pd.DataFrame, hyperparameter: str, named: str) -> None:
    with pytest.raises(AnalysisError, match=named):
        optima_of(runs, hyperparameter)


@pytest.mark.parametrize("arguments", [{"resamples": 1}, {"level": 1.0}])
def test_impossible_arguments_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(AnalysisError, match=next(iter(arguments))):
        statistics(runs_table().assign(steps=600), **arguments)
