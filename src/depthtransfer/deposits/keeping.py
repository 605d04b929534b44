"""A verified archive, kept whole in a folder that is a layer of the store."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from depthtransfer.deposits.archive import open_deposit
from depthtransfer.deposits.manifest import Manifest
from depthtransfer.deposits.verification import verify
from depthtransfer.errors import StoreError
from depthtransfer.tables.atomic import write_atomic

_CHUNK = 2**20


def keep(archive: Path, folder: Path) -> tuple[Path, Manifest]:
    """Verify an archive and copy it; the copy appears whole or not at all, and twice the same archive is one file.

    Args:
        archive: to be kept.
        folder: where; the name is made of preset and checksum.

    Raises:
        StoreError: if the archive is not what it says, or the copy cannot be written.
    """
    deposit = open_deposit(archive)
    before = _digest(archive)
    verify(deposit)
    kept = folder / f"{deposit.manifest.preset}-{before[:16]}.zip"
    write_atomic(kept, _copied(archive, before))
    return kept, deposit.manifest


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copied(archive: Path, expected: str) -> Iterator[bytes]:
    """The archive's bytes; at their end an error if they are not those that were verified."""
    digest = hashlib.sha256()
    with archive.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != expected:
        raise StoreError(f"{archive} changed while it was read", "import it again")
