"""Where data sets lie, and from a declaration to verified images."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from depthtransfer.data.declaration import SPLITS, Arrays, Dataset, Declaration, Split, verify_arrays
from depthtransfer.errors import DataError

VARIABLE = "DEPTHTRANSFER_DATA"


def default_data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory named by DEPTHTRANSFER_DATA, else `data` under the working directory."""
    return Path(environment.get(VARIABLE) or "data")


_IN_MEMORY = frozenset({"digits", "text"})
"""Kinds that are read so quickly that they need no cache."""


def load(name: str, declaration: Declaration, data_directory: Path, split: Split = "train") -> Dataset:
    """Load one split of a data set, verified against its declaration.

    Args:
        name: the data set's name, for messages and tables.
        declaration: what the data should be.
        data_directory: where its files and its cache lie; with an intact cache the files may be absent, unless they
            are streamed.
        split: "train" or "test".

    Raises:
        DataError: the data are missing, damaged, or not the declared ones; one line with the remedy.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r}, expected one of {', '.join(SPLITS)}")
    if declaration.fingerprint is None:
        raise DataError(
            f"{name}: nobody has recorded its fingerprint in config/datasets.yaml yet",
            f"{declaration.remedy}; then enter what `depthtransfer data fingerprint {name}` prints",
        )
    if declaration.streamed:
        from depthtransfer.data.streaming import open_stream

        return Dataset(name, *open_stream(name, declaration, data_directory, split), declaration)
    if declaration.kind in _IN_MEMORY:
        arrays = _read(name, declaration, data_directory)
        return Dataset(name, arrays.images[split], arrays.labels[split], arrays.classes, declaration)
    from depthtransfer.data.cache import cached

    images, labels, classes = cached(
        declaration, data_directory, split, lambda: _read_with_notice(name, declaration, data_directory)
    )
    return Dataset(name, images, labels, classes, declaration)


def _read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    loader = importlib.import_module(f"depthtransfer.data.{declaration.kind}")
    arrays: Arrays = loader.read(name, declaration, data_directory)
    verify_arrays(name, declaration, arrays)
    return arrays


def _read_with_notice(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    count = declaration.train_images + declaration.test_images
    print(f"depthtransfer: decoding the {count} images of {name} into the cache", file=sys.stderr)
    return _read(name, declaration, data_directory)
