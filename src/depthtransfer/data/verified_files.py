"""Which files of an image folder were read, hashed and decoded once, kept so that they need not be again.

Kept are each file's path, size, time and SHA-256. Later starts compare paths, sizes and times with what lies there.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depthtransfer.data.cache import Sealed, sealed, write
from depthtransfer.data.containers import Container, Files, Listing, list_images, open_container
from depthtransfer.data.declaration import SPLITS, Declaration, Split, verify_fingerprint, verify_sizes
from depthtransfer.data.decoding import conversions
from depthtransfer.data.image_folder import Inspection, folders, inspect, location

Verified = tuple[Listing, dict[Split, tuple[Files, npt.NDArray[np.uint8]]]]
"""What lies there, and by split the files as they were verified (memory map) with their SHA-256, (n, 32)."""


def verified(name: str, declaration: Declaration, data_directory: Path, container: Container) -> Verified:
    """Return the verified files of both splits; the first time, or after a change, every image is read.

    Raises:
        DataError: files are missing, damaged, unsafe, or not the declared ones.
    """
    path = location(declaration, data_directory)
    listing = _listed(name, declaration, path, container)

    def build() -> Sealed:
        inspection = _inspected(name, declaration, path, container, listing)
        verify_fingerprint(f"{name} ({path})", declaration, inspection.fingerprint)
        return _named(listing, inspection)

    kept = sealed(
        directory(declaration, data_directory),
        _identity(declaration),
        [array for split in SPLITS for array in _names(split)],
        build,
        lambda kept: _unchanged(kept, listing),
    )
    by_split = {}
    for split in SPLITS:
        files, sha256 = _names(split)
        by_split[split] = kept.arrays[files], kept.arrays[sha256]
    return listing, by_split


def record(name: str, declaration: Declaration, data_directory: Path) -> Declaration:
    """Read a declared folder whose fingerprint is not known, and return the declaration with it.

    What was verified is kept, so that a streamed data set starts at once when the fingerprint is declared.

    Raises:
        DataError: files are missing, damaged, unsafe, or in other number than declared.
    """
    path = location(declaration, data_directory)
    with open_container(path, declaration.remedy) as container:
        listing = _listed(name, declaration, path, container)
        inspection = _inspected(name, declaration, path, container, listing)
    complete = declaration.model_copy(update={"fingerprint": inspection.fingerprint})
    if declaration.streamed:
        write(directory(complete, data_directory), _identity(complete), _named(listing, inspection))
    return complete


def directory(declaration: Declaration, data_directory: Path) -> Path:
    """Return where it is kept which files were verified: the beginning of a hash of which they should be."""
    short = hashlib.sha256(_identity(declaration).encode()).hexdigest()[:16]
    return data_directory / "cache" / f"{short}-files"


def _identity(declaration: Declaration) -> str:
    splits = f"{declaration.train_split}, {declaration.test_split}"
    if declaration.test_every is not None:
        splits = f"every image number {declaration.test_every} for testing"
    return f"{declaration.identity} in {declaration.path}: {splits}"


def _listed(name: str, declaration: Declaration, path: Path, container: Container) -> Listing:
    listing = list_images(path, container, folders(declaration), declaration.test_every)
    verify_sizes(f"{name} ({path})", declaration, len(listing.classes), listing.counts())
    return listing


def _inspected(name: str, declaration: Declaration, path: Path, container: Container, listing: Listing) -> Inspection:
    count = sum(listing.counts().values())
    print(f"depthtransfer: verifying the {count} images of {name}, once", file=sys.stderr)
    inspection = inspect(name, declaration, path, container, listing)
    if converted := conversions(inspection.modes, declaration.channels):
        print(f"depthtransfer: {name}: {converted}", file=sys.stderr)
    return inspection


def _named(listing: Listing, inspection: Inspection) -> Sealed:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for split in SPLITS:
        files, sha256 = _names(split)
        arrays |= {files: listing.files[split], sha256: inspection.sha256[split]}
    return Sealed(arrays, listing.classes)


def _unchanged(kept: Sealed, listing: Listing) -> bool:
    """Whether the files that lie there are, by path, size and time, those that were verified."""
    for split in SPLITS:
        then, now = kept.arrays[_names(split)[0]], listing.files[split]
        if then.dtype != now.dtype or len(then) != len(now):
            return False
        if not all(np.array_equal(then[field], now[field]) for field in now.dtype.names or ()):
            return False
    return True


def _names(split: Split) -> tuple[str, str]:
    return f"{split}_files", f"{split}_sha256"
