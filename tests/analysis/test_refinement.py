"""Which values are added, against curves whose optimum is known."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import optima, refinement
from depthtransfer.analysis.refinement import EDGE, WIDE

from .synthetic import runs_table


def parabola(grid: list[float], optimum: float, noise: float = 0.0) -> pd.DataFrame:
    """Runs of one network with learning rates 2^grid."""
    return runs_table(optimum, grid=grid, noise=noise, seeds=(0, 1, 2), curvature=0.2)


@pytest.mark.parametrize(("optimum", "value"), [(-9.0, 2.0**-5), (4.0, 2.0**1)])
def test_an_optimum_at_the_edge_gets_the_next_value_beyond(optimum: float, value: float) -> None:
    (row,) = refinement(parabola([-4, -3, -2, -1, 0], optimum)).to_dict("records")
    assert row["value"] == pytest.approx(value)
    assert row["reason"] == EDGE


def test_a_well_known_optimum_gets_none() -> None:
    assert refinement(parabola([-4, -3, -2, -1, 0], -2.2, noise=0.001)).empty


def test_a_poorly_known_optimum_gets_a_value_beside_the_best() -> None:
    runs = parabola([-4, -3, -2, -1, 0], -2.0, noise=0.4)
    (known,) = optima(runs).to_dict("records")
    assert known["edge"] == "none"
    assert known["high"] - known["low"] > known["grid_step"]
    (row,) = refinement(runs).to_dict("records")
    assert row["reason"] == WIDE
    assert abs(np.log2(row["value"]) - known["grid_best"]) == pytest.approx(0.5)


def test_the_answer_does_not_depend_on_the_order_of_rows() -> None:
    runs = pd.concat([parabola([-4, -3, -2], 1.0).assign(depth=depth) for depth in (3, 6)])
    shuffled = runs.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(refinement(runs), refinement(shuffled))


@pytest.mark.parametrize("optimum", [-9.0, 0.3, 5.0])
def test_adding_what_is_named_ends_with_a_known_optimum(optimum: float) -> None:
    grid = [-4.0, -3.0, -2.0]
    for _ in range(10):
        wanted = refinement(parabola(grid, optimum))
        if wanted.empty:
            break
        grid = sorted([*grid, float(np.log2(wanted["value"][0]))])
    (known,) = optima(parabola(grid, optimum)).to_dict("records")
    assert known["log2_optimum"] == pytest.approx(optimum, abs=0.05)
    assert len(grid) <= 3 + abs(optimum - np.clip(optimum, -4.0, -2.0)) + 1, "no more than it takes to pass it"
