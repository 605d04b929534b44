"""Batch order, augmentation and normalization as one stream of tensors."""

from itertools import islice

import numpy as np
import pytest
import torch

from depthtransfer.training.augmentation import Augmentation, augment
from depthtransfer.training.batches import batches, order
from depthtransfer.training.process import named_rng

CPU = torch.device("cpu")
COUNT, BATCH = 23, 5
PLAIN = Augmentation()


def pixels(channels: int = 3, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (COUNT, channels, size, size), dtype=np.uint8)
    return images, np.arange(COUNT, dtype=np.int64)


def some(count: int, *, seed: int = 0, augmentation: Augmentation = PLAIN, batch_size: int = BATCH):
    images, labels = pixels()
    stream = batches(images, labels, batch_size=batch_size, augmentation=augmentation, seed=seed, device=CPU)
    return list(islice(stream, count))


def test_each_epoch_is_a_fresh_permutation_less_the_incomplete_batch() -> None:
    per_epoch = COUNT // BATCH
    found = list(islice(order(COUNT, BATCH, seed=0), 3 * per_epoch))
    epochs = [np.concatenate(found[i * per_epoch : (i + 1) * per_epoch]) for i in range(3)]
    for epoch in epochs:
        assert len(set(epoch.tolist())) == per_epoch * BATCH
        assert set(epoch.tolist()) <= set(range(COUNT))
    assert not np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(np.sort(epochs[0]), np.arange(per_epoch * BATCH))


def test_the_order_depends_on_the_seed_alone() -> None:
    once, again, other = (np.concatenate(list(islice(order(COUNT, BATCH, seed), 8))) for seed in (3, 3, 4))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_a_batch_may_be_the_whole_set_but_not_more() -> None:
    assert sorted(next(order(6, 6, seed=0)).tolist()) == list(range(6))
    for batch_size in (7, 0, -1):
        with pytest.raises(ValueError, match=f"batch_size = {batch_size} .* the 6 images"):
            next(order(6, batch_size, seed=0))


def test_images_keep_their_labels_and_are_normalized() -> None:
    images, _ = pixels()
    for batch, labels in some(8):
        assert batch.dtype == torch.float32
        assert batch.is_contiguous(memory_format=torch.channels_last)
        assert labels.dtype == torch.int64
        expected = (images[labels.numpy()] / 255.0 - 0.5) / 0.5
        np.testing.assert_allclose(batch.numpy(), expected, rtol=0, atol=1e-6)


def test_augmentation_is_drawn_batch_by_batch_from_its_own_stream() -> None:
    chosen = Augmentation(crop_padding=2, flip=True, rotation_degrees=10.0)
    images, _ = pixels()
    generator = named_rng(5, "augmentation")
    for (batch, labels), (_, plain_labels) in zip(some(6, seed=5, augmentation=chosen), some(6, seed=5), strict=True):
        assert torch.equal(labels, plain_labels)
        expected = augment(torch.from_numpy(images[labels.numpy()]), chosen, generator)
        assert torch.equal(batch, expected.float().div(127.5).sub(1.0))


def test_read_only_memory_maps_will_do(tmp_path) -> None:
    images, labels = pixels()
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    stream = batches(mapped, labels, batch_size=BATCH, augmentation=PLAIN, seed=0, device=CPU)
    assert torch.equal(next(stream)[0], some(1)[0][0])
