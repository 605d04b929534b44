"""Torch's own optimizers, by the name the scaling table uses."""

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
