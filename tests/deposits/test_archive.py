"""Archives of strangers: whatever an export would not have written is refused before anything is read from it."""

import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.deposits import archive as module
from depthtransfer.deposits import open_deposit, verify
from depthtransfer.errors import StoreError
from depthtransfer.tables.records import encode

from .archives import A, B, C, S, change_manifest, members, replace_pack, rewrite, run, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "it.zip")
    return tmp_path / "it.zip"


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        verify(open_deposit(path))
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def test_what_was_written_is_read_in_place(path: Path) -> None:
    deposit = open_deposit(path)
    verify(deposit)
    assert {pack.member: pack.read_bytes() for pack in deposit.packs} == {
        name: data for name, data in members(path).items() if name != "manifest.json"
    }
    assert (deposit.manifest.count("runs"), deposit.manifest.count("solutions")) == (3, 1)
    assert deposit.manifest.licence == "MIT"


def test_the_same_records_are_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) & 0o111 == 0
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.external_attr >> 16 for member in archive.infolist()} == {stat.S_IFREG | 0o644}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "/etc/x.parquet",
            "../x.parquet",
            "runs/../../x.parquet",
            "C:/x.parquet",
            "runs\\x.parquet",
            "runs/.x.parquet",
        ),
        *("x.parquet", "runs/deep/x.parquet", "runs/x.py", "runs/a b.parquet", "runs/é.parquet", "runs/x.parquet\n"),
        *("runs/", "runs/.parquet", "models/x.parquet", f"runs/{'x' * 200}.parquet", "manifest.json.parquet"),
    ],
)
def test_paths_that_an_export_does_not_write_are_refused(path: Path, name: str) -> None:
    rewrite(path, members(path) | {name: b"x"})
    assert "is no path that an archive has" in refusal(path)


def test_a_name_with_a_nul_is_refused(path: Path) -> None:
    rewrite(path, members(path) | {"runs/x.parquet": b"x"})
    path.write_bytes(path.read_bytes().replace(b"runs/x.parquet", b"runs/x.par\0uet"))
    assert "is no path" in refusal(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFCHR, stat.S_IFIFO])
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


