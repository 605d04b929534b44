"""Counted memory against what autograd keeps, and against the resident memory of a real training step."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.models.registry import cost
from depthtransfer.models.shapes import ImageShape, training_bytes
from depthtransfer.scaling import Optimizer

from .examples import COUNTED
from .kept_tensors import kept_bytes

SHAPE, BATCH = ImageShape(3, 32), 64
RESIDENT = Path(__file__).with_name("resident_memory.py")
CELLS: dict[str, dict[str, Any]] = {
    "cnn": {"model": "cnn", "width": 64, "depth": 24},
    "resnet18_bn": {"model": "resnet18_bn", "width": 32, "depth": 16},
    "mlp": {"model": "mlp", "width": 256, "depth": 512},
    "mlp under checkpointing": {"model": "mlp", "width": 256, "depth": 512, "options": {"checkpointing": True}},
    "vit": {"model": "vit", "width": 128, "depth": 12},
    "vit without norm": {"model": "vit", "width": 128, "depth": 12, "options": {"normalization": "none"}},
}


LARGEST: dict[str, dict[str, Any]] = {
    "cnn": {"model": "cnn", "width": 256, "depth": 30, "shape": SHAPE},
    "cnn of the dynamics": {"model": "cnn", "width": 256, "depth": 48, "shape": SHAPE},
    "mlp": {"model": "mlp", "width": 256, "depth": 1024, "shape": SHAPE},
    "mlp under checkpointing": {
        **{"model": "mlp", "width": 256, "depth": 1024, "shape": SHAPE},
        "options": {"checkpointing": True},
    },
    "resnet18_bn of 306 layers": {"model": "resnet18_bn", "width": 64, "depth": 152, "shape": SHAPE},
    "vit": {
        **{"model": "vit", "width": 512, "depth": 48, "shape": ImageShape(3, 64)},
        "options": {"patch_size": 8, "heads": 8},
    },
    "vit of 224 pixels": {
        **{"model": "vit", "width": 256, "depth": 48, "shape": ImageShape(3, 224)},
        "options": {"patch_size": 16, "heads": 8},
    },
}
"""Of the preset `paper`."""


def counted(model: str, *, batch: int = BATCH, optimizer: Optimizer = Optimizer.SGD, **sizes: Any) -> int:
    return training_bytes(cost(model, shape=SHAPE, classes=10, **sizes), batch_size=batch, optimizer=optimizer)


@pytest.mark.parametrize(
    "cell", [*({"model": m} | s for m, s in COUNTED), *LARGEST.values()], ids=lambda c: f"{c['model']}-{c['width']}"
)
def test_kept_tensors_are_those_of_autograd(cell: dict[str, Any]) -> None:
    cell = {"classes": 10, **cell}
    kept, found = kept_bytes(batch_size=BATCH, **cell), cost(**cell)
    assert 4 * BATCH * found.kept == pytest.approx(sum(kept), rel=0.04)
    assert 4 * BATCH * found.largest == max(kept)


@pytest.mark.parametrize("cell", CELLS)
def test_counted_memory_is_what_a_step_needs(cell: str) -> None:
    done = subprocess.run([sys.executable, str(RESIDENT), json.dumps(CELLS[cell])], capture_output=True, check=True)
    assert counted(**CELLS[cell]) == pytest.approx(int(done.stdout), rel=0.25)


def test_the_mlp_keeps_little_more_than_its_streams() -> None:
    """At most 1.5 numbers of every coordinate of every block, and under a third of that with checkpointing."""
    sizes: dict[str, Any] = {"model": "mlp", "width": 256, "shape": SHAPE, "classes": 10}
    for depth in (64, 1024):
        plain = cost(depth=depth, **sizes)
        again = cost(depth=depth, options={"checkpointing": True}, **sizes)
        assert plain.kept <= 1.5 * 256 * depth + 4096
        assert again.kept + again.made_again <= plain.kept / 3 + 4096


def test_memory_grows_with_batch_depth_and_optimizer() -> None:
    plain = counted("vit", width=64, depth=4)
    assert counted("vit", width=64, depth=8) > 1.5 * plain
    assert counted("vit", width=64, depth=4, batch=2 * BATCH) > 1.7 * plain
    parameters = 4 * cost("vit", width=64, depth=4, shape=SHAPE, classes=10).parameters
    assert counted("vit", width=64, depth=4, optimizer=Optimizer.ADAM) == plain + parameters
