"""What a network says of the same images at chosen moments of its training."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from depthtransfer.training.updates import BlockUpdates


class Probe:
    """Collects logits on a fixed batch; training is the same with it and without.

    Args:
        model: maps images to logits (B, classes).
        images: normalized images (B, C, H, W) on the model's device.
        steps: numbers of updates at which to look.
        blocks: measures how far the features have moved, if that is wanted too.
    """

    def __init__(
        self, model: nn.Module, images: Tensor, steps: Collection[int], blocks: BlockUpdates | None = None
    ) -> None:
        self._model, self._images, self._wanted, self._blocks = model, images, frozenset(steps), blocks
        self.steps: list[int] = []
        self.logits: list[float] = []
        """Flattened from (steps looked at, images, classes)."""
        self.updates: list[float] = []
        """Flattened from (steps looked at, blocks and one more); see `BlockUpdates.measure`."""

    @torch.no_grad()
    def __call__(self, step: int) -> None:
        """Look, if this is one of the steps; meant to be called before every update and after the last."""
        if step not in self._wanted:
            return
        self._model.eval()
        logits = self._model(self._images).float()
        self._model.train()
        self.steps.append(step)
        self.logits.extend(logits.flatten().tolist())
        if self._blocks is not None:
            self.updates.extend(self._blocks.measure())


def spread(count: int, wanted: int) -> npt.NDArray[np.int64]:
    """Indices of `wanted` images spread evenly over `count`, so that images sorted by class give every class."""
    return np.linspace(0, count - 1, wanted).round().astype(np.int64)
