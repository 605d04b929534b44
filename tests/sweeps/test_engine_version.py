"""What a training run computes, pinned: the store's runs are valid as long as these numbers are."""

import pytest
from tests.tolerances import PINNED_LOSS

from depthtransfer.scaling import Optimizer, Scheme
from depthtransfer.sweeps.spec import ENGINE_VERSION

from .tiny import run, spec

PINNED_ENGINE_VERSION = 1

WHAT_TO_DO = """
What a training run computes has changed, and stored runs no longer are what this code would compute.
If that was not intended, find out which change did it. If it was: raise ENGINE_VERSION in sweeps/spec.py (every run
will train again), and pin here the new version and losses, and in test_spec.py the new key.
"""

RUNS = {
    "sp": {"scheme": Scheme.SP, "learning_rate": 0.05},
    "ntp": {"scheme": Scheme.NTP},
    "mup": {"scheme": Scheme.MUP},
    "mup_sqrt_depth": {},
    "mup_alpha": {"scheme": Scheme.MUP_ALPHA, "alpha": 1.0, "depth": 6},
    "constants": {"beta": 2.0, "gamma0": 0.5, "base_width": 8.0, "base_depth": 2.0, "depth": 6},
    "momentum": {"momentum": 0.9, "weight_decay": 0.01, "schedule": "cosine", "warmup": 2, "learning_rate": 0.2},
    "adam": {"optimizer": Optimizer.ADAM, "learning_rate": 0.1, "depth": 6},
    "adamw": {"optimizer": Optimizer.ADAMW, "learning_rate": 0.1, "weight_decay": 0.1, "depth": 6},
    "augmented": {"dataset": "colour", "crop_padding": 2, "flip": True, "rotation_degrees": 10.0},
    "another seed": {"seed": 1},
}

LOSSES = {
    "sp": [1.421369, 1.334043, 1.133357, 1.357006, 1.365006, 1.203411],
    "ntp": [1.421369, 1.400709, 1.244049, 1.413682, 1.498917, 1.395227],
    "mup": [1.391096, 1.373268, 1.317177, 1.382904, 1.388126, 1.343183],
    "mup_sqrt_depth": [1.382131, 1.373945, 1.334639, 1.382746, 1.393216, 1.356579],
    "mup_alpha": [1.372202, 1.377514, 1.345067, 1.385076, 1.402959, 1.366749],
    "constants": [1.344641, 1.386021, 1.212989, 1.548667, 1.702017, 1.41269],
    "momentum": [1.382131, 1.382214, 1.348792, 1.386065, 1.3965, 1.369925],
    "adam": [1.36464, 1.355281, 1.297044, 1.393907, 1.408335, 1.35461],
    "adamw": [1.36464, 1.356459, 1.30329, 1.392922, 1.404662, 1.3584],
    "augmented": [1.359913, 1.384965, 1.322828, 1.391996, 1.438306, 1.397886],
    "another seed": [1.3154, 1.529088, 1.335167, 1.417592, 1.360279, 1.319448],
}


def test_the_pins_belong_to_this_engine() -> None:
    assert ENGINE_VERSION == PINNED_ENGINE_VERSION, WHAT_TO_DO
    assert LOSSES.keys() == RUNS.keys()


@pytest.mark.parametrize("name", RUNS)
def test_pinned_losses(name: str) -> None:
    record = run(spec(**RUNS[name]))
    assert record.summary["status"] == "ok"
    assert record.series["loss"] == pytest.approx(LOSSES[name], rel=PINNED_LOSS), WHAT_TO_DO
