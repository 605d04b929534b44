"""The same images have the same names, however a disk or a packing program writes what is not ASCII."""

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from depthtransfer.data.containers import open_container
from depthtransfer.data.image_folder import fingerprint, read
from depthtransfer.errors import DataError

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]

CLASSES = ("Hündin groß", "猫")
DECOMPOSED = [unicodedata.normalize("NFD", name) for name in CLASSES]


def named(files: Files, names: tuple[str, ...] | list[str] = CLASSES) -> Files:
    """The standard files with other names of the classes."""
    return {name.replace("cat", names[0]).replace("dog", names[1]): content for name, content in files.items()}


def without_flag(path: Path, files: dict[bytes, bytes], extra: Callable[[bytes], bytes] = lambda name: b"") -> Path:
    """A zip whose names are these bytes, not said to be UTF-8: as Info-ZIP and others write it."""
    stand_ins = {name: f"{number:0{len(name)}d}" for number, name in enumerate(files)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(stand_ins[name])
            member.extra = extra(name)
            archive.writestr(member, content)
    packed = path.read_bytes()
    for name, stand_in in stand_ins.items():
        assert packed.count(stand_in.encode()) == 2
        packed = packed.replace(stand_in.encode(), name)
    path.write_bytes(packed)
    return path


def infozip(path: Path, files: Files) -> Path:
    return without_flag(path, {name.encode(): content for name, content in files.items()})


def unicode_field(path: Path, files: Files) -> Path:
    """Names in a code page of their own, the right ones in the Unicode path extra field."""
    meant = {
        f"{number:03d} {name}".encode("ascii", "replace").replace(b"?", b"\x81"): name
        for number, name in enumerate(files)
    }

    def field(raw: bytes) -> bytes:
        content = struct.pack("<BL", 1, zlib.crc32(raw)) + meant[raw].encode()
        return struct.pack("<HH", 0x7075, len(content)) + content

    return without_flag(path, {raw: files[name] for raw, name in meant.items()}, field)


def windows(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("/", "\\"), content)
    return path


def macos(path: Path, files: Files) -> Path:
    """Decomposed names, and a second tree of what the Finder remembers."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            decomposed = unicodedata.normalize("NFD", name)
            archive.writestr(decomposed, content)
            folder, _, last = decomposed.rpartition("/")
            archive.writestr(f"__MACOSX/{folder}/._{last}", b"resource fork")
    return path


def test_one_fingerprint_whoever_packed(tmp_path: Path, files: Files, write_folder: Write, write_zip: Write) -> None:
    write_folder(tmp_path / "folder", named(files))
    write_folder(tmp_path / "decomposed", named(files, DECOMPOSED))
    for pack in (write_zip, infozip, macos, windows, unicode_field):
        pack(tmp_path / f"{pack.__name__}.zip", named(files))
    found = {path.name: fingerprint(path, tmp_path) for path in tmp_path.iterdir()}
    assert len(found) == 7
    assert len({declaration.fingerprint for declaration in found.values()}) == 1, found
    for declaration in found.values():
        assert read("pets", declaration, tmp_path).classes == CLASSES


def test_names_that_cannot_be_read_are_refused_by_name(tmp_path: Path, files: Files) -> None:
    latin = {name.encode("latin-1"): content for name, content in named(files, ["Hündin", "dog"]).items()}
    with (
        pytest.raises(DataError, match=r"'train/H.ndin/0.png' is a name in an unknown encoding; .* UTF-8") as caught,
        open_container(without_flag(tmp_path / "old.zip", latin), ""),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_names_that_differ_in_composition_only_are_refused(tmp_path: Path, files: Files, write_folder: Write) -> None:
    both = named(files, [CLASSES[0], "dog"]) | named(files, [DECOMPOSED[0], "dog"])
    with pytest.raises(DataError, match="differ in Unicode composition only"):
        fingerprint(write_folder(tmp_path / "pets", both), tmp_path)
