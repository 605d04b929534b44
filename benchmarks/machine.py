"""The limit: what matrix products reach on one core."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from benchmarks.cells import BATCH_SIZE, DTYPES, PRECISIONS, Cell
from benchmarks.report import Measurement
from benchmarks.timing import Settings, Timed, in_turns, median, repeated, spread

CHANNELS, SIDE = 256, 16
OPERATIONS = 2.0 * BATCH_SIZE * SIDE**2 * CHANNELS**2
"""Multiplications and additions of one product: (B * 16 * 16, 256) by (256, 256)."""


def measure(cells: Sequence[Cell], settings: Settings) -> list[Measurement]:
    """Return the rate of matrix products in each precision (GFLOP/s, one thread)."""
    torch.set_num_threads(1)
    return [row for precision in PRECISIONS for row in _rates(precision, settings)]


def matrix_product(precision: str, seconds: float) -> Timed:
    """Return a measurement of one matrix product, as a 1x1 convolution.

    A 1x1 convolution over images laid out channels last is a matrix product, and goes through the library that
    trains the networks (oneDNN); torch.mm goes through MKL in fp32, which does half as much on AMD's processors.
    """
    dtype = getattr(torch, DTYPES[precision])
    images = torch.randn(BATCH_SIZE, CHANNELS, SIDE, SIDE).to(dtype, memory_format=torch.channels_last)
    weight = torch.randn(CHANNELS, CHANNELS, 1, 1).to(dtype)
    return repeated(lambda: F.conv2d(images, weight), seconds)


def _rates(precision: str, settings: Settings) -> list[Measurement]:
    dtype = getattr(torch, DTYPES[precision])
    left, right = torch.randn(BATCH_SIZE * SIDE**2, CHANNELS).to(dtype), torch.randn(CHANNELS, CHANNELS).to(dtype)
    ways = {
        "as 1x1 convolution (oneDNN), the limit": matrix_product(precision, settings.seconds),
        "as torch.mm": repeated(lambda: torch.mm(left, right), settings.seconds),
    }
    times = in_turns(list(ways.values()), settings.repetitions)
    return [
        Measurement(
            "machine",
            f"matrix product {precision} {way}",
            OPERATIONS / median(seconds) / 1e9,
            "GFLOP/s",
            spread=spread(seconds),
        )
        for way, seconds in zip(ways, times, strict=True)
    ]
