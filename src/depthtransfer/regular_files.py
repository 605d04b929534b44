"""Reading what may be anything: a pipe, a socket or a folder in a file's place is an error, never a wait."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

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
