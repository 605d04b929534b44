"""Counted parameters and operations against torch's own counters."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from depthtransfer.errors import ConfigurationError
from depthtransfer.models import registry
from depthtransfer.models.mlp_stack import Stack
from depthtransfer.models.registry import ARCHITECTURES, build
from depthtransfer.models.shapes import ImageShape, Shape
from depthtransfer.models.transformer import SelfAttention

from .examples import CASES, COUNTED, EXAMPLES, LIBRARY, batch, built

BATCH = 3

# Torch counts its fused attention on GPUs alone; the kernel for CPUs takes the same tensors and computes the same.
CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
CPU_ATTENTION_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
ON_CPU = {
    CPU_ATTENTION: lambda *inputs, **_: sdpa_flop_count(*inputs[:3]),
    CPU_ATTENTION_BACKWARD: lambda *inputs, **_: sdpa_backward_flop_count(*inputs[:4]),
}


def counted(model: torch.nn.Module, shape: Shape) -> int:
    """Operations of a training step of BATCH images or windows by torch's own counter."""
    inputs, targets = batch(shape, BATCH)
    with FlopCounterMode(display=False, custom_mapping=ON_CPU) as counter:
        torch.autograd.backward(F.cross_entropy(model(inputs).flatten(0, -2), targets))
    return counter.get_total_flops()


@pytest.mark.parametrize(("name", "sizes"), COUNTED)
def test_against_torch(name: str, sizes: dict[str, Any]) -> None:
    """Exact: convolutions and matrix products are all that either counts."""
    model, found = built(name, **sizes), registry.cost(name, **sizes)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.step_flops * BATCH == counted(model, sizes["shape"])


@pytest.mark.parametrize(("width", "shape", "patch"), [(32, ImageShape(1, 8), 2), (64, ImageShape(3, 32), 4)])
def test_attention_that_keeps_its_weights_is_a_little_cheaper(width: int, shape: ImageShape, patch: int) -> None:
    """Without fused kernels the backward pass has four products of attention instead of five."""
    sizes: dict[str, Any] = {
        "width": width,
        "depth": 4,
        "shape": shape,
        "classes": 10,
        "options": {"patch_size": patch},
    }
    with sdpa_kernel(SDPBackend.MATH):
        kept = counted(build("vit", **sizes, branch_multiplier=0.5), shape)
    assert 0.95 < kept / (BATCH * registry.cost("vit", **sizes).step_flops) < 1


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_readout_and_layers(name: str, sizes: dict[str, Any]) -> None:
    model, found = build(name, **sizes, branch_multiplier=0.5), registry.cost(name, **sizes)
    products = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)}
    attentions = sum(isinstance(m, SelfAttention) for m in model.modules())
    stacked = sum(len(m.weight) for m in model.modules() if isinstance(m, Stack))
    # a shortcut lies beside the longest path
    assert found.layers == sum("shortcut" not in n for n in products) + 2 * attentions + stacked
    assert found.readout_fan_in == products["readout"].in_features


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_more_branches_than_allowed_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="more than 8192 residual branches"):
        registry.cost(name, width=8, depth=3 * 2**14, shape=(EXAMPLES | LIBRARY)[name][0]["shape"], classes=10)
