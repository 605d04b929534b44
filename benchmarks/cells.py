"""The grid on which speed is measured: networks of the paper's CNN on 32-pixel colour images."""

import os
from dataclasses import dataclass

from depthtransfer.models.registry import cost
from depthtransfer.models.shapes import Cost, ImageShape

WIDTHS = (16, 32, 64)
DEPTHS = (3, 12)
SHAPE = ImageShape(channels=3, size=32)
CLASSES = 10
BATCH_SIZE = 64
DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
"""Torch's name of each precision."""
PRECISIONS = tuple(DTYPES)
CORES = 2
"""Cores that the numbers are stated for; a larger machine is restricted to so many."""


@dataclass(frozen=True)
class Cell:
    """One network of the grid.

    Args:
        width: channels of the first stage.
        depth: residual blocks of the whole network.
    """

    width: int
    depth: int

    def __str__(self) -> str:
        return f"w{self.width}-L{self.depth}"

    @property
    def cost(self) -> Cost:
        """Parameters and operations of this network."""
        return cost("cnn", width=self.width, depth=self.depth, shape=SHAPE, classes=CLASSES)


GRID = tuple(Cell(width, depth) for width in WIDTHS for depth in DEPTHS)


def restrict_to_cores() -> int:
    """Keep this process and its children on the first `CORES` cores it may use; return how many there are."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    chosen = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, chosen)
    return len(chosen)
