"""Torch's own optimizers by the name the scaling table uses, and learning-rate schedules as functions of the step."""

import math
from collections.abc import Callable
from typing import Any

import torch

from depthtransfer.scaling import Optimizer

ADAM_EPSILON = 1e-12
"""Absorbed multipliers rescale gradients, so epsilon must be far below any of them (paper A's groups use 1e-20)."""


def build_optimizer(name: Optimizer, groups: list[dict[str, Any]], *, momentum: float) -> torch.optim.Optimizer:
    """Return SGD, Adam or AdamW over groups that carry their learning rates and weight decay.

    Adam runs as one kernel per group; over the many small weights of a narrow deep network that takes about a fifth of
    the time of one weight after another.

    Raises:
        ValueError: if Adam is asked to decay weights; its coupled decay has no width-independent form, AdamW's has.
    """
    match Optimizer(name):
        case Optimizer.SGD:
            return torch.optim.SGD(groups, lr=0.0, momentum=momentum)
        case Optimizer.ADAM:
            if any(group.get("weight_decay") for group in groups):
                raise ValueError("Adam with weight decay is not in the scaling table; use AdamW")
            return torch.optim.Adam(groups, lr=0.0, eps=ADAM_EPSILON, fused=True)
        case Optimizer.ADAMW:
            return torch.optim.AdamW(groups, lr=0.0, eps=ADAM_EPSILON, fused=True)


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
