"""Which values are added, against curves whose optimum is known."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import estimates, refinement
from depthtransfer.analysis.flags import EDGE, WIDE

from .simulation import SHAPES, Curves
from .synthetic import optima_of, runs_table


def parabola(grid: list[float], optimum: float, noise: float = 0.0) -> pd.DataFrame:
    """Runs of one network with learning rates 2^grid."""
    return runs_table(optimum, grid=grid, noise=noise, seeds=(0, 1, 2), curvature=0.2)


@pytest.mark.parametrize(("optimum", "value"), [(-9.0, 2.0**-5), (4.0, 2.0**1)])
def test_an_optimum_at_the_edge_gets_the_next_value_beyond(optimum: float, value: float) -> None:
    (row,) = refinement(estimates(parabola([-4, -3, -2, -1, 0], optimum))).to_dict("records")
    assert row["value"] == pytest.approx(value)
    assert row["reason"] == EDGE


def test_a_well_known_optimum_gets_none() -> None:
    assert refinement(estimates(parabola([-4, -3, -2, -1, 0], -2.2, noise=0.001))).empty


def test_a_poorly_known_optimum_gets_a_value_beside_the_best() -> None:
    runs = parabola([-4, -3, -2, -1, 0], -2.0, noise=0.4)
    (known,) = optima_of(runs).to_dict("records")
    assert known["edge"] == "none"
    assert known["high"] - known["low"] > known["grid_step"]
    (row,) = refinement(estimates(runs)).to_dict("records")
    assert row["reason"] == WIDE
    assert abs(np.log2(row["value"]) - known["grid_best"]) == pytest.approx(0.5)


def test_the_answer_does_not_depend_on_the_order_of_rows() -> None:
    runs = pd.concat([parabola([-4, -3, -2], 1.0).assign(depth=depth) for depth in (3, 6)])
    shuffled = runs.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(refinement(estimates(runs)), refinement(estimates(shuffled)))


@pytest.mark.parametrize("optimum", [-9.0, 0.3, 5.0])
def test_adding_what_is_named_ends_with_a_known_optimum(optimum: float) -> None:
    grid = [-4.0, -3.0, -2.0]
    for _ in range(10):
        wanted = refinement(estimates(parabola(grid, optimum)))
        if wanted.empty:
            break
        grid = sorted([*grid, float(np.log2(wanted["value"][0]))])
    (known,) = optima_of(parabola(grid, optimum)).to_dict("records")
    assert known["log2_optimum"] == pytest.approx(optimum, abs=0.05)
    assert len(grid) <= 3 + abs(optimum - np.clip(optimum, -4.0, -2.0)) + 1, "no more than it takes to pass it"


def simulated(shape: str, truth: float, grid: list[float], rng: np.random.Generator) -> pd.DataFrame:
    """Three seeds of one network whose optimum is known."""
    curve = Curves(0.03, **SHAPES[shape])
    rows = [
        {
            "scheme": "mup",
            "width": 8,
            "depth": 3,
            "seed": seed,
            "learning_rate": 2.0**x,
            "status": "ok" if x - truth <= curve.boundary else "diverged",
            "loss": float(np.exp(curve.log_loss(np.array(x - truth)) + curve.noise * rng.standard_normal())),
        }
        for x in grid
        for seed in range(3)
    ]
    table = pd.DataFrame(rows)
    return table.assign(loss=table["loss"].where(table["status"] == "ok"))


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["parabola", "skewed", "skewed, diverges late"])
def test_choosing_values_by_looking_at_losses_does_not_spoil_the_intervals(shape: str) -> None:
    """Grids that begin beside the optimum or around it, three rounds each; coverage is not below 92%."""
    rng = np.random.default_rng(0)
    held, narrower = [], []
    for _ in range(250):
        truth = rng.uniform(-4, -1)
        runs = simulated(shape, truth, [-5.0, -4.0, -3.0, -2.0], rng)
        first = optima_of(runs, resamples=100)
        for _ in range(3):
            wanted = refinement(estimates(runs, resamples=100))["value"]
            runs = pd.concat([runs, *(simulated(shape, truth, [float(np.log2(value))], rng) for value in wanted)])
        (known,) = optima_of(runs, resamples=100).to_dict("records")
        held.append(known["low"] <= truth <= known["high"])
        narrower.append(known["high"] - known["low"] < first["high"][0] - first["low"][0])
    assert np.mean(held) >= 0.92
    assert np.mean(narrower) > 0.5, "what was added helps"
