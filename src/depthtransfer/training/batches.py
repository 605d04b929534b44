"""Batches of images: order, augmentation and normalization on the device, from memory or read ahead by threads."""

import math
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice, tee
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from depthtransfer.machine import usable_cores
from depthtransfer.read_ahead import read_ahead
from depthtransfer.training.augmentation import Augmentation, augment, network_input
from depthtransfer.training.process import named_rng

BATCHES_AHEAD = 2
"""Batches under way or waiting beside the one in use; with it they bound the memory of the images."""

_PIECE = 16
"""Images that one thread decodes at a time."""

_MOST_THREADS = 16


class ImageSource(Protocol):
    """Images by number. An array is one, and one that need not be in memory another.

    Several threads ask at once.
    """

    def __len__(self) -> int:
        """Return the number of images, n."""

    def __getitem__(self, indices: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]:
        """Return the images of B numbers in [0, n), uint8 of shape (B, C, H, W)."""


def decoding_threads(device: torch.device) -> int:
    """Return how many threads should decode: one beside a CPU's training thread, every core beside a GPU."""
    if device.type == "cpu":
        return 1
    return min(usable_cores(), _MOST_THREADS)


def read_batches(
    source: ImageSource, order: Iterable[npt.NDArray[np.int64]], *, batch_size: int, threads: int, pinned: bool = False
) -> Generator[tuple[npt.NDArray[np.int64], Tensor]]:
    """Yield each batch's indices with its images, uint8 of shape (B, C, H, W), on the CPU.

    At most `BATCHES_AHEAD` batches are held beside the one in use and the one being put together, whatever the number
    of threads. The bits of a batch depend on its indices alone.

    Args:
        source: where the images come from.
        order: indices of one batch after the other, (B,) each; may be endless.
        batch_size: B.
        threads: how many decode.
        pinned: put the images into page-locked memory, from which a GPU copies while it computes.
    """
    pieces = math.ceil(batch_size / _PIECE)
    to_read, to_join = tee(order)
    cut = (piece for indices in to_read for piece in np.array_split(indices, pieces))
    with closing(read_ahead(source.__getitem__, cut, threads=threads, ahead=BATCHES_AHEAD * pieces)) as read:
        for indices in to_join:
            yield indices, _joined(islice(read, pieces), len(indices), pinned)


def _joined(pieces: Iterator[npt.NDArray[np.uint8]], count: int, pinned: bool) -> Tensor:
    first = next(pieces)
    batch = torch.empty((count, *first.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
    start = 0
    for piece in chain([first], pieces):
        batch[start : start + len(piece)] = torch.from_numpy(piece)
        start += len(piece)
    return batch


Order = Iterator[npt.NDArray[np.int64]]


def order(count: int, batch_size: int, seed: int) -> Order:
    """Endless batches of indices: a fresh permutation each epoch, the incomplete last batch dropped.

    Raises:
        ValueError: if there are fewer images than one batch takes.
    """
    if not 0 < batch_size <= count:
        raise ValueError(f"batch_size = {batch_size} must lie between 1 and the {count} images")
    generator = named_rng(seed, "order")
    while True:
        permutation = torch.randperm(count, generator=generator).numpy()
        for start in range(0, count - batch_size + 1, batch_size):
            yield permutation[start : start + batch_size]


def batches(
    images: npt.NDArray[np.uint8] | ImageSource,
    labels: npt.NDArray[np.int64],
    *,
    batch_size: int,
    augmentation: Augmentation,
    seed: int,
    device: torch.device,
    skip: int = 0,
    draws: torch.Generator | None = None,
) -> Generator[tuple[Tensor, Tensor]]:
    """Endless normalized batches, the same whether the images are in memory or read when they are needed.

    Args:
        images: (n, C, H, W), uint8, or the windows of a text (n, T). Arrays are copied to a GPU once, on the CPU only
            batches are copied; of any other source, batches are read ahead by threads and copied.
        labels: (n,), of a text (n, T).
        batch_size: images in a batch, at most n.
        augmentation: what is done to each image, in batches of tensors.
        seed: seed of order and augmentation; the learning rate has no part in either.
        device: where the batches are needed.
        skip: batches at the beginning that are left out without reading their images.
        draws: stream of the augmentation, which stands after the last batch given; the seed's own unless given. A run
            that goes on hands in the stream as it stood after the batches that are skipped.

    Yields:
        images (B, C, H, W) in fp32 and channels-last order, and labels (B,), on the device; of a text both (B, T).
    """
    generator = named_rng(seed, "augmentation") if draws is None else draws
    indices = islice(order(len(images), batch_size, seed), skip, None)
    if not isinstance(images, np.ndarray):
        chosen = _read(images, labels, indices, batch_size, device)
    elif device.type == "cpu":
        chosen = ((torch.from_numpy(images[batch]), torch.from_numpy(labels[batch])) for batch in indices)
    else:
        chosen = _resident(images, labels, indices, device)
    with closing(chosen):
        for pixels, targets in chosen:
            yield network_input(augment(pixels, augmentation, generator)), targets


def _resident(
    images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], order: Order, device: torch.device
) -> Generator[tuple[Tensor, Tensor]]:
    """Copy everything to the device once and gather there."""
    there = torch.from_numpy(np.array(images)).to(device)
    targets = torch.from_numpy(np.array(labels)).to(device)
    for indices in order:
        where = torch.from_numpy(indices).to(device)
        yield there[where], targets[where]


def _read(
    source: ImageSource, labels: npt.NDArray[np.int64], order: Order, batch_size: int, device: torch.device
) -> Generator[tuple[Tensor, Tensor]]:
    """Read batches ahead; a GPU copies them from page-locked memory while it computes."""
    reading = read_batches(
        source, order, batch_size=batch_size, threads=decoding_threads(device), pinned=device.type == "cuda"
    )
    with closing(reading):
        for indices, images in reading:
            yield images.to(device, non_blocking=True), torch.from_numpy(labels[indices]).to(device)
