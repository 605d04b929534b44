"""Batches from in-memory images: order, augmentation and normalization on the training device."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from depthtransfer.training.augmentation import Augmentation, augment, normalize
from depthtransfer.training.streams import stream


def order(count: int, batch_size: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Endless batches of indices: a fresh permutation each epoch, the incomplete last batch dropped.

    Raises:
        ValueError: if there are fewer images than one batch takes.
    """
    if not 0 < batch_size <= count:
        raise ValueError(f"batch_size = {batch_size} must lie between 1 and the {count} images")
    generator = stream(seed, "order")
    while True:
        permutation = torch.randperm(count, generator=generator).numpy()
        for start in range(0, count - batch_size + 1, batch_size):
            yield permutation[start : start + batch_size]


def batches(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    *,
    batch_size: int,
    augmentation: Augmentation,
    seed: int,
    device: torch.device,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless normalized batches.

    Args:
        images: (n, C, H, W), uint8; on a GPU they are copied there once, on the CPU only batches are copied.
        labels: (n,).
        batch_size: images in a batch, at most n.
        augmentation: what is done to each image, in batches of tensors.
        seed: seed of order and augmentation; the learning rate has no part in either.
        device: where the batches are needed.

    Yields:
        images (B, C, H, W) in fp32 and channels-last order, and labels (B,), on the device.
    """
    generator = stream(seed, "augmentation")
    resident = None
    if device.type != "cpu":
        resident = (
            torch.from_numpy(np.array(images)).to(device),
            torch.from_numpy(np.array(labels)).to(device),
        )
    for indices in order(len(images), batch_size, seed):
        if resident is None:
            chosen, targets = torch.from_numpy(images[indices]), torch.from_numpy(labels[indices])
        else:
            where = torch.from_numpy(indices).to(device)
            chosen, targets = resident[0][where], resident[1][where]
        augmented = augment(chosen, augmentation, generator)
        yield normalize(augmented, torch.float32, torch.channels_last), targets
