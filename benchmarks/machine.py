"""The limit: what matrix products reach on one core."""

from collections.abc import Sequence

import torch

from benchmarks.cells import DTYPES, PRECISIONS, Cell
from benchmarks.report import Measurement
from benchmarks.timing import Settings, Timed, in_turns, median, repeated, spread

SIZE = 1024
"""Rows and columns of the matrices: large enough for the full rate, small enough for the caches."""

OPERATIONS = 2.0 * SIZE**3


def measure(cells: Sequence[Cell], settings: Settings) -> list[Measurement]:
    """Return the rate of matrix products in each precision (GFLOP/s, one thread)."""
    torch.set_num_threads(1)
    products = [matrix_product(precision, settings.seconds) for precision in PRECISIONS]
    results = []
    for precision, seconds in zip(PRECISIONS, in_turns(products, settings.repetitions), strict=True):
        rate = OPERATIONS / median(seconds) / 1e9
        results.append(Measurement("machine", f"matrix product, {precision}", rate, "GFLOP/s", spread=spread(seconds)))
    return results


def matrix_product(precision: str, seconds: float) -> Timed:
    """Return a measurement of one square matrix product on this process's threads."""
    dtype = getattr(torch, DTYPES[precision])
    left, right = torch.randn(SIZE, SIZE).to(dtype), torch.randn(SIZE, SIZE).to(dtype)
    return repeated(lambda: torch.mm(left, right), seconds)
