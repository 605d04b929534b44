"""Deposits: all or nothing, from anybody, and afterwards a layer of the store."""

import random
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.errors import StoreError
from depthtransfer.store import deposit as module
from depthtransfer.store.deposit import check, keep, open_deposit
from depthtransfer.store.records import encode
from depthtransfer.store.store import IMPORTED, LAYERS_VARIABLE, Store

from .archives import A, B, C, S, change_manifest, members, replace_pack, rewrite, run, write


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(LAYERS_VARIABLE, raising=False)
    write(tmp_path / "it.zip")
    return tmp_path / "it.zip"


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        check(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def test_what_was_written_is_read(path: Path) -> None:
    deposit = check(path)
    assert {pack.member: pack.read_bytes() for pack in deposit.packs} == {
        name: data for name, data in members(path).items() if name != "manifest.json"
    }
    assert (deposit.manifest.count("runs"), deposit.manifest.count("solutions")) == (3, 1)
    assert (deposit.manifest.format, deposit.manifest.licence) == ("depthtransfer-deposit-1", "MIT")


def test_the_same_records_are_the_same_bytes_of_plain_files(path: Path, tmp_path: Path) -> None:
    write(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) & 0o111 == 0
    with zipfile.ZipFile(path) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.external_attr >> 16 for member in archive.infolist()} == {stat.S_IFREG | 0o644}


def test_an_archive_that_was_zipped_again_is_the_same(path: Path) -> None:
    """A folder of packs may be zipped by any tool, which usually compresses."""
    content = members(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    assert [pack.read_bytes() for pack in check(path).packs] == list(content.values())[:-1]


# ---- refused


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/x.parquet", "runs/../../x.parquet", "runs\\x.parquet", "runs/.x.parquet"),
        *("runs/x.py", "runs/", "models/x.parquet", f"runs/{'x' * 200}.parquet"),
    ],
)
def test_paths_that_an_export_does_not_write_are_refused(path: Path, name: str) -> None:
    rewrite(path, members(path) | {name: b"x"})
    assert "is no path that an archive has" in refusal(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO])
def test_links_and_devices_are_refused(path: Path, kind: int) -> None:
    def forge(member: zipfile.ZipInfo) -> None:
        if member.filename == "runs/one.parquet":
            member.external_attr = (kind | 0o777) << 16

    rewrite(path, members(path), forge)
    assert "is a link or a device" in refusal(path)


def test_a_member_that_occurs_twice_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("runs/one.parquet", b"x")
    assert "occurs twice" in refusal(path)


