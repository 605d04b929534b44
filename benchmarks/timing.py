"""How things are timed: warm, in turns, several times; medians and the spread of the repetitions."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Timed = Callable[[], float]
"""Does a piece of work and returns its wall time per unit (s)."""

median = statistics.median


@dataclass(frozen=True)
class Settings:
    """How long to measure.

    Args:
        repetitions: how often each thing is measured, in turns with what it is compared to.
        seconds: aimed length of one measurement (s).
    """

    repetitions: int
    seconds: float


def repeated(action: Callable[[], object], seconds: float) -> Timed:
    """Warm an action up and return a measurement of one call, averaged over as many as fill the seconds."""
    action()
    started = time.perf_counter()
    action()
    count = max(3, math.ceil(seconds / (time.perf_counter() - started)))

    def timed() -> float:
        started = time.perf_counter()
        for _ in range(count):
            action()
        return (time.perf_counter() - started) / count

    return timed


def in_turns(things: Sequence[Timed], repetitions: int) -> list[list[float]]:
    """Measure A B C, A B C, ... and return the values of each, so that a slow minute of the machine hits all."""
    rounds = [[thing() for thing in things] for _ in range(repetitions)]
    return [list(values) for values in zip(*rounds, strict=True)]


def spread(values: Sequence[float]) -> float:
    """Half the range of the repetitions, relative to their median."""
    return (max(values) - min(values)) / (2.0 * median(values))
