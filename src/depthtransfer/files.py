"""Reading and writing files: whole or absent, regular or refused, damaged ones put aside, stale ones removed."""

import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path

from depthtransfer.errors import StoreError

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
        remove_stale(path.parent, f".*.????????{_PART}", written)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "make the folder writable")
        raise StoreError(
            f"{path} cannot be written: {error.strerror}",
            f"{remedy} and run the same command again; finished runs are kept",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


STALE_AFTER = 24 * 3600.0
"""Seconds; a writer that lives has renamed or removed its file long before."""


def remove_stale(folder: Path, pattern: str, now: float) -> None:
    """Remove files and folders of one kind that were last changed a day ago or more.

    Args:
        folder: where to look, not below.
        pattern: of the names, as for `Path.glob`.
        now: time at which something was just written there, by the clock of the disk (s). The clock of this machine
            may be off; with another machine's file that would be the other's loss.
    """
    for left in folder.glob(pattern):
        try:
            if now - left.lstat().st_mtime < STALE_AFTER:
                continue
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        except OSError:
            continue  # another process was faster, or it is another user's


MARK = ".damaged-"


def quarantine(path: Path) -> Path:
    """Rename a file, a folder or a link and return its new place beside the old one.

    Raises:
        OSError: it is no longer there, or may not be renamed.
    """
    return path.rename(path.with_name(f"{path.name}{MARK}{secrets.token_hex(4)}"))


_ATTEMPTS = 3


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading.

    Raises:
        OSError: it cannot be opened, or is no regular file (a pipe would block whoever opens it in the usual way).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path) -> bytes:
    """Return the content of a file.

    On a network disk a file that another machine replaces while it is read becomes stale; it is then read again.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    attempts = _ATTEMPTS
    while True:
        attempts -= 1
        try:
            with open_regular(path) as stream:
                return stream.read()
        except OSError as error:
            if error.errno != errno.ESTALE or not attempts:
                raise
