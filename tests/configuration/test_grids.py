import math

import pytest
from pydantic import ValidationError

from depthtransfer.configuration import Grid

GRID = {"widths": [4], "depths": [3], "seeds": [0], "steps": 3, "batch_size": 4, "window": 1, "dataset": "digits"}


def learning_rates(values: object) -> tuple[float, ...]:
    return Grid.model_validate(GRID | {"values": {"learning_rate": values}}).values["learning_rate"]


def test_log2_includes_both_ends_and_is_exact() -> None:
    assert learning_rates({"log2": [-3, 2, 1]}) == (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)


def test_log2_stops_before_an_end_that_no_step_reaches() -> None:
    assert learning_rates({"log2": [0, 2.5, 1]}) == (1.0, 2.0, 4.0)


def test_log2_with_fractional_steps() -> None:
    assert learning_rates({"log2": [0, 1, 0.5]}) == (1.0, math.sqrt(2), 2.0)


def test_log10_reaches_its_end_in_spite_of_rounding() -> None:
    assert learning_rates({"log10": [-0.3, 0, 0.1]}) == pytest.approx([10**-0.3, 10**-0.2, 10**-0.1, 1.0])


def test_a_grid_of_one_value() -> None:
    assert learning_rates({"log2": [-1, -1, 1]}) == (0.5,)


def test_a_list_stays_as_it_is() -> None:
    assert learning_rates([0.3, 0.1]) == (0.3, 0.1)


@pytest.mark.parametrize(
    "values",
    [
        {"log2": [0, 1]},
        {"log2": [0, 1, 0]},
        {"log2": [1, 0, 1]},
        {"log2": [0, 1, math.nan]},
        {"log2": [0, math.inf, 1]},
        {"log2": [0, 1, 1e-320]},
        {"log2": [1023, 1025, 1]},
        {"log10": [-400, -399, 1]},
        {"log2": [True, 3, 1]},
        {"log2": ["0", 3, 1]},
        {"log3": [0, 1, 1]},
        {"log2": [0, 1, 1], "log10": [0, 1, 1]},
        {},
        [True],
        [0.0],
        [-0.1],
        [math.nan],
        [0.1, 0.1],
    ],
    ids=str,
)
def test_what_is_no_grid_of_learning_rates(values: object) -> None:
    with pytest.raises(ValidationError):
        learning_rates(values)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 1},
        {"steps": None},
        {"steps": 0},
        {"steps": True},
        {"steps": None, "epochs": 0},
        {"widths": []},
        {"widths": [4, 4]},
        {"widths": [0]},
        {"widths": [10**30]},
        {"seeds": [0, 0]},
        {"seeds": [-1]},
        {"seeds": [2**63]},
        {"batch_size": 0},
        {"window": 0},
        {"warmup": -1},
        {"schemes": []},
        {"probes": {"steps": [0, 4]}},
        {"probes": {"images": 4}},
        {"probes": {"streams": True}},
        {"probes": {"steps": [4, 0], "images": 4}},
        {"batch_seed": -1},
        {"options": {"Patch": 4}},
        {"precision": "fp16"},
        {"augmentation": {"crop_padding": -1}},
        {"augmentation": {"flop": True}},
        {"values": {"learning_rate": [0.1], "gamma0": [0]}},
        {"values": {"learning_rate": [0.1], "dropout": [0.1]}},
    ],
    ids=str,
)
def test_what_is_no_grid(change: dict[str, object]) -> None:
    valid = GRID | {"values": {"learning_rate": [0.1]}}
    Grid.model_validate(valid)
    with pytest.raises(ValidationError):
        Grid.model_validate(valid | change)
