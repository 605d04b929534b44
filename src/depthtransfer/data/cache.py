"""Decoded arrays on disk, so that images are decoded once and processes side by side share their pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depthtransfer.data.dataset import SPLITS, Arrays, Split
from depthtransfer.data.declaration import Declaration
from depthtransfer.data.sealed_arrays import Sealed, sealed


def directory(declaration: Declaration, data_directory: Path) -> Path:
    """Return a declaration's cache entry: the beginning of its fingerprint and the form of its images."""
    fingerprint, _, form = declaration.identity.partition("/")
    short = fingerprint.partition(":")[2][:16]
    return data_directory / "cache" / f"{short}-{form.replace('/', '-')}"


def cached(
    declaration: Declaration, data_directory: Path, split: Split, build: Callable[[], Arrays]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[str, ...]]:
    """Return images (memory map), labels and classes of one split, verified; build a missing entry.

    A damaged entry is set aside with a line on stderr and built anew.

    Raises:
        DataError: the entry cannot be written, or whatever `build` raises.
    """
    images, labels = _names(split)
    entry = directory(declaration, data_directory)
    found = sealed(entry, declaration.identity, (images, labels), lambda: _named(build()))
    return found.arrays[images], found.arrays[labels], found.classes


def _named(arrays: Arrays) -> Sealed:
    by_name: dict[str, npt.NDArray[Any]] = {}
    for split in SPLITS:
        images, labels = _names(split)
        by_name |= {images: arrays.images[split], labels: arrays.labels[split]}
    return Sealed(by_name, arrays.classes)


def _names(split: Split) -> tuple[str, str]:
    return f"{split}_images", f"{split}_labels"
