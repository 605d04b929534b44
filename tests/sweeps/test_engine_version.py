"""What a training run computes, pinned: the store's runs are valid as long as these numbers are."""

from typing import Any

import pytest
from tests.tolerances import PINNED_LOSS, PINNED_LOSS_BF16

from depthtransfer.models.registry import ARCHITECTURES, checked_options
from depthtransfer.scaling import Optimizer, Scheme
from depthtransfer.sweeps.spec import ENGINE_VERSION

from .tiny import run, spec

PINNED_ENGINE_VERSION = 1

WHAT_TO_DO = """
What a training run computes has changed, and stored runs no longer are what this code would compute.
If that was not intended, find out which change did it. If it was: raise ENGINE_VERSION in sweeps/spec.py (every run
will train again), and pin here the new version and losses, and in test_spec.py the new key.
"""

TRANSFORMER = {"width": 8, "depth": 4, "optimizer": Optimizer.ADAM, "learning_rate": 0.05}
LIBRARY: dict[str, Any] = {"options": {}, "learning_rate": 0.05}
PLANNED: dict[str, Any] = {**LIBRARY, "scheme": Scheme.PLANNED, "alpha": 1.0, "base_depth": 4.0}
RUNS: dict[str, dict[str, Any]] = {
    "sp": {"scheme": Scheme.SP, "learning_rate": 0.05},
    "ntp": {"scheme": Scheme.NTP},
    "mup": {"scheme": Scheme.MUP},
    "mup_sqrt_depth": {},
    "mup_alpha": {"scheme": Scheme.MUP_ALPHA, "alpha": 1.0, "depth": 6},
    "constants": {"beta": 2.0, "gamma0": 0.5, "base_width": 8.0, "base_depth": 2.0, "depth": 6},
    "depth_pair": {"scheme": Scheme.DEPTH_PAIR, "alpha": 0.5, "update_exponent": 1.0, "depth": 6},
    "read-in and readout apart": {"outer_learning_rate": 0.125},
    "momentum": {"momentum": 0.9, "weight_decay": 0.01, "schedule": "cosine", "warmup": 2, "learning_rate": 0.2},
    "adam": {"optimizer": Optimizer.ADAM, "learning_rate": 0.1, "depth": 6},
    "adamw": {"optimizer": Optimizer.ADAMW, "learning_rate": 0.1, "weight_decay": 0.1, "depth": 6},
    "augmented": {"dataset": "colour", "crop_padding": 2, "flip": True, "rotation_degrees": 10.0},
    "another seed": {"seed": 1},
    "bf16": {"precision": "bf16"},
    "resnet18_bn": {"model": "resnet18_bn", "depth": 4, "dataset": "colour", "options": {}},
    "mlp": {"model": "mlp", "width": 8, "depth": 5, "options": {}},
    "mlp of all options": {
        "model": "mlp",
        "width": 8,
        "depth": 5,
        "optimizer": Optimizer.ADAM,
        "learning_rate": 0.05,
        "options": {
            "activation": "abs",
            "block_depth": 2,
            "nonlinearity": "pre",
            "normalization": "layer_norm",
            "checkpointing": True,
        },
    },
    "vit": {"model": "vit", **TRANSFORMER, "options": {"patch_size": 2, "heads": 2}, "warmup": 2},
    "vit without norm": {
        "model": "vit",
        **TRANSFORMER,
        "options": {"patch_size": 2, "heads": 2, "normalization": "none"},
        "schedule": "cosine",
    },
    "gpt": {
        "model": "gpt",
        **TRANSFORMER,
        "dataset": "text",
        "options": {"heads": 2},
        "schedule": "cosine",
        "warmup": 2,
    },
    "gpt of the pair": {
        "model": "gpt",
        **TRANSFORMER,
        "dataset": "text",
        "options": {"heads": 4, "mlp_ratio": 2, "normalization": "none"},
        "scheme": Scheme.DEPTH_PAIR,
        "update_exponent": 0.0,
    },
    "torchvision_resnet": {"model": "torchvision_resnet", "width": 8, "depth": 4, "scheme": Scheme.SP, **LIBRARY},
    "torchvision_vit": {"model": "torchvision_vit", "width": 16, "depth": 2, "scheme": Scheme.SP, **LIBRARY},
    "torch_encoder": {"model": "torch_encoder", "width": 16, "depth": 2, "scheme": Scheme.SP, **LIBRARY},
    "planned resnet": {"model": "torchvision_resnet", "width": 16, "depth": 8, **PLANNED, "base_width": 8.0},
    "planned transformer": {
        **{"model": "torch_encoder", "width": 32, "depth": 8, **PLANNED, "base_width": 16.0},
        **{"optimizer": Optimizer.ADAMW, "weight_decay": 0.1, "learning_rate": 0.02},
    },
}

