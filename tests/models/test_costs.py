"""Counted parameters and operations against torch's own counters."""

import subprocess
import sys
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from depthtransfer.errors import ConfigurationError
from depthtransfer.models import costs
from depthtransfer.models.registry import ARCHITECTURES, build
from depthtransfer.models.shapes import ImageShape

from .examples import CASES

BATCH = 3


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_against_torch(name: str, sizes: dict[str, Any]) -> None:
    """Exact: convolutions and matrix products are all that either counts."""
    model, found = build(name, **sizes, branch_multiplier=0.5), costs.cost(name, **sizes)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    shape = sizes["shape"]
    images = torch.zeros(BATCH, shape.channels, shape.size, shape.size)
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(F.cross_entropy(model(images), torch.zeros(BATCH, dtype=torch.int64)))
    assert found.step_flops * BATCH == counter.get_total_flops()


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_readout_and_layers(name: str, sizes: dict[str, Any]) -> None:
    model, found = build(name, **sizes, branch_multiplier=0.5), costs.cost(name, **sizes)
    products = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)}
    assert found.layers == sum("shortcut" not in n for n in products)  # a shortcut lies beside the longest path
    assert found.readout_fan_in == products["readout"].in_features


def test_every_architecture_has_a_cost() -> None:
    assert set(costs.names()) == set(ARCHITECTURES)


def test_an_unknown_model_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'resnet'.*cnn"):
        costs.cost("resnet", width=4, depth=3, shape=ImageShape(1, 8), classes=10)


def test_a_plan_is_costed_without_torch() -> None:
    code = "import sys, depthtransfer.models.costs, depthtransfer.scaling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
