"""Files that are either whole or absent."""

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from depthtransfer.errors import StoreError
from depthtransfer.tables.abandoned import remove_abandoned

_PART = ".part"
_REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EEXIST: "remove what is in its folder's place",
    errno.ENOTDIR: "remove what is in its folder's place",
    errno.EISDIR: "remove the folder in its place",
    errno.ENOTEMPTY: "remove the folder in its place",
}


def write_atomic(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file so that readers, kills and other writers see the old content or the new, never a part.

    The content goes to a temporary file in the same folder, is flushed to disk and renamed. Nothing is locked: of
    two writers the last one wins, whole. The file is readable for everybody whom the umask admits, never executable.
    Temporary files that killed writers left in the folder a day ago or more are removed.

    Raises:
        StoreError: if the disk is full or the folder cannot be written; nothing half-written stays behind.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
        with os.fdopen(handle, "wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
            stream.flush()
            os.fsync(stream.fileno())
            written = os.fstat(stream.fileno()).st_mtime
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
        temporary = None
        remove_abandoned(path.parent, f".*.????????{_PART}", written)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "make the folder writable")
        raise StoreError(
            f"{path} cannot be written: {error.strerror}",
            f"{remedy} and run the same command again; finished runs are kept",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
