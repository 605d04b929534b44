"""SHA-256 of files, as they are written and as they are read."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

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
