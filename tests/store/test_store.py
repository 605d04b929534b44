import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from depthtransfer.errors import StoreError
from depthtransfer.store import store as store_module
from depthtransfer.store.records import Record, encode
from depthtransfer.store.store import LAYERS_VARIABLE, LOCAL_VARIABLE, Store


def record(name: str, loss: float = 1.0) -> Record:
    return Record(
        specification={"name": name},
        summary={"status": "ok", "diverged_step": None, "device": "cpu"},
        provenance={"seconds": 0.1, "finished": "now", "commit": "unknown", "machine": "m", "versions": {}},
        series={"loss": (loss,), "accuracy": (0.5,), "learning_rate_factor": (1.0,)},
    )


A, B, C = map(record, "abc")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(local=tmp_path / "local", layers=())


def pack(path: Path, *records: Record) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(records))
    return path


def losses(store: Store, *records: Record) -> dict[str, float]:
    found = store.read([r.key for r in records])
    return {r.specification["name"]: r.series["loss"][0] for r, _ in found.values()}


def test_a_written_run_is_there(store: Store) -> None:
    store.write(A)
    assert store.has(A.key)
    assert store.missing([B.key, A.key, C.key]) == [B.key, C.key]
    assert store.read([A.key, B.key]) == {A.key: (record_as_read(A), "local")}
    assert store.path(A.key).parent.name == A.key[:2]


def record_as_read(written: Record) -> Record:
    return Record(
        written.specification,
        written.summary,
        written.provenance,
        {name: list(values) for name, values in written.series.items()},
        list(written.logits),
    )


def test_layers_in_order_of_preference(tmp_path: Path) -> None:
    first = pack(tmp_path / "first.parquet", record("a", 1.0))
    pack(tmp_path / "folder" / "deeper" / "second.parquet", record("a", 2.0), record("b", 2.0))
    store = Store(local=tmp_path / "local", layers=(first, tmp_path / "folder"))
    assert losses(store, A, B, C) == {"a": 1.0, "b": 2.0}
    assert {key: layer for key, (_, layer) in store.read([A.key, B.key]).items()} == {
        A.key: "first.parquet",
        B.key: "second.parquet",
    }
    store.write(record("a", 0.0))
    assert losses(store, A, B) == {"a": 0.0, "b": 2.0}


def test_another_projects_store_is_a_layer(tmp_path: Path) -> None:
    Store(local=tmp_path / "other", layers=()).write(A)
    store = Store(local=tmp_path / "local", layers=(tmp_path / "other",))
    assert store.missing([A.key, B.key]) == [B.key]
    assert losses(store, A) == {"a": 1.0}
    assert not (tmp_path / "local").exists()


def test_layers_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = pack(tmp_path / "one.parquet", A)
    pack(tmp_path / "more" / "two.parquet", B)
    pack(tmp_path / "results/committed/three.parquet", C)
    monkeypatch.delenv(LAYERS_VARIABLE, raising=False)
    assert Store.default().missing([A.key, B.key, C.key]) == [A.key, B.key]
    monkeypatch.setenv(LAYERS_VARIABLE, os.pathsep.join([str(one), "", str(tmp_path / "more")]))
    assert Store.default().missing([A.key, B.key, C.key]) == []


def test_a_layer_that_does_not_exist_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(local=tmp_path / "local", layers=(tmp_path / "absent.parquet",))
    assert store.missing([A.key]) == [A.key]
    (line,) = capsys.readouterr().err.splitlines()
    assert "absent.parquet" in line
    assert "ignored" in line


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[:-20],
    "a bit flipped": lambda content: content[:100] + bytes([content[100] ^ 8]) + content[101:],
    "another run": lambda content: encode([B]),
    "two runs": lambda content: encode([A, B]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_set_aside_reported_and_missing(
    store: Store, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    store.write(A)
    path = store.path(A.key)
    content = DAMAGES[damage](path.read_bytes())
    path.write_bytes(content)
    assert store.read([A.key]) == {}
    assert store.missing([A.key]) == [A.key]
    (aside,) = path.parent.iterdir()
    assert aside.name.startswith(f"{path.name}.damaged-")
    assert aside.read_bytes() == content
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line
    assert aside.name in line
    store.write(A)
    assert losses(store, A) == {"a": 1.0}
    assert aside.exists()


def test_a_damaged_file_gives_way_to_a_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(local=tmp_path / "local", layers=(pack(tmp_path / "pack.parquet", record("a", 2.0)),))
    store.write(A)
    store.path(A.key).write_bytes(b"")
    assert losses(store, A) == {"a": 2.0}
    assert "set aside" in capsys.readouterr().err


def test_a_damaged_file_that_cannot_be_set_aside(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(A)
    store.path(A.key).write_bytes(b"")

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreError, match=r"cannot be set aside: Permission denied; remove .*parquet"):
        store.read([A.key])


def damage_inside(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 1
    path.write_bytes(content)


def test_a_pack_with_damage_inside_gives_way_to_the_next_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = pack(tmp_path / "first.parquet", record("a", 1.0), record("c", 1.0))
    second = pack(tmp_path / "second.parquet", record("a", 2.0), record("b", 2.0))
    damage_inside(first)
    store = Store(local=tmp_path / "local", layers=(first, second))
    assert losses(store, A, B, C) == {"a": 2.0, "b": 2.0}
    assert store.missing([A.key, B.key, C.key]) == [C.key]
    assert first.exists()
    assert "first.parquet" in capsys.readouterr().err


def test_a_pack_that_is_replaced_while_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack(tmp_path / "pack.parquet", A, B)
    store = Store(local=tmp_path / "local", layers=(path,))
    assert store.missing([A.key, B.key]) == []
    pack(path, B)
    assert losses(store, A, B) == {"b": 1.0}
    assert store.missing([A.key]) == [A.key]
    assert "pack.parquet" in capsys.readouterr().err


# ---- whatever lies in a file's place, and where the store lies

NO_PACKS: dict[str, Callable[[Path], object]] = {
    "a link in a circle": lambda path: path.symlink_to(path.name),
    "text": lambda path: path.write_bytes(b"text" * 40),
    "half a pack": lambda path: path.write_bytes(encode([A])[:-1]),
    "a table": lambda path: parquet.write_table(pa.table({"key": [A.key], "loss": [1.0]}), path),
}
PLACED: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder with something in it": lambda path: (path / "below").mkdir(parents=True),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


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


@pytest.mark.parametrize("what", ["a pipe", "a device", "a link in a circle", "text", "half a pack", "a table"])
def test_what_is_no_pack_is_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    pack(tmp_path / "packs/whole.parquet", B)
    path = tmp_path / "packs/wrong.parquet"
    (PLACED | NO_PACKS)[what](path)
    store = Store(local=tmp_path / "local", layers=(tmp_path / "packs",))
    assert store.missing([A.key, B.key]) == [A.key]
    assert losses(store, B) == {"b": 1.0}
    assert "wrong.parquet" in capsys.readouterr().err


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
