"""Batches of images that are not in memory are those of images that are."""

import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch

from depthtransfer.training.augmentation import Augmentation
from depthtransfer.training.batches import BATCHES_AHEAD, batches, decoding_threads, order, read_batches

CPU = torch.device("cpu")
COUNT, BATCH = 101, 37
LABELS = np.arange(COUNT) % 7
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 3, 8, 8), dtype=np.uint8)


class Source:
    """Images behind a source's two methods; counts what it was asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, indices: np.ndarray, /) -> np.ndarray:
        self.asked += len(indices)
        self.threads.add(threading.current_thread().name)
        return IMAGES[indices]


@pytest.mark.parametrize("threads", [1, 5])
@pytest.mark.parametrize("batch_size", [1, 16, 17, COUNT])
def test_a_batch_depends_on_its_indices_alone(threads: int, batch_size: int) -> None:
    wanted = list(islice(order(COUNT, batch_size, seed=1), 7))
    found = list(read_batches(Source(), iter(wanted), batch_size=batch_size, threads=threads))
    assert len(found) == 7
    for (indices, images), expected in zip(found, wanted, strict=True):
        assert np.array_equal(indices, expected)
        np.testing.assert_array_equal(images.numpy(), IMAGES[expected])


def test_no_more_is_read_ahead_than_said() -> None:
    source = Source()
    reading = read_batches(source, order(COUNT, BATCH, seed=0), batch_size=BATCH, threads=1)
    for batch in range(1, 5):
        next(reading)
        assert source.asked <= (batch + BATCHES_AHEAD) * BATCH
    reading.close()
    assert threading.current_thread().name not in source.threads


@pytest.mark.parametrize(
    "augmentation", [Augmentation(), Augmentation(crop_padding=2, flip=True, rotation_degrees=10.0)]
)
def test_streamed_batches_are_those_of_an_array_bit_by_bit(augmentation: Augmentation) -> None:
    def some(images: np.ndarray | Source) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return islice(
            batches(images, LABELS, batch_size=BATCH, augmentation=augmentation, seed=3, device=CPU), 2 * COUNT // BATCH
        )

    compared = 0
    for (images, labels), (expected, expected_labels) in zip(some(Source()), some(IMAGES), strict=True):
        assert torch.equal(images, expected)
        assert images.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(labels, expected_labels)
        compared += 1
    assert compared == 5


def test_closing_the_batches_ends_the_reading_threads() -> None:
    before = threading.active_count()
    stream = batches(Source(), LABELS, batch_size=BATCH, augmentation=Augmentation(), seed=0, device=CPU)
    next(stream)
    assert threading.active_count() == before + 1
    stream.close()
    assert threading.active_count() == before


def test_an_array_is_made_resident_on_a_gpu_and_a_source_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The `meta` device stands for a GPU: it takes copies and computes nothing."""
    meta = torch.device("meta")
    copied: list[int] = []
    original = torch.Tensor.to

    def to(tensor: torch.Tensor, *arguments, **options) -> torch.Tensor:
        if arguments[:1] == (meta,) and tensor.dtype == torch.uint8:
            copied.append(len(tensor))
        return original(tensor, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "to", to)
    for images in (IMAGES, Source()):
        stream = batches(images, LABELS, batch_size=BATCH, augmentation=Augmentation(), seed=0, device=meta)
        for pixels, labels in islice(stream, 3):
            assert (pixels.device, pixels.shape) == (meta, (BATCH, 3, 8, 8))
            assert (labels.device, labels.shape) == (meta, (BATCH,))
        stream.close()
    assert copied == [COUNT, BATCH, BATCH, BATCH]


def test_threads_beside_a_gpu_are_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decoding_threads(CPU) == 1
    for cores, expected in ((1, 1), (6, 6), (200, 16)):
        monkeypatch.setattr("depthtransfer.training.batches.usable_cores", lambda cores=cores: cores)
        assert decoding_threads(torch.device("cuda")) == expected