@pytest.mark.parametrize(
    ("limit", "value"), [("LARGEST_PACK", 100), ("LARGEST_MANIFEST", 100), ("MOST_PACKS", 2), ("LARGEST_TABLE", 100)]
)
def test_sizes_are_bounded_before_anything_is_decoded(
    path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    monkeypatch.setattr(module, "decode", None)
    refusal(path)


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "unknown format": (lambda m: m.update(format="depthtransfer-deposit-9"), "format"),
    "unknown key": (lambda m: m.update(more=1), "more"),
    "preset that is a path": (lambda m: m.update(preset="../../x"), "preset"),
    "pack that is not there": (lambda m: m["packs"][0].update(path="runs/other.parquet"), "not as manifest.json says"),
    "pack that is not named": (lambda m: m["packs"].pop(), "not as manifest.json says"),
    "another size": (lambda m: m["packs"][0].update(bytes=7), "not as manifest.json says"),
    "another checksum": (lambda m: m["packs"][0].update(sha256="0" * 64), "does not match its checksum"),
    "unknown format of records": (lambda m: m["packs"][0].update(format="run-9"), "unknown format 'run-9'"),
    "another count": (lambda m: m["packs"][0].update(count=3), "holds 2 records"),
    "other keys": (lambda m: m["packs"][0].update(keys="0" * 64), "other records"),
    "another engine": (lambda m: m["packs"][0].update(engines=[2]), "other records"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_is_not_true_is_refused(path: Path, case: str) -> None:
    change, said = MANIFESTS[case]
    change_manifest(path, change)
    assert said in refusal(path)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{" * 10**5, None])
def test_a_manifest_that_is_none_is_refused(path: Path, content: bytes | None) -> None:
    rest = {name: data for name, data in members(path).items() if name != "manifest.json"}
    rewrite(path, rest if content is None else rest | {"manifest.json": content})
    assert "manifest.json" in refusal(path)


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (b"PAR1 text PAR1", "is no pack"),
        (encode([A, B])[:-1] + b"2", "is no pack"),
        (encode([A, run("other")]), "other records"),
        (encode([A, A]), "holds 1 records"),
        (encode([S], module.SOLUTION), "no file of runs"),
    ],
)
def test_a_pack_that_is_not_what_the_manifest_says_is_refused(path: Path, pack: bytes, said: str) -> None:
    replace_pack(path, "runs/one.parquet", pack)
    assert said in refusal(path)


@pytest.mark.parametrize("content", [b"", b"PK\5\6" + bytes(18), b"text" * 100])
def test_what_is_no_archive_is_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refusal(path)


def test_no_damage_ends_in_a_traceback_or_goes_unnoticed(path: Path) -> None:
    content = path.read_bytes()
    packs = [pack.read_bytes() for pack in open_deposit(path).packs]
    choice = random.Random(0)
    for _ in range(100):
        place = choice.randrange(len(content))
        changed = content[:place] + bytes([content[place] ^ (1 << choice.randrange(8))]) + content[place + 1 :]
        path.write_bytes(changed if choice.random() < 0.8 else content[:place])
        try:
            deposit = check(path)
        except StoreError:
            continue
        assert [pack.read_bytes() for pack in deposit.packs] == packs


# ---- kept, and a layer


def test_a_kept_archive_is_a_layer_of_runs_and_of_solutions(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.chmod(0o755)
    kept, _ = keep(path, IMPORTED)
    assert kept.read_bytes() == path.read_bytes()
    assert kept.stat().st_mode & 0o111 == 0
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


@pytest.mark.parametrize("layer", [".", "it.zip"])
def test_an_archive_that_is_named_is_a_layer_without_import(
    path: Path, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    monkeypatch.setenv(LAYERS_VARIABLE, str(path.parent / layer))
    assert Store.default().missing([A.key]) == Store.of_solutions().missing([S.key]) == []


def test_a_damaged_archive_is_an_ignored_layer(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LAYERS_VARIABLE, str(path))
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert Store.default().missing([A.key]) == [A.key]
    (line,) = capsys.readouterr().err.splitlines()
    assert "it.zip" in line
    assert "ignored" in line
    inside = content.index(b"PAR1") + 60
    path.write_bytes(content[:inside] + bytes([content[inside] ^ 1]) + content[inside + 1 :])
    assert Store.default().read([A.key, C.key]).keys() <= {C.key}
    assert "damaged" in capsys.readouterr().err


def test_nothing_is_written_of_an_archive_that_is_refused_or_changes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"PAR1", b"PAR2"))
    with pytest.raises(StoreError):
        keep(path, IMPORTED)
    assert not IMPORTED.exists()
    path.write_bytes(whole)
    deposit = check(path)
    monkeypatch.setattr(module, "check", lambda archive: path.write_bytes(b"another") and deposit)
    with pytest.raises(StoreError, match="changed while it was read"):
        keep(path, IMPORTED)
    assert list(IMPORTED.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from depthtransfer.store import deposit
deposit._CHUNK = 512
whole = deposit._copied
def slowly(*given):
    for number, chunk in enumerate(whole(*given)):
        if number == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield chunk
deposit._copied = slowly
deposit.keep(Path(sys.argv[1]), Path("results/imported"))
"""


@pytest.mark.parametrize("chunks", [0, 5])
def test_a_kill_leaves_nothing_half_imported(path: Path, chunks: int, capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(chunks)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [left.suffix for left in IMPORTED.iterdir()] == [".part"]
    assert Store.default().missing([A.key]) == [A.key]
    assert capsys.readouterr().err == ""
    keep(path, IMPORTED)
    assert Store.default().missing([A.key]) == []
