import os
import time
from pathlib import Path

import pytest

from depthtransfer.files import STALE_AFTER, remove_stale, write_atomic

OLD = STALE_AFTER + 60


def left(path: Path, age: float) -> Path:
    """What a writer left so long ago (s)."""
    path.write_bytes(b"half")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_writing_removes_what_was_abandoned_and_nothing_else(tmp_path: Path) -> None:
    left(tmp_path / ".run.parquet.abcdefgh.part", OLD)
    left(tmp_path / ".run.parquet.ijklmnop.part", STALE_AFTER - 60)
    left(tmp_path / "run.part", OLD)
    left(tmp_path / "run.parquet.damaged-01234567", OLD)
    left(tmp_path / ".hidden", OLD)
    write_atomic(tmp_path / "file", b"content")
    kept = {".run.parquet.ijklmnop.part", "run.part", "run.parquet.damaged-01234567", ".hidden", "file"}
    assert names(tmp_path) == kept


def test_the_clock_of_the_disk_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock runs a year ahead does not remove what others are writing; nor one that lags behind."""
    left(tmp_path / ".run.parquet.abcdefgh.part", 10.0)
    left(tmp_path / ".run.parquet.ijklmnop.part", -3600.0)
    for shift in (3.2e7, -3.2e7):
        monkeypatch.setattr(time, "time", lambda shift=shift, now=time.time: now() + shift)
        write_atomic(tmp_path / "file", b"content")
        monkeypatch.undo()
    assert names(tmp_path) == {".run.parquet.abcdefgh.part", ".run.parquet.ijklmnop.part", "file"}


def test_folders_links_and_what_others_were_faster_to_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (tmp_path / ".writing-folder").mkdir()
    left(tmp_path / ".writing-folder" / "half", 0.0)
    (tmp_path / ".writing-link").symlink_to(kept)
    left(tmp_path / ".writing-gone", 0.0)
    unlink = Path.unlink

    def faster(path: Path) -> None:
        if path.name == ".writing-gone":
            unlink(path)
        unlink(path)

    monkeypatch.setattr(Path, "unlink", faster)
    remove_stale(tmp_path, ".writing-*", time.time() + OLD)
    assert names(tmp_path) == {"kept"}
    assert names(kept) == {"file"}
