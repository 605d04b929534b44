import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import AnalysisError, curves, shifts
from depthtransfer.analysis.coordinates import coordinate

from .synthetic import optima_of, runs_table


@pytest.mark.parametrize(
    ("hyperparameter", "value", "expected"),
    [
        ("learning_rate", 0.25, -2.0),
        ("gamma0", 2.0, 1.0),
        ("weight_decay", 2.0**-13, -13.0),
        ("beta", 4.0, 2.0),
        ("momentum", 0.0, 0.0),
        ("momentum", 0.5, 1.0),
        ("momentum", 0.75, 2.0),
        ("momentum", 0.9375, 4.0),
    ],
)
def test_coordinates_of_known_values(hyperparameter: str, value: float, expected: float) -> None:
    assert coordinate(hyperparameter).forward(np.array([value]))[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("hyperparameter", ["learning_rate", "momentum"])
def test_back_undoes_forward_and_order_is_kept(hyperparameter: str) -> None:
    change = coordinate(hyperparameter)
    values = np.linspace(0.01, 0.99, 50)
    seen = change.forward(values)
    np.testing.assert_allclose(change.back(seen), values, rtol=1e-12)
    assert (np.diff(seen) > 0).all()


def momentum_table(best: float, depths: tuple[int, ...] = (3,)) -> pd.DataFrame:
    """Parabolas in log2(1 / (1 - mu)) around ``best`` on the grid 0, 1/2, 3/4, ..."""
    runs = runs_table(best, grid=tuple(range(6)), depths=depths)
    return runs.assign(momentum=1.0 - 1.0 / runs["learning_rate"], learning_rate=0.1)


def test_momentum_zero_is_a_value_like_others() -> None:
    runs = momentum_table(2.3, depths=(3, 6))
    assert (runs["momentum"] == 0.0).any()
    row = optima_of(runs, "momentum").iloc[0]
    assert row["log2_optimum"] == pytest.approx(2.3)
    assert row["optimum"] == pytest.approx(1.0 - 2.0**-2.3)
    assert row["grid_low"] == 0.0
    assert row["grid_step"] == pytest.approx(1.0)
    assert curves(runs, "momentum")["value"].iloc[:3].tolist() == pytest.approx([0.0, 0.5, 0.75])
    assert shifts(optima_of(runs, "momentum")).iloc[0]["shift"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("wrong", [1.0, -0.1, np.inf])
def test_momentum_outside_its_domain_is_refused(wrong: float) -> None:
    runs = momentum_table(2.3)
    runs.loc[0, "momentum"] = wrong
    with pytest.raises(AnalysisError, match="at least 0 and less than 1"):
        optima_of(runs, "momentum")
