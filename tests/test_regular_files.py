import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from depthtransfer import files
from depthtransfer.files import open_regular, read_regular


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def listener(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # addresses of sockets are short


@pytest.mark.parametrize("make", [pipe, loop, listener, Path.mkdir, lambda path: None])
def test_whatever_is_no_file_is_an_error_at_once(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "file")
    before = set(Path("/proc/self/fd").iterdir())
    for read in (open_regular, read_regular):
        with pytest.raises(OSError, match=r".") as caught:
            read(tmp_path / "file")
        assert caught.value.strerror
    assert set(Path("/proc/self/fd").iterdir()) == before, "no descriptor is left open"


def test_a_file_and_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file") == read_regular(tmp_path / "link") == b"content"


@pytest.mark.parametrize(("failures", "code"), [(2, errno.ESTALE), (3, errno.ESTALE), (1, errno.EIO)])
def test_a_file_that_another_machine_replaces_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, code: int
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    left = [OSError(code, os.strerror(code))] * failures

    def unreliable(path: Path) -> Any:
        if left:
            raise left.pop()
        return open_regular(path)

    monkeypatch.setattr(files, "open_regular", unreliable)
    if code == errno.ESTALE and failures < 3:
        assert read_regular(tmp_path / "file") == b"content"
    else:
        with pytest.raises(OSError, match=os.strerror(code)):
            read_regular(tmp_path / "file")
