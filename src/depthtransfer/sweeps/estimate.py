"""How long runs take: a fixed cost per layer and step, plus operations over a rate."""

from collections.abc import Iterable
from dataclasses import dataclass

from depthtransfer.sweeps.requests import Request


@dataclass(frozen=True)
class Speed:
    """What one worker process achieves.

    Args:
        seconds_per_layer: overhead of one layer in one training step (s).
        flops_per_second: rate of the arithmetic (FLOP/s).
    """

    seconds_per_layer: float
    flops_per_second: float

    def seconds(self, request: Request) -> float:
        """Estimated wall time of one run on one worker (s)."""
        overhead = self.seconds_per_layer * request.layers * request.spec.steps
        return overhead + request.flops / self.flops_per_second

    def total(self, requests: Iterable[Request]) -> float:
        """Estimated time of many runs, one after another on one worker (s)."""
        return sum(map(self.seconds, requests))


TYPICAL = Speed(seconds_per_layer=2.0e-4, flops_per_second=1.7e11)
"""One core of a 2024 server processor in fp32; good enough to balance, `depthtransfer plan` measures."""
