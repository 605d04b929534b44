"""Balanced shares of an experiment's runs: how long runs take beside each other, and shares of about equal time."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from depthtransfer.sweeps.grid import Request

Item = TypeVar("Item")


def shard(items: Sequence[Item], cost: Callable[[Item], float], count: int) -> list[list[Item]]:
    """Split items into shares of about equal cost: dearest first, each to the cheapest share so far.

    Args:
        items: what is to be shared; equal costs keep their order, so the result is a function of the arguments.
        cost: estimated cost of one item, in any unit.
        count: number of shares.

    Raises:
        ValueError: if count is not positive.
    """
    if count < 1:
        raise ValueError(f"{count} shards; at least one is needed")
    shares: list[list[Item]] = [[] for _ in range(count)]
    heap = [(0.0, index) for index in range(count)]
    for item in sorted(items, key=cost, reverse=True):
        total, index = heapq.heappop(heap)
        shares[index].append(item)
        heapq.heappush(heap, (total + cost(item), index))
    return shares


@dataclass(frozen=True)
class Speed:
    """What one worker process achieves.

    Args:
        seconds_per_kernel: overhead of one operation of a training step (s).
        flops_per_second: rate of the arithmetic in fp32 (FLOP/s).
        bf16_flops_per_second: rate of the arithmetic in bf16 (FLOP/s).
        bytes_per_second: kept activations over the time that moving them takes, in all passes of a step (bytes/s).
    """

    seconds_per_kernel: float
    flops_per_second: float
    bf16_flops_per_second: float
    bytes_per_second: float

    def seconds(self, request: Request) -> float:
        """Estimated wall time of one run on one worker (s), if it does not diverge early."""
        return self.seconds_per_kernel * request.kernels + self.device_seconds(request)

    def device_seconds(self, request: Request) -> float:
        """The part of it that workers on one GPU cannot do side by side (s)."""
        rate = self.bf16_flops_per_second if request.spec.precision == "bf16" else self.flops_per_second
        return request.flops / rate + request.traffic / self.bytes_per_second


def packed(seconds: Iterable[float], workers: int) -> float:
    """Wall time of jobs on workers side by side, dearest first (s)."""
    return max(map(sum, shard(list(seconds), float, workers)))


TYPICAL = Speed(
    seconds_per_kernel=2.0e-5,
    flops_per_second=2.3e11,
    bf16_flops_per_second=4.0e11,
    bytes_per_second=1.2e9,
)
"""One core of a 2024 server processor; good enough to balance, `depthtransfer plan` measures."""
