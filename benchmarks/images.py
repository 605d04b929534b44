"""Generated images of CIFAR-10's size: random pixels from a fixed seed, kept where a worker looks for real ones."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.cells import CLASSES, SHAPE
from depthtransfer.data import Declaration
from depthtransfer.data.cache import cached
from depthtransfer.data.declaration import Arrays

COUNT = 50_000
"""Training images of CIFAR-10, so that memory and caches see what they see in earnest."""

NAME = "generated"
_SEED = 20230928
_TEST_COUNT = CLASSES


def generate(count: int = COUNT, seed: int = _SEED) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return images (count, C, H, W) and labels (count,)."""
    generator = np.random.default_rng(seed)
    shape = (count, SHAPE.channels, SHAPE.size, SHAPE.size)
    images = generator.integers(0, 256, shape, dtype=np.uint8)
    return images, generator.integers(0, CLASSES, count, dtype=np.int64)


def declaration() -> Declaration:
    """Return how the generated images are declared; their fingerprint names the recipe."""
    recipe = f"numpy default_rng({_SEED}), {COUNT} images"
    return Declaration(
        kind="cifar10",
        channels=3,
        image_size=SHAPE.size,
        classes=CLASSES,
        train_images=COUNT,
        test_images=_TEST_COUNT,
        fingerprint=f"sha256:{hashlib.sha256(recipe.encode()).hexdigest()}",
        description="random pixels",
        remedy="run the benchmark again",
    )


def prepare(data_directory: Path) -> Declaration:
    """Write the decoded arrays to the cache below a data directory, where workers map them into memory."""

    def build() -> Arrays:
        images, labels = generate()
        test_images, test_labels = generate(_TEST_COUNT, _SEED + 1)
        return Arrays(
            images={"train": images, "test": test_images},
            labels={"train": labels, "test": test_labels},
            classes=tuple(str(label) for label in range(CLASSES)),
        )

    declared = declaration()
    cached(declared, data_directory, "train", build)
    return declared
