"""How fast this machine trains, by a few seconds of training."""

import itertools
import statistics
import time

import torch

from depthtransfer.models.costs import cost
from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape
from depthtransfer.sweeps.estimate import Speed
from depthtransfer.training.allocation import keep_freed_memory
from depthtransfer.training.loop import train
from depthtransfer.training.schedules import constant

_SHAPE = ImageShape(3, 32)
_BATCH = 64
_CLASSES = 10
_CELLS = ((8, 24), (32, 6))
_STEPS, _REPEATS = 3, 5


def measure(device: str = "cpu") -> Speed:
    """Time training steps of a deep narrow and a shallow wide network and solve for the two costs."""
    torch.set_num_threads(1)
    keep_freed_memory()
    (layers_a, flops_a, time_a), (layers_b, flops_b, time_b) = (
        _cell(width, depth, torch.device(device)) for width, depth in _CELLS
    )
    determinant = layers_a * flops_b - layers_b * flops_a
    per_layer = (time_a * flops_b - time_b * flops_a) / determinant
    per_flop = (layers_a * time_b - layers_b * time_a) / determinant
    if per_layer <= 0 or per_flop <= 0:
        return Speed(1e-9, (flops_a + flops_b) / (time_a + time_b), (flops_a + flops_b) / (time_a + time_b), 1e12)
    return Speed(per_layer, 1.0 / per_flop, 1.0 / per_flop, 1e12)


def _cell(width: int, depth: int, device: torch.device) -> tuple[int, float, float]:
    """Layers, operations and seconds of one training step."""
    needs = cost("cnn", width=width, depth=depth, shape=_SHAPE, classes=_CLASSES)
    model = build("cnn", width=width, depth=depth, shape=_SHAPE, classes=_CLASSES, branch_multiplier=depth**-0.5).to(
        device, memory_format=torch.channels_last
    )  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(_BATCH, _SHAPE.channels, _SHAPE.size, _SHAPE.size, generator=generator)
    images = images.to(device, memory_format=torch.channels_last)
    labels = torch.randint(_CLASSES, (_BATCH,), generator=generator).to(device)

    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        train(
            model,
            optimizer,
            itertools.repeat((images, labels)),
            constant(_STEPS),
            steps=_STEPS,
            classes=_CLASSES,
        )
        times.append((time.perf_counter() - started) / _STEPS)
    return needs.kernels, needs.step_flops * _BATCH, statistics.median(times)