def test_compressed_members_are_refused(path: Path) -> None:
    content = members(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (content | {"runs/bomb.parquet": bytes(2**24)}).items():
            archive.writestr(name, data)
    assert "is compressed" in refusal(path)


def test_a_size_that_is_not_the_stored_one_is_refused(path: Path) -> None:
    content = path.read_bytes()
    entry = content.index(b"PK\1\2")
    path.write_bytes(content[: entry + 24] + (2**31).to_bytes(4, "little") + content[entry + 28 :])
    assert "is compressed" in refusal(path)


@pytest.mark.parametrize(
    ("limit", "value"),
    [("LARGEST_ARCHIVE", 1000), ("LARGEST_PACK", 100), ("LARGEST_MANIFEST", 100), ("MOST_PACKS", 2)],
)
def test_sizes_are_limited(path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(module, limit, value)
    refusal(path)


def test_a_long_directory_is_refused_before_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PACKS", 10)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with path.open("r+b") as stream:
        stream.seek(-10, 2)
        stream.write((10**6).to_bytes(4, "little"))
    assert "its directory takes 1000000 bytes" in refusal(path)


def test_members_that_share_bytes_are_refused(path: Path) -> None:
    """Overlapping members make a small file seem large; the directory points twice to the same header."""
    rewrite(path, {"runs/a.parquet": b"x" * 500, "runs/b.parquet": b"x" * 500, "manifest.json": b"{}"})
    content = path.read_bytes()
    second = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
    forged = content[: second + 42] + bytes(4) + content[second + 46 :]
    path.write_bytes(forged)
    assert "another header" in refusal(path)


def test_a_member_within_another_is_refused(path: Path) -> None:
    """Small files seem large, too, when the bytes of one member are those of another with its header."""
    rewrite(path, {"runs/b.parquet": b"x" * 500})
    inner = path.read_bytes()[: path.read_bytes().index(b"PK\1\2")]
    rewrite(path, {"runs/a.parquet": inner, "runs/b.parquet": b"x" * 500, "manifest.json": b"{}"})
    content = path.read_bytes()
    second = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
    within = content.index(inner)
    path.write_bytes(content[: second + 42] + within.to_bytes(4, "little") + content[second + 46 :])
    assert "overlaps another member" in refusal(path)


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "unknown format": (lambda m: m.update(format="depthtransfer-deposit-9"), "format"),
    "unknown key": (lambda m: m.update(more=1), "more"),
    "preset that is a path": (lambda m: m.update(preset="../../x"), "preset"),
    "no packs": (lambda m: m.update(packs=[]), "packs"),
    "pack that is not there": (lambda m: m["packs"][0].update(path="runs/other.parquet"), "not as manifest.json says"),
    "pack that is not named": (lambda m: m["packs"].pop(), "not as manifest.json says"),
    "pack named twice": (lambda m: m["packs"].append(m["packs"][0]), "not as manifest.json says"),
    "another size": (lambda m: m["packs"][0].update(bytes=7), "not as manifest.json says"),
    "size as text": (lambda m: m["packs"][0].update(bytes="7"), "bytes"),
    "another checksum": (lambda m: m["packs"][0].update(sha256="0" * 64), "does not match its checksum"),
    "unknown format of records": (lambda m: m["packs"][0].update(format="run-9"), "unknown format 'run-9'"),
    "another count": (lambda m: m["packs"][0].update(count=3), "declares 2 rows"),
    "other keys": (lambda m: m["packs"][0].update(keys="0" * 64), "other records"),
    "another engine": (lambda m: m["packs"][0].update(engines=[2]), "other records"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_is_not_true_is_refused(path: Path, case: str) -> None:
    change, said = MANIFESTS[case]
    change_manifest(path, change)
    assert said in refusal(path)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "manifest.json"), (b"[1]", "manifest.json"), (b"{" * 10**5, "manifest.json")]
)
def test_a_manifest_that_is_none_is_refused(path: Path, content: bytes, said: str) -> None:
    rewrite(path, members(path) | {"manifest.json": content})
    assert said in refusal(path)


def test_an_archive_without_manifest_is_refused(path: Path) -> None:
    content = members(path)
    del content["manifest.json"]
    rewrite(path, content)
    assert "has no manifest.json" in refusal(path)


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (b"PAR1 text PAR1", "is no pack"),
        (encode([A, B])[:-1] + b"2", "is no pack"),
        (encode([A, run("other")]), "other records"),
        (encode([A, A]), "holds 1 records"),
        (encode([A, B, C]), "declares 3 rows"),
    ],
)
def test_a_pack_that_is_not_what_the_manifest_says_is_refused(path: Path, pack: bytes, said: str) -> None:
    replace_pack(path, "runs/one.parquet", pack)
    assert said in refusal(path)


def test_a_pack_in_the_wrong_folder_is_refused(path: Path) -> None:
    replace_pack(path, "solutions/fig6.parquet", encode([A]))
    assert "solution" in refusal(path)
    assert S.key != A.key


def test_a_table_that_unpacks_to_too_much_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from depthtransfer.deposits import verification

    monkeypatch.setattr(verification, "LARGEST_TABLE", 100)
    monkeypatch.setattr(verification, "decode", None)
    assert "declares 2 rows" in refusal(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\5\6" + bytes(18), b"text" * 100, b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(18)]
)
def test_what_is_no_archive_is_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refusal(path)


def test_no_damage_ends_in_a_traceback_or_goes_unnoticed(path: Path) -> None:
    content = path.read_bytes()
    choice = random.Random(0)
    for _ in range(300):
        place = choice.randrange(len(content))
        changed = content[:place] + bytes([content[place] ^ (1 << choice.randrange(8))]) + content[place + 1 :]
        path.write_bytes(changed if choice.random() < 0.8 else content[:place])
        try:
            deposit = open_deposit(path)
            verify(deposit)
        except StoreError:
            continue
        whole = {pack.member: pack.read_bytes() for pack in deposit.packs}
        assert whole.keys() == {"runs/one.parquet", "runs/two.parquet", "solutions/fig6.parquet"}
        assert b"".join(whole.values()) in content or all(data in content for data in whole.values())
