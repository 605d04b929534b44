"""Imports: all or nothing, and afterwards a layer of the store."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from depthtransfer.deposits import keeping
from depthtransfer.deposits.keeping import keep
from depthtransfer.errors import StoreError
from depthtransfer.sweeps.store import IMPORTED, LAYERS_VARIABLE, Store

from .archives import A, B, C, S, write


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(LAYERS_VARIABLE, raising=False)
    write(tmp_path / "deposit.zip")
    return tmp_path / "deposit.zip"


def test_a_kept_archive_is_a_layer_of_runs_and_of_solutions(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, _ = keep(path, IMPORTED)
    assert kept.read_bytes() == path.read_bytes()
    path.unlink()
    store = Store.default()
    assert store.missing([A.key, B.key, C.key, S.key]) == [S.key]
    assert {layer for _, layer in store.read([A.key, C.key]).values()} == {
        f"{kept.name}/runs/one.parquet",
        f"{kept.name}/runs/two.parquet",
    }
    assert Store.of_solutions().read([S.key]).keys() == {S.key}
    assert capsys.readouterr().err == ""


def test_twice_the_same_archive_is_one_file(path: Path) -> None:
    keep(path, IMPORTED)
    shutil.copy(path, "other.zip")
    keep(Path("other.zip"), IMPORTED)
    assert len(list(IMPORTED.iterdir())) == 1


def test_an_archive_that_is_named_is_a_layer_without_import(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAYERS_VARIABLE, str(path))
    assert Store.default().missing([A.key]) == Store.of_solutions().missing([S.key]) == []
    monkeypatch.setenv(LAYERS_VARIABLE, str(path.parent))
    assert Store.default().missing([A.key]) == Store.of_solutions().missing([S.key]) == []


def test_a_damaged_archive_is_an_ignored_layer(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setenv(LAYERS_VARIABLE, str(path))
    assert Store.default().missing([A.key]) == [A.key]
    (line,) = capsys.readouterr().err.splitlines()
    assert "deposit.zip" in line
    assert "ignored" in line


def test_damage_inside_a_layer_is_noticed_when_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"PAR1") + 60] ^= 1
    path.write_bytes(content)
    monkeypatch.setenv(LAYERS_VARIABLE, str(path))
    store = Store.default()
    assert store.read([A.key, C.key]).keys() <= {C.key}
    assert "damaged" in capsys.readouterr().err


def test_nothing_is_written_of_an_archive_that_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2"))
    with pytest.raises(StoreError):
        keep(path, IMPORTED)
    assert not IMPORTED.exists()


def test_an_archive_that_changes_after_it_was_verified_is_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "verify", lambda deposit: path.write_bytes(b"another"))
    with pytest.raises(StoreError, match="changed while it was read"):
        keep(path, IMPORTED)
    assert list(IMPORTED.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from depthtransfer.deposits import keeping
keeping._CHUNK = 512
whole = keeping._copied
def slowly(*given):
    for number, chunk in enumerate(whole(*given)):
        if number == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield chunk
keeping._copied = slowly
keeping.keep(Path(sys.argv[1]), Path("results/imported"))
"""


@pytest.mark.parametrize("chunks", [0, 1, 5])
def test_a_kill_leaves_nothing_half_imported(path: Path, chunks: int, capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(chunks)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [left.suffix for left in IMPORTED.iterdir()] == [".part"]
    assert Store.default().missing([A.key]) == [A.key]
    assert capsys.readouterr().err == ""
    keep(path, IMPORTED)
    assert Store.default().missing([A.key]) == []


def test_readers_and_writers_meet_no_half(path: Path) -> None:
    """Two imports of the same archive at once, and a reader beside them."""
    code = "import sys; from pathlib import Path; from depthtransfer.deposits.keeping import keep\n"
    code += "[keep(Path(sys.argv[1]), Path('results/imported')) for _ in range(5)]"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]
    deadline = time.monotonic() + 60
    while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
        for kept in IMPORTED.glob("*.zip"):
            assert kept.read_bytes() == path.read_bytes()
    assert [process.wait() for process in processes] == [0, 0]


@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o666), (0o022, 0o644), (0o077, 0o600)])
def test_what_is_kept_is_never_executable(path: Path, umask: int, mode: int) -> None:
    path.chmod(0o755)
    before = os.umask(umask)
    try:
        kept, _ = keep(path, IMPORTED)
    finally:
        os.umask(before)
    assert kept.stat().st_mode & 0o777 == mode
