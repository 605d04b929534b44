"""Loss over scale, the stability boundary, flags, fast transfer, and the arithmetic of measured numbers."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import AnalysisError, diagnosis, estimates, fast_transfer, loss_order, stability
from depthtransfer.analysis.measured import UNKNOWN, Measured, jackknife, mean, slope_weights, weighted_sum
from depthtransfer.analysis.parabola import roughness

from .synthetic import optima_of, runs_table

DEPTHS = (3, 6, 12, 24)


def scaled(runs: pd.DataFrame, gain: float) -> pd.DataFrame:
    """Losses that fall as depth to the power of -gain."""
    return runs.assign(loss=runs["loss"] * (runs["depth"] / 3.0) ** -gain)


def test_loss_falls_with_depth_and_says_by_how_much() -> None:
    runs = scaled(runs_table(depths=DEPTHS, seeds=range(8), noise=0.01), 0.2)
    row = loss_order(estimates(runs)).iloc[0]
    assert row["change"] == pytest.approx(-0.2 * np.log(8), abs=0.08)
    assert row["change_high"] < 0
    assert row["slope"] == pytest.approx(-0.2 * np.log(2), abs=0.03)
    assert row["rises"] == 0
    assert loss_order(estimates(scaled(runs, -0.4))).iloc[0]["rises"] >= 1


def test_one_seed_does_not_order_losses() -> None:
    row = loss_order(estimates(runs_table(depths=DEPTHS, seeds=(0,)))).iloc[0]
    assert (row["change_low"], row["change_high"]) == (-np.inf, np.inf)
    assert (row["rises"], row["falls"]) == (0, 0)


def test_the_largest_stable_value_and_its_slope() -> None:
    runs = runs_table(lambda s, w, d: -1.0 - np.log2(d / 3), depths=DEPTHS, boundary=1.5)
    row = stability(optima_of(runs)).iloc[0]
    assert row["slope"] == pytest.approx(-1.0, abs=0.01)
    assert row["slope_low"] < -1 < row["slope_high"]
    stable = stability(optima_of(runs_table(depths=DEPTHS))).iloc[0]
    assert stable["slope_bound"] == "unknown", "nothing diverged anywhere"


@pytest.mark.parametrize(
    ("best", "changes", "flags", "values"),
    [
        (-2.2, {}, "", ""),
        (4.0, {}, "edge_of_grid", "8 16"),
        (-11.0, {}, "edge_of_grid", f"{2.0**-9:.6g} {2.0**-10:.6g}"),
        (-2.2, {"seeds": (0,)}, "too_few_seeds", ""),
        (-2.2, {"boundary": 0.3}, "too_coarse_grid", f"{2.0**-1.5:.6g} {2.0**-2.5:.6g}"),
        (-2.2, {"noise": 0.5}, "too_few_seeds", ""),
    ],
)
def test_flags_and_the_values_that_would_help(best: float, changes: dict[str, object], flags: str, values: str) -> None:
    row = diagnosis(estimates(runs_table(best, **changes))).iloc[0]  # type: ignore[arg-type]
    assert row["flags"] == flags
    assert row["add_values"] == values
    assert row["add_seeds"] == ("too_few_seeds" in flags)


def test_everything_diverged_asks_for_smaller_values() -> None:
    row = diagnosis(estimates(runs_table(lambda s, w, d: None))).iloc[0]
    assert row["flags"] == "edge_of_grid"
    assert row["add_values"] == f"{2.0**-9:.6g} {2.0**-10:.6g}"


def test_momentum_is_continued_towards_one_and_not_below_zero() -> None:
    runs = runs_table(9.0, grid=tuple(range(5))).rename(columns={"momentum": "unused"})
    right = runs.assign(momentum=1 - 1 / runs["learning_rate"], learning_rate=0.1)
    assert diagnosis(estimates(right, "momentum")).iloc[0]["add_values"] == "0.96875 0.984375"
    left = right.assign(loss=right.groupby("seed")["loss"].transform(lambda losses: losses.to_numpy()[::-1]))
    assert diagnosis(estimates(left, "momentum")).iloc[0]["add_values"] == ""


def test_a_second_valley_is_flagged_and_noise_is_not() -> None:
    runs = runs_table(-3.0, noise=0.01)
    assert diagnosis(estimates(runs)).iloc[0]["flags"] == ""
    dip = np.isclose(np.log2(runs["learning_rate"]), 1)
    runs.loc[dip, "loss"] *= 0.6
    assert "non_unimodal" in diagnosis(estimates(runs)).iloc[0]["flags"]


def test_transfer_is_fast_where_its_cost_shrinks_sooner_than_the_gap() -> None:
    def best(scheme: str, width: int, depth: int) -> float:
        return -2.0 + {"fast": 0.5, "slow": 2.0}[scheme] * 3 / depth

    runs = runs_table(best, schemes=("fast", "slow"), depths=DEPTHS, grid=tuple(np.arange(-6, 3, 0.25)), curvature=0.4)
    gap = np.where(runs["scheme"] == "fast", 0.4, 0.001) * 3 / runs["depth"]
    lowest = runs.groupby(["scheme", "depth", "seed"])["loss"].transform("min")
    runs["loss"] *= np.exp(gap) / lowest
    table = fast_transfer(estimates(runs)).groupby("scheme").first()
    assert table.loc["fast", "reading"] == "fast"
    assert table.loc["fast", "cost_slope"] < table.loc["fast", "gap_slope"] < 0
    assert table.loc["slow", "reading"] == "not_fast"


def test_unknown_axes_are_refused() -> None:
    for function in (loss_order, fast_transfer):
        with pytest.raises(AnalysisError, match="seed"):
            function(runs_table(), over="seed")


def test_sums_of_measured_numbers() -> None:
    a, b = Measured(1.0, 0.3, 4.0), Measured(3.0, 0.4, 4.0)
    total = weighted_sum((a, b), (-1.0, 1.0))
    assert (total.value, total.standard_error) == (2.0, pytest.approx(0.5))
    assert 4 < total.degrees < 8
    assert mean([a, b]).value == 2.0
    bound = Measured(3.0, 0.4, bound="at_most")
    assert weighted_sum((a, bound), (1.0, 1.0)).bound == "at_most"
    assert weighted_sum((a, bound), (1.0, -1.0)).bound == "at_least"
    assert weighted_sum((bound, bound), (1.0, -1.0)).bound == "unknown"
    assert weighted_sum((a, bound), (1.0, 0.0)).bound == "exact"
    assert mean([]) == UNKNOWN


def test_weights_of_a_slope() -> None:
    weights = slope_weights([3, 6, 12, 24])
    assert np.dot(weights, 5 - 0.5 * np.log2([3, 6, 12, 24])) == pytest.approx(-0.5)
    assert np.isnan(slope_weights([3])).all()


def test_a_jackknife_of_means_has_their_standard_error() -> None:
    values = np.random.default_rng(1).standard_normal(6)
    found = jackknife(lambda kept: float(values[list(kept)].mean()), range(6))
    assert found.value == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(6))
    assert found.degrees == 5
    assert jackknife(lambda kept: 1.0, range(2)) == UNKNOWN


def test_roughness_sees_noise_and_not_the_parabola() -> None:
    x = np.arange(-6.0, 7.0)
    assert roughness(0.3 * (x - 0.4) ** 2, 6)[0] == pytest.approx(0.0, abs=1e-9)
    rng = np.random.default_rng(2)
    seen = [roughness(0.3 * x**2 + 0.1 * rng.standard_normal(len(x)), 6)[0] for _ in range(300)]
    assert np.sqrt(np.mean(np.square(seen))) == pytest.approx(0.1, rel=0.1)
    deviation, degrees = roughness(np.array([1.0, 0.5, 1.0, np.inf, 2.0]), 1)
    assert np.isnan(deviation)
    assert degrees == 0
