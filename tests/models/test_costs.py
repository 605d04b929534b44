"""Counted parameters and operations against torch's own counters."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from depthtransfer.errors import ConfigurationError
from depthtransfer.models import costs
from depthtransfer.models.registry import ARCHITECTURES, build
from depthtransfer.models.shapes import ImageShape

SIZES = [
    (4, 3, ImageShape(1, 8)),
    (8, 12, ImageShape(1, 8)),
    (3, 6, ImageShape(3, 9)),
    (4, 3, ImageShape(2, 28)),
    (4, 6, ImageShape(3, 32)),
    (16, 3, ImageShape(3, 32)),
]


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("width", "depth", "shape"), SIZES)
def test_against_torch(name: str, width: int, depth: int, shape: ImageShape) -> None:
    """Exact: convolutions and matrix products are all that either counts."""
    model = build(name, width=width, depth=depth, shape=shape, classes=7, branch_multiplier=0.5)
    found = costs.cost(name, width=width, depth=depth, shape=shape, classes=7)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    batch = 3
    images = torch.zeros(batch, shape.channels, shape.size, shape.size)
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(F.cross_entropy(model(images), torch.zeros(batch, dtype=torch.int64)))
    assert found.step_flops * batch == counter.get_total_flops()


@pytest.mark.parametrize(("width", "depth", "shape"), SIZES)
def test_readout_and_layers(width: int, depth: int, shape: ImageShape) -> None:
    model = build("cnn", width=width, depth=depth, shape=shape, classes=7, branch_multiplier=0.5)
    found = costs.cost("cnn", width=width, depth=depth, shape=shape, classes=7)
    products = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert found.layers == len(products)
    assert found.readout_fan_in == products[-1].in_features


def test_every_architecture_has_a_cost() -> None:
    assert set(costs.names()) == set(ARCHITECTURES)


def test_an_unknown_model_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'resnet'.*cnn"):
        costs.cost("resnet", width=4, depth=3, shape=ImageShape(1, 8), classes=10)


def test_a_plan_is_costed_without_torch() -> None:
    code = "import sys, depthtransfer.models.costs, depthtransfer.scaling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
