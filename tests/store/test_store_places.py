"""Whatever lies where a run should, the store says so, puts it aside and goes on; and where the store lies."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.test_store import A, B, losses, pack, record

from depthtransfer.errors import StoreError
from depthtransfer.store import store as store_module
from depthtransfer.store.store import LOCAL_VARIABLE, Store

PLACED: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a folder with something in it": lambda path: (path / "below").mkdir(parents=True),
    "a link to a folder": lambda path: path.symlink_to(path.parent),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(local=tmp_path / "local", layers=())


@pytest.mark.parametrize("what", PLACED)
def test_what_is_no_file_is_set_aside(store: Store, capsys: pytest.CaptureFixture[str], what: str) -> None:
    path = store.path(A.key)
    path.parent.mkdir(parents=True)
    PLACED[what](path)
    assert store.read([A.key]) == {}
    assert store.missing([A.key]) == [A.key]
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line
    assert "set aside" in line
    store.write(A)
    assert losses(store, A) == {"a": 1.0}


@pytest.mark.parametrize("target", ["circle", "nowhere"])
def test_a_link_that_leads_nowhere_is_nothing_and_is_replaced(store: Store, target: str) -> None:
    path = store.path(A.key)
    path.parent.mkdir(parents=True)
    path.symlink_to(path.name if target == "circle" else target)
    assert store.missing([A.key]) == [A.key]
    assert store.read([A.key]) == {}
    store.write(A)
    assert losses(store, A) == {"a": 1.0}
    assert not path.is_symlink()


@pytest.mark.parametrize("what", [*PLACED, "a link in a circle"])
def test_what_is_no_pack_is_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    pack(tmp_path / "packs/whole.parquet", B)
    path = tmp_path / "packs/wrong.parquet"
    PLACED.get(what, lambda path: path.symlink_to(path.name))(path)
    store = Store(local=tmp_path / "local", layers=(tmp_path / "packs",))
    assert store.missing([A.key, B.key]) == [A.key]
    assert losses(store, B) == {"b": 1.0}
    assert "wrong.parquet" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["a pipe", "a link in a circle", "a device"])
def test_a_layer_that_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    path = tmp_path / "layer"
    PLACED.get(what, lambda path: path.symlink_to(path.name))(path)
    assert Store(local=tmp_path / "local", layers=(path,)).missing([A.key]) == [A.key]
    assert f"{path} is damaged or no pack of runs" in capsys.readouterr().err


def test_something_in_the_place_of_a_folder(store: Store) -> None:
    folder = store.path(A.key).parent
    store.local.mkdir()
    folder.touch()
    assert store.missing([A.key]) == [A.key]
    with pytest.raises(StoreError, match="remove what is in its folder's place"):
        store.write(A)
    folder.unlink()
    store.write(A)
    assert losses(store, A) == {"a": 1.0}


def test_an_intact_run_that_arrives_while_a_damaged_one_is_read_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another node replaces the damaged file between reading and setting aside; its run is not lost."""
    store.write(A)
    path = store.path(A.key)
    path.write_bytes(b"")
    rename = store_module.quarantine

    def too_late(damaged: Path) -> Path:
        store.write(A)
        return rename(damaged)

    monkeypatch.setattr(store_module, "quarantine", too_late)
    assert losses(store, A) == {"a": 1.0}
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert capsys.readouterr().err == ""


def test_times_do_not_matter(store: Store) -> None:
    """A clock that went backwards: files and provenance from the future, and from long ago."""
    for run, time in ((A, 4e9), (B, 0.0)):
        store.write(run)
        os.utime(store.path(run.key), (time, time))
    assert losses(store, A, B) == {"a": 1.0, "b": 1.0}
    store.write(record("a", 2.0))
    assert losses(store, A) == {"a": 2.0}


def test_the_local_store_is_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(LOCAL_VARIABLE, "")
    assert Store.default().local == Path("results/store")
    assert Store.of_solutions().local == Path("results/solutions")
    monkeypatch.setenv(LOCAL_VARIABLE, str(tmp_path / "shared"))
    Store.default().write(A)
    assert {path.name for path in (tmp_path / "shared").iterdir()} == {"store"}
    assert Store.of_solutions().local == tmp_path / "shared/solutions"
    assert not Path("results").exists()
