"""SHA-256 of files as they are written and read, and fingerprints: which data these are, however packed or decoded."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from depthtransfer.data.declaration import SPLITS, Arrays
from depthtransfer.files import open_regular


class ChecksumWriter:
    """A binary file to write to that sums what passes through it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write and sum."""
        self._digest.update(data)
        return self._file.write(data)

    def flush_to_disk(self) -> None:
        """Wait until the disk has it all, so that a full disk is noticed here."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def hexdigest(self) -> str:
        """Return the SHA-256 of everything written."""
        return self._digest.hexdigest()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(files: Iterable[tuple[str, str, str]]) -> str:
    """Fingerprint encoded images, whatever the container, its order and the splits' names.

    Args:
        files: for each image its split (`train` or `test`), its path below the split's folder with forward
            slashes, and the SHA-256 of its bytes.
    """
    return hash_sorted_files(sorted(files))


def hash_sorted_files(files: Iterable[tuple[str, str, str]]) -> str:
    """Fingerprint encoded images as `hash_files` does, from files that come in ascending order, one at a time."""
    digest = hashlib.sha256()
    for split, path, content in files:
        digest.update(f"{split}/{path}\0{content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def hash_arrays(arrays: Arrays) -> str:
    """Fingerprint images and labels of both splits, with their types and shapes."""
    digest = hashlib.sha256()
    for split in SPLITS:
        for array in (arrays.images[split], arrays.labels[split]):
            little_endian = array.astype(array.dtype.newbyteorder("<"), order="C")
            digest.update(f"{split} {array.dtype.name} {array.shape}\n".encode())
            digest.update(little_endian.tobytes())
    return f"sha256:{digest.hexdigest()}"
