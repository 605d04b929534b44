"""Images that are read when they are needed: batches decoded by threads while the last one is trained on."""

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