LOSSES = {
    "sp": [1.421369, 1.334043, 1.133357, 1.357006, 1.365006, 1.203411],
    "ntp": [1.421369, 1.400709, 1.244049, 1.413682, 1.498917, 1.395227],
    "mup": [1.391096, 1.373268, 1.317177, 1.382904, 1.388126, 1.343183],
    "mup_sqrt_depth": [1.382131, 1.373945, 1.334639, 1.382746, 1.393216, 1.356579],
    "mup_alpha": [1.372202, 1.377514, 1.345067, 1.385076, 1.402959, 1.366749],
    "constants": [1.344641, 1.386021, 1.212989, 1.548667, 1.702017, 1.41269],
    "depth_pair": [1.36464, 1.36601, 1.322387, 1.386813, 1.40431, 1.363078],
    "read-in and readout apart": [1.382131, 1.376445, 1.342132, 1.381971, 1.39452, 1.36519],
    "mlp": [1.417882, 1.330005, 1.310609, 1.222689, 1.219901, 1.177139],
    "mlp of all options": [1.461288, 1.303318, 1.254652, 1.246012, 1.313459, 1.209754],
    "momentum": [1.382131, 1.382214, 1.348792, 1.386065, 1.3965, 1.369925],
    "adam": [1.36464, 1.355281, 1.297044, 1.393907, 1.408335, 1.35461],
    "adamw": [1.36464, 1.356459, 1.30329, 1.392922, 1.404662, 1.3584],
    "augmented": [1.359913, 1.384965, 1.322828, 1.391996, 1.438306, 1.397886],
    "another seed": [1.3154, 1.529088, 1.335167, 1.417592, 1.360279, 1.319448],
    "bf16": [1.382008, 1.37394, 1.334605, 1.382583, 1.393532, 1.356407],
    "resnet18_bn": [1.358723, 1.350518, 1.23741, 1.286202, 1.341647, 1.075658],
    "vit": [1.611816, 1.415696, 1.341157, 1.364878, 1.512604, 1.40532],
    "gpt": [1.46146, 1.545629, 1.48648, 1.517254, 1.400235, 1.377683],
    "gpt of the pair": [1.507306, 1.566994, 1.401267, 1.476424, 1.405456, 1.320477],
    "vit without norm": [1.799904, 1.435453, 1.423059, 1.289838, 1.389103, 1.352349],
    "torchvision_resnet": [1.615469, 1.17801, 0.898778, 0.829952, 1.201377, 0.292686],
    "torchvision_vit": [1.386294, 1.330324, 1.33612, 1.242028, 1.031281, 0.921313],
    "torch_encoder": [1.737187, 1.248959, 1.481214, 1.149135, 1.390192, 1.155764],
    "planned resnet": [1.345963, 1.298102, 0.920109, 1.039429, 1.12008, 0.480891],
    "planned transformer": [1.447838, 1.608125, 1.289792, 1.57535, 2.027781, 1.464872],
}


def test_the_pins_belong_to_this_engine() -> None:
    assert ENGINE_VERSION == PINNED_ENGINE_VERSION, WHAT_TO_DO
    assert LOSSES.keys() == RUNS.keys()


def test_every_architecture_and_optimizer_is_pinned() -> None:
    """A new architecture needs a pin here, so that its stored runs are not taken for what later code computes."""
    assert {str(options.get("model", "cnn")) for options in RUNS.values()} == ARCHITECTURES.keys()
    assert {str(options.get("optimizer", Optimizer.SGD)) for options in RUNS.values()} == set(map(str, Optimizer))


@pytest.mark.parametrize("name", RUNS)
def test_pinned_losses(name: str) -> None:
    options = dict(RUNS[name])
    if "options" in options:
        options["options"] = checked_options(options["model"], options["options"]).model_dump()
    record = run(spec(**options))
    assert record.summary["status"] == "ok"
    tolerance = PINNED_LOSS if options.get("precision") != "bf16" else PINNED_LOSS_BF16
    assert record.series["loss"] == pytest.approx(LOSSES[name], rel=tolerance), WHAT_TO_DO


def test_divergence_is_pinned() -> None:
    summary = run(spec(learning_rate=1e8)).summary
    assert (summary["status"], summary["diverged_step"]) == ("diverged", 1), WHAT_TO_DO
    beyond = run(spec(learning_rate=30.0))  # a loss of 315 is more than a hundred times the first, one of 15 is not
    assert (beyond.summary["status"], beyond.summary["diverged_step"]) == ("diverged", 2), WHAT_TO_DO
    assert run(spec(learning_rate=100.0, steps=2)).summary["status"] == "ok", WHAT_TO_DO


def test_probes_are_pinned() -> None:
    record = run(spec(probe_steps=(0, 6), probe_images=4, probe_blocks=True, probe_together=True))
    assert record.logits[:3] == pytest.approx([0.02587149, -0.01030566, -0.09427206], rel=PINNED_LOSS), WHAT_TO_DO
    assert record.summary["updates"][-5:] == pytest.approx(
        [0.01136462, 0.00191941, 0.00121321, 0.01002086, 0.09423874], rel=PINNED_LOSS
    ), WHAT_TO_DO
