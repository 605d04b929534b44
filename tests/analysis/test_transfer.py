import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import AnalysisError, estimates, regret, shifts, transfer

from .synthetic import optima_of, runs_table

DEPTHS = (3, 6, 12, 24)


def falling(scheme: str, width: int, depth: int) -> float:
    return -1.0 if scheme == "mup_sqrt_depth" else -1.0 - np.log2(depth / 3)


def test_shift_and_slope_over_depth() -> None:
    runs = runs_table(falling, schemes=("mup", "mup_sqrt_depth"), depths=DEPTHS, noise=0.01)
    table = shifts(optima_of(runs)).set_index("scheme")
    moves, stays = table.loc["mup"], table.loc["mup_sqrt_depth"]
    assert moves["shift"] == pytest.approx(-3.0, abs=0.2)
    assert moves["shift_high"] < -2.5
    assert moves["slope"] == pytest.approx(-1.0, abs=0.1)
    assert moves["grid_shift_steps"] == -3
    assert stays["shift_low"] < 0 < stays["shift_high"]
    assert stays["slope_low"] < 0 < stays["slope_high"]
    assert set(table["shift_bound"]) == {"exact"}


def test_a_deepest_network_that_always_diverges_bounds_the_shift() -> None:
    runs = runs_table(lambda s, w, d: None if d == 48 else falling(s, w, d), schemes=("mup",), depths=(*DEPTHS, 48))
    row = shifts(optima_of(runs)).iloc[0]
    assert row["shift"] == pytest.approx(-8.0 - -1.0)
    assert row["shift_bound"] == row["slope_bound"] == "at_most"
    assert row["shift_low"] == -np.inf
    assert row["largest_diverges"]
    assert (row["all_diverged"], row["smallest_all_diverged"]) == (1, 48)
    assert np.isnan(row["grid_shift_steps"])


def test_bounds_that_point_both_ways_say_nothing() -> None:
    runs = runs_table(lambda s, w, d: None, depths=(3, 48))
    row = shifts(optima_of(runs)).iloc[0]
    assert row["shift_bound"] == "unknown"
    assert (row["shift_low"], row["shift_high"]) == (-np.inf, np.inf)


def test_an_optimum_beyond_the_right_edge_bounds_from_below() -> None:
    runs = runs_table(lambda s, w, d: -2.0 if d == 3 else 5.0, depths=(3, 6))
    assert shifts(optima_of(runs)).iloc[0]["shift_bound"] == "at_least"


def test_over_width_and_both() -> None:
    runs = runs_table(lambda s, w, d: -2.0 - 0.5 * np.log2(w / 8), widths=(8, 16, 32), depths=(3, 6))
    found = optima_of(runs)
    over_width = shifts(found, "width")
    assert list(over_width["depth"]) == [3, 6]
    np.testing.assert_allclose(over_width["slope"], -0.5, atol=0.05)
    both = transfer(found)
    assert list(both["over"]) == ["depth"] * 3 + ["width"] * 2


def test_a_single_size_has_no_shift() -> None:
    row = shifts(optima_of(runs_table())).iloc[0]
    assert np.isnan(row["shift"])
    assert row["shift_bound"] == "unknown"


def test_unknown_axis_missing_column_and_empty_table() -> None:
    found = optima_of(runs_table())
    with pytest.raises(AnalysisError, match="seed"):
        shifts(found, "seed")
    with pytest.raises(AnalysisError, match="standard_error"):
        shifts(found.drop(columns="standard_error"))
    with pytest.raises(AnalysisError, match="empty"):
        shifts(found.head(0))


def test_regret_of_keeping_the_smallest_optimum() -> None:
    def best(scheme: str, width: int, depth: int) -> float | None:
        return None if depth == 48 else falling(scheme, width, depth)

    runs = runs_table(best, schemes=("mup", "mup_sqrt_depth"), depths=(*DEPTHS, 48), noise=0.01, boundary=2.5)
    table = regret(estimates(runs)).set_index(["scheme", "depth"])
    pd.testing.assert_frame_equal(
        table, regret(estimates(runs.sample(frac=1, random_state=2))).set_index(table.index.names)
    )
    assert list(table.loc["mup", "status"]) == ["ok", "ok", "ok", "diverges", "all_diverged"]
    assert np.isinf(table.loc[("mup", 24), "regret"])
    assert np.isinf(table.loc[("mup", 48), "regret"])
    stays = table.loc["mup_sqrt_depth"].head(4)
    assert (stays["regret"] >= 0).all()
    assert (stays["regret"] < 0.02).all()
    assert (stays["low"] <= stays["regret"]).all()
    assert (stays["regret"] <= stays["high"]).all()
    assert table.loc[("mup", 12), "regret"] > 0.05


def test_regret_without_a_source() -> None:
    runs = runs_table(lambda s, w, d: None if d == 3 else -2.0, depths=(3, 6))
    table = regret(estimates(runs))
    assert list(table["status"]) == ["source_diverged"] * 2
    assert table["regret"].isna().all()


def test_regret_with_one_seed_reflects_the_grid() -> None:
    row = regret(estimates(runs_table(falling, depths=(3, 6), seeds=(0,)))).iloc[1]
    assert row["low"] < row["regret"] < row["high"]
