"""Files that are whole or absent, whatever lies in their place, and what killed writers left."""

import contextlib
import errno
import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from depthtransfer import files
from depthtransfer.errors import StoreError
from depthtransfer.files import STALE_AFTER, open_regular, quarantine, read_regular, remove_stale, write_atomic

OLD = STALE_AFTER + 60


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def raising(error: BaseException) -> Any:
    def fail(*arguments: Any) -> NoReturn:
        raise error

    return fail


# ---- writing


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_writes_and_replaces_with_the_mode_of_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    path = tmp_path / "new" / "folder" / "file"
    before = os.umask(umask)
    try:
        write_atomic(path, b"old")
        write_atomic(path, [b"n", b"ew"])
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert names(path.parent) == {"file"}


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, None])
def test_a_failure_or_an_interrupt_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, code: int | None
) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")
    error = KeyboardInterrupt() if code is None else OSError(code, os.strerror(code))
    monkeypatch.setattr(os, failing, raising(error))
    with pytest.raises((StoreError, KeyboardInterrupt)) as caught:
        write_atomic(path, b"new")
    if code is not None:
        message = str(caught.value)
        assert f"{path} cannot be written: {os.strerror(code)}" in message
        assert ("make room" in message) == (code == errno.ENOSPC)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"file"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_keeps_what_was_there(small_disk: Path) -> None:
    path = small_disk / "file"
    write_atomic(path, b"old")
    with pytest.raises(StoreError, match="No space left on device; make room"):
        write_atomic(path, bytes(100_000))
    assert path.read_bytes() == b"old"
    assert names(small_disk) == {"file"}


def test_something_else_in_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="remove what is in its folder's place"):
        write_atomic(tmp_path / "file" / "below", b"content")
    (tmp_path / "folder" / "below").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"folder cannot be written.*remove the folder in its place"):
        write_atomic(tmp_path / "folder", b"content")
    assert names(tmp_path) == {"file", "folder"}


# ---- stale


def left(path: Path, age: float) -> Path:
    """What a writer left so long ago (s)."""
    path.write_bytes(b"half")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_writing_removes_what_is_stale_and_nothing_else(tmp_path: Path) -> None:
    left(tmp_path / ".run.parquet.abcdefgh.part", OLD)
    kept = [".run.parquet.ijklmnop.part", "run.part", "run.parquet.damaged-01234567", ".hidden"]
    for name in kept:
        left(tmp_path / name, STALE_AFTER - 60 if name == kept[0] else OLD)
    write_atomic(tmp_path / "file", b"content")
    assert names(tmp_path) == {*kept, "file"}


def test_the_clock_of_the_disk_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock runs a year ahead does not remove what others are writing; nor one that lags behind."""
    left(tmp_path / ".run.parquet.abcdefgh.part", 10.0)
    for shift in (3.2e7, -3.2e7):
        monkeypatch.setattr(time, "time", lambda shift=shift, now=time.time: now() + shift)
        write_atomic(tmp_path / "file", b"content")
        monkeypatch.undo()
    assert names(tmp_path) == {".run.parquet.abcdefgh.part", "file"}


def test_stale_folders_and_links_go_and_what_links_lead_to_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    (tmp_path / ".writing-folder").mkdir()
    (tmp_path / ".writing-link").symlink_to(tmp_path / "kept")
    remove_stale(tmp_path, ".writing-*", time.time() + OLD)
    assert names(tmp_path) == {"kept"}
    assert names(tmp_path / "kept") == {"file"}


# ---- reading


def listener(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # addresses of sockets are short


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to(path.name), listener, Path.mkdir, lambda path: None]
)
def test_whatever_is_no_file_is_an_error_at_once(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "file")
    before = set(Path("/proc/self/fd").iterdir())
    for read in (open_regular, read_regular):
        with pytest.raises(OSError, match=r".") as caught:
            read(tmp_path / "file")
        assert caught.value.strerror
    assert set(Path("/proc/self/fd").iterdir()) == before, "no descriptor is left open"


@pytest.mark.parametrize(("failures", "code"), [(2, errno.ESTALE), (3, errno.ESTALE), (1, errno.EIO)])
def test_a_file_that_another_machine_replaces_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, code: int
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    errors = [OSError(code, os.strerror(code))] * failures

    def unreliable(path: Path) -> Any:
        if errors:
            raise errors.pop()
        return open_regular(path)

    monkeypatch.setattr(files, "open_regular", unreliable)
    if code == errno.ESTALE and failures < 3:
        assert read_regular(tmp_path / "link") == b"content"
    else:
        with pytest.raises(OSError, match=os.strerror(code)):
            read_regular(tmp_path / "file")


def test_what_is_damaged_is_kept_beside(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    moved = quarantine(tmp_path / "file")
    assert names(tmp_path) == {moved.name}
    assert moved.name.startswith("file.damaged-")
