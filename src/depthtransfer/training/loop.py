"""The training loop: a module, an optimizer and batches in, one row per step out."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.training.optimizers import Schedule

DIVERGENCE_FACTOR = 100.0
"""A loss this many times above the first one (or chance, if larger) is beyond return."""

_SYNC_EVERY = {"cpu": 1}
_SYNC_EVERY_OTHERWISE = 50


@dataclass
class History:
    """What a run went through, one entry per step up to and including the diverged one.

    Args:
        loss: training loss of each batch before its update (nats).
        accuracy: share of the batch classified correctly.
        learning_rate_factor: factor of the schedule.
        diverged_step: step at which the loss was not finite or beyond return, if there was one.
        seconds: wall time inside training steps.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    learning_rate_factor: list[float] = field(default_factory=list)
    diverged_step: int | None = None
    seconds: float = 0.0


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterator[tuple[Tensor, Tensor]],
    schedule: Schedule,
    *,
    steps: int,
    classes: int,
    bf16: bool = False,
    before_step: Callable[[int], None] = lambda step: None,
    watch: Callable[[History], None] = lambda history: None,
    history: History | None = None,
) -> History:
    """Train in place with cross-entropy until the last step or divergence.

    Divergence is an outcome and is recorded, never raised. On a GPU, losses are looked at every fifty steps so that
    the device never waits; the recorded step of divergence is exact all the same, and no row follows it.

    Args:
        model: maps images to logits (B, classes), or the windows of a text to logits (B, T, classes).
        optimizer: any torch optimizer; its groups' learning rates are multiplied by the schedule.
        batches: images and labels on the model's device.
        schedule: factor on the learning rate by step.
        steps: number of updates.
        classes: number of classes, for the loss of guessing.
        bf16: run the forward pass under bfloat16 autocast.
        before_step: called before every update, and once more after the last one, with the number of updates so far.
        watch: called with all rows so far whenever losses were looked at; model and optimizer stand right after the
            last row's update.
        history: rows of a run that goes on here, its model and optimizer standing after the last one; extended.
    """
    history = history or History()
    base_rates = [group["lr"] for group in optimizer.param_groups]
    device = next(model.parameters()).device.type
    sync_every = _SYNC_EVERY.get(device, _SYNC_EVERY_OTHERWISE)
    pending: list[tuple[Tensor, Tensor]] = []
    limit = _limit(history.loss[0], classes) if history.loss else math.inf
    model.train()
    started = time.perf_counter() - history.seconds
    for step in range(len(history.loss), steps):
        before_step(step)
        images, labels = next(batches)
        factor = schedule(step)
        for group, rate in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = rate * factor
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            logits = model(images)
        loss = F.cross_entropy(logits.float().flatten(0, -2), labels.flatten())
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        with torch.no_grad():
            pending.append((loss.detach(), (logits.argmax(-1) == labels).float().mean()))
        history.learning_rate_factor.append(factor)
        if len(pending) == sync_every or step == steps - 1:
            for new_loss, accuracy in torch.stack([torch.stack(pair) for pair in pending]).tolist():
                history.loss.append(new_loss)
                history.accuracy.append(accuracy)
                if len(history.loss) == 1:
                    limit = _limit(new_loss, classes)
                if not (math.isfinite(new_loss) and new_loss <= limit):
                    history.diverged_step = len(history.loss) - 1
                    break
            pending.clear()
            history.seconds = time.perf_counter() - started
            watch(history)
            if history.diverged_step is not None:
                break
    else:
        before_step(steps)
    del history.learning_rate_factor[len(history.loss) :]
    history.seconds = time.perf_counter() - started
    return history


def _limit(first_loss: float, classes: int) -> float:
    """Loss beyond which a run has diverged."""
    return DIVERGENCE_FACTOR * max(first_loss, math.log(classes))
