"""An archive's structure: everything is checked before a byte of a pack is read, and nothing is unpacked to disk."""

import re
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from depthtransfer.deposits.manifest import (
    FOLDERS,
    LARGEST_ARCHIVE,
    LARGEST_MANIFEST,
    LARGEST_PACK,
    MANIFEST,
    MOST_PACKS,
    NAME,
    Manifest,
)
from depthtransfer.errors import StoreError
from depthtransfer.regular_files import open_regular
from depthtransfer.strict_json import parse_json
from depthtransfer.tables.archived import ArchivedPack

_REMEDY = "fetch it again, or ask for one that depthtransfer export wrote"
_EXPECTED = re.compile(rf"(?:{'|'.join(FOLDERS)})/{NAME}\.parquet|{re.escape(MANIFEST)}")
_LOCAL_HEADER = 30  # bytes, before name and extra field
_ENTRY = 400  # bytes that an entry of the directory takes at most


@dataclass(frozen=True)
class Deposit:
    """An archive whose structure is sound; the content of its packs has not been looked at.

    Attributes:
        path: of the archive.
        manifest: what it says of itself.
        packs: in the manifest's order.
    """

    path: Path
    manifest: Manifest
    packs: tuple[ArchivedPack, ...]


def open_deposit(path: Path) -> Deposit:
    """Read an archive's directory and manifest.

    Refused are paths that an export does not write (absolute ones, such with .., any other), links, compressed,
    encrypted, repeated and overlapping members, sizes beyond limits, and a manifest that says otherwise.

    Raises:
        StoreError: naming the archive and what is wrong.
    """
    try:
        with open_regular(path) as stream:
            _refuse_large(path, stream)
            with zipfile.ZipFile(stream) as archive:
                members = archive.infolist()
                _refuse_unsafe(path, members)
                packs = [_located(path, stream, member) for member in members]
        _refuse_overlap(path, packs)
        by_name = {pack.member: pack for pack in packs}
        if MANIFEST not in by_name:
            raise StoreError(f"{path} has no {MANIFEST}", _REMEDY)
        text = by_name.pop(MANIFEST).read_bytes()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, IndexError) as error:
        raise StoreError(f"{path} is no intact archive: {error}", _REMEDY) from error
    manifest = parse_json(Manifest, text, f"{path}: {MANIFEST}", _REMEDY)
    said = {entry.path: entry.bytes for entry in manifest.packs}
    found = {name: pack.size for name, pack in by_name.items()}
    if said != found or len(said) != len(manifest.packs):
        odd = sorted(said.items() ^ found.items()) or [("a pack", 0)]
        raise StoreError(f"{path}: {odd[0][0]} is not as {MANIFEST} says", _REMEDY)
    return Deposit(path, manifest, tuple(by_name[entry.path] for entry in manifest.packs))


def _refuse_large(path: Path, stream: BinaryIO) -> None:
    """Refuse a file or a directory in it out of all proportion, before the directory is read into memory."""
    size = stream.seek(0, 2)
    if size > LARGEST_ARCHIVE:
        raise StoreError(f"{path}: {size} bytes", f"archives of at most {LARGEST_ARCHIVE} bytes are read")
    stream.seek(max(0, size - 42))
    end = stream.read()
    if end[-22:-18] != b"PK\5\6":
        raise zipfile.BadZipFile("it does not end like a zip without a comment")
    directory = int.from_bytes(end[-10:-6], "little")
    if end[:4] == b"PK\6\7":  # where the long form of the end lies
        stream.seek(int.from_bytes(end[8:16], "little") + 40)
        directory = int.from_bytes(stream.read(8), "little")
    if directory > _ENTRY * (MOST_PACKS + 1):
        raise StoreError(f"{path}: its directory takes {directory} bytes", f"at most {MOST_PACKS} packs are read")
    stream.seek(0)


def _refuse_unsafe(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for member in members:
        if reason := _unsafe(member, seen):
            raise StoreError(f"{path}: {member.orig_filename!r} {reason}", _REMEDY)
        seen.add(member.filename)
    if len(members) > MOST_PACKS + 1:
        raise StoreError(f"{path}: {len(members)} members", f"at most {MOST_PACKS} packs are read")


def _unsafe(member: zipfile.ZipInfo, seen: set[str]) -> str | None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    largest = LARGEST_MANIFEST if member.filename == MANIFEST else LARGEST_PACK
    if not _EXPECTED.fullmatch(member.orig_filename) or member.filename != member.orig_filename:
        return f"is no path that an archive has: {MANIFEST}, {' and '.join(f'{f}/NAME.parquet' for f in FOLDERS)} are"
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device"
    if member.filename in seen:
        return "occurs twice"
    if member.flag_bits & 0x41:
        return "is encrypted"
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        return "is compressed; packs are stored as they are"
    if member.file_size > largest:
        return f"takes {member.file_size} bytes, more than {largest}"
    return None


def _located(path: Path, stream: BinaryIO, member: zipfile.ZipInfo) -> ArchivedPack:
    """Find a member's bytes; its own header must name it as the directory does."""
    stream.seek(member.header_offset)
    header = stream.read(_LOCAL_HEADER)
    name_length, extra_length = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
    name = stream.read(name_length)
    if header[:4] != b"PK\3\4" or name != member.filename.encode("ascii"):
        raise StoreError(f"{path}: {member.filename} has another header than the directory says", _REMEDY)
    offset = member.header_offset + _LOCAL_HEADER + name_length + extra_length
    if offset + member.file_size > stream.seek(0, 2):
        raise StoreError(f"{path}: {member.filename} ends beyond the archive's end", _REMEDY)
    return ArchivedPack(path, member.filename, offset, member.file_size)


def _refuse_overlap(path: Path, packs: Sequence[ArchivedPack]) -> None:
    end = 0
    for pack in sorted(packs, key=lambda pack: pack.offset):
        if pack.offset - _LOCAL_HEADER - len(pack.member) < end:
            raise StoreError(f"{path}: {pack.member} overlaps another member", _REMEDY)
        end = pack.offset + pack.size
