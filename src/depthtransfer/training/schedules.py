"""Learning-rate schedules: pure functions of the step, as a factor on the base learning rate."""

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(steps: int, warmup: int = 0) -> Schedule:
    """One throughout, after a linear warm-up of the given number of steps."""
    return lambda step: _warmup(step, warmup)


def cosine(steps: int, warmup: int = 0) -> Schedule:
    """Linear warm-up, then half a cosine from one towards zero, which it would reach after the last step."""

    def factor(step: int) -> float:
        if step < warmup:
            return _warmup(step, warmup)
        progress = (step - warmup) / max(1, steps - warmup)
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))

    return factor


def _warmup(step: int, warmup: int) -> float:
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


SCHEDULES: dict[str, Callable[[int, int], Schedule]] = {"constant": constant, "cosine": cosine}
