"""Deposits: packs of a preset's runs and solutions and one manifest, in a zip; written, checked, kept as a layer.

An archive may come from anybody. Only paths that an export writes are looked at, sizes are bounded before anything is
read, and nothing is unpacked to disk: packs are read out of the zip.
"""

import hashlib
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field

from depthtransfer.errors import StoreError
from depthtransfer.files import open_regular, write_atomic
from depthtransfer.store.keys import digest_of_keys
from depthtransfer.store.records import RUN, SOLUTION, ArchivedPack, Layout, Record, decode, encode, read_member
from depthtransfer.strict import StrictJson, parse_json
from depthtransfer.tables.parquet import parquet_of

MANIFEST = "manifest.json"
LICENCE = "MIT"
FOLDERS: dict[str, Layout] = {"runs": RUN, "solutions": SOLUTION}
"""Folders of an archive, and what the packs in them hold."""

LARGEST_PACK = 2**32
LARGEST_MANIFEST = 2**20
LARGEST_TABLE = 2**34
"""Bytes; of a table in memory, as its Parquet file declares it."""
MOST_PACKS = 1000

_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
_PACK = rf"({'|'.join(FOLDERS)})/{_NAME}\.parquet"
_CHUNK = 2**20
_BEGIN = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the same records give the same bytes."""
_REMEDY = "fetch it again, or ask for one that depthtransfer export wrote"

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PackEntry(StrictJson):
    """One pack.

    Attributes:
        path: in the archive.
        sha256: of its bytes.
        bytes: their number.
        format: of its records; see ``store/records.py``.
        count: of its records.
        keys: SHA-256 of their keys, sorted, one a line.
        engines: versions of what was computed.
    """

    path: Annotated[str, Field(pattern=rf"^{_PACK}$")]
    sha256: _Sha256
    bytes: Annotated[int, Field(ge=1, le=LARGEST_PACK)]
    format: str
    count: Annotated[int, Field(ge=1, le=10**9)]
    keys: _Sha256
    engines: list[int]

    @property
    def folder(self) -> str:
        """Where it lies, which says what it holds: runs or solutions."""
        return self.path.split("/", 1)[0]


class Manifest(StrictJson):
    """All packs of an archive.

    Attributes:
        format: of the archive.
        preset: whose runs and solutions they are.
        version: of the package that wrote it.
        licence: SPDX name.
        packs: by path.
    """

    format: Literal["depthtransfer-deposit-1"] = "depthtransfer-deposit-1"
    preset: Annotated[str, Field(pattern=rf"^{_NAME}$")]
    version: Annotated[str, Field(max_length=100)]
    licence: Annotated[str, Field(max_length=100)] = LICENCE
    packs: Annotated[list[PackEntry], Field(min_length=1, max_length=MOST_PACKS)]

    def count(self, folder: str) -> int:
        """Number of records in the packs of a folder."""
        return sum(pack.count for pack in self.packs if pack.folder == folder)

    def engines(self, folder: str) -> set[int]:
        """Versions of what was computed in the packs of a folder."""
        return {engine for pack in self.packs if pack.folder == folder for engine in pack.engines}


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


# ---- writing


def write_deposit(path: Path, preset: str, packs: Iterable[tuple[str, str, Sequence[Record]]]) -> Manifest:
    """Write an archive, atomically; the same bytes for the same records.

    Args:
        path: of the archive.
        preset: whose results they are.
        packs: folder (runs or solutions), name and records of each pack; one is in memory at a time.

    Raises:
        StoreError: if the file cannot be written.
    """
    entries = []
    with tempfile.TemporaryFile() as spool:
        with zipfile.ZipFile(spool, "w", zipfile.ZIP_STORED) as archive:  # packs are compressed in themselves
            for folder, name, records in packs:
                content = encode(records, FOLDERS[folder])
                entries.append(_entry(folder, name, content, records))
                archive.writestr(_member(entries[-1].path), content)
            manifest = Manifest(preset=preset, version=version("depthtransfer"), packs=entries)
            archive.writestr(_member(MANIFEST), f"{manifest.model_dump_json(indent=1)}\n")
        spool.seek(0)
        write_atomic(path, iter(lambda: spool.read(_CHUNK), b""))
    return manifest


def _entry(folder: str, name: str, content: bytes, records: Sequence[Record]) -> PackEntry:
    return PackEntry(
        path=f"{folder}/{name}.parquet",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        format=FOLDERS[folder].format,
        count=len(records),
        keys=digest_of_keys(record.key for record in records),
        engines=sorted({record.specification["engine"] for record in records}),
    )


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _BEGIN)
    member.create_system = 3  # so that the mode counts
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    return member


# ---- reading


def open_deposit(path: Path) -> Deposit:
    """Read an archive's directory and manifest, and compare the two.

    Raises:
        StoreError: if it is no zip, holds what an export does not write, or its manifest says otherwise.
    """
    try:
        with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise StoreError(f"{path} is no intact archive: {error}", _REMEDY) from error
    if len(members) > MOST_PACKS + 1:
        raise StoreError(f"{path}: {len(members)} members", f"at most {MOST_PACKS} packs are read")
    for member in members:
        if reason := _unsafe(member):
            raise StoreError(f"{path}: {member.orig_filename!r} {reason}", _REMEDY)
    sizes = {member.filename: member.file_size for member in members}
    if len(sizes) < len(members):
        raise StoreError(f"{path}: a path occurs twice", _REMEDY)
    if sizes.pop(MANIFEST, None) is None:
        raise StoreError(f"{path} has no {MANIFEST}", _REMEDY)
    manifest = parse_json(Manifest, read_member(path, MANIFEST), f"{path}: {MANIFEST}", _REMEDY)
    said = {entry.path: entry.bytes for entry in manifest.packs}
    if said != sizes or len(said) < len(manifest.packs):
        odd = sorted(said.items() ^ sizes.items()) or [("a pack", 0)]
        raise StoreError(f"{path}: {odd[0][0]} is not as {MANIFEST} says", _REMEDY)
    return Deposit(path, manifest, tuple(ArchivedPack(path, entry.path) for entry in manifest.packs))


def _unsafe(member: zipfile.ZipInfo) -> str | None:
    largest = LARGEST_MANIFEST if member.filename == MANIFEST else LARGEST_PACK
    named = re.fullmatch(rf"{_PACK}|{re.escape(MANIFEST)}", member.orig_filename)
    if not named or member.filename != member.orig_filename:
        return f"is no path that an archive has: {MANIFEST}, {' and '.join(f'{f}/NAME.parquet' for f in FOLDERS)} are"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a link or a device"
    if member.file_size > largest:
        return f"takes {member.file_size} bytes, more than {largest}"
    return None


def check(path: Path) -> Deposit:
    """Compare everything that an archive says with what it holds: structure, checksums, each record, all keys.

    Raises:
        StoreError: naming the first thing that is not as it should be.
    """
    deposit = open_deposit(path)
    for entry, pack in zip(deposit.manifest.packs, deposit.packs, strict=True):
        _check_pack(entry, pack)
    return deposit


def _check_pack(entry: PackEntry, pack: ArchivedPack) -> None:
    layout = FOLDERS[entry.folder]
    content = pack.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise StoreError(f"{pack} does not match its checksum", _REMEDY)
    if entry.format not in (layout.format, *(earlier.format for earlier in layout.earlier)):
        raise StoreError(f"{pack} has the unknown format {entry.format!r}", "read it with a newer depthtransfer")
    if (size := _declared_bytes(content, pack)) > LARGEST_TABLE:
        raise StoreError(f"{pack} declares a table of {size} bytes", f"at most {LARGEST_TABLE} are read")
    records = [(record.key, record.specification.get("engine")) for record in decode(pack, layout=layout)]
    keys = {key for key, _ in records}
    if not len(keys) == len(records) == entry.count:
        raise StoreError(f"{pack} holds {len(keys)} records, not {entry.count}", _REMEDY)
    if digest_of_keys(keys) != entry.keys or {engine for _, engine in records} != set(entry.engines):
        raise StoreError(f"{pack} holds other records than the manifest says", _REMEDY)


def _declared_bytes(content: bytes, pack: ArchivedPack) -> int:
    """Bytes that a table takes in memory, as its file says, before a value of it is read."""
    try:
        said = parquet_of(content).metadata
    except (OSError, pa.ArrowException, ValueError) as error:
        raise StoreError(f"{pack} is no pack: {error}", _REMEDY) from error
    return sum(int(said.row_group(group).total_byte_size) for group in range(said.num_row_groups))


# ---- keeping


def keep(archive: Path, folder: Path) -> tuple[Path, Manifest]:
    """Check an archive and copy it; the copy appears whole or not at all, and twice the same archive is one file.

    Args:
        archive: to be kept.
        folder: where; the name is made of preset and checksum.

    Raises:
        StoreError: if the archive is not what it says, or the copy cannot be written.
    """
    manifest = open_deposit(archive).manifest
    with open_regular(archive) as stream:
        before = hashlib.file_digest(stream, "sha256").hexdigest()
    check(archive)
    kept = folder / f"{manifest.preset}-{before[:16]}.zip"
    write_atomic(kept, _copied(archive, before))
    return kept, manifest


def _copied(archive: Path, expected: str) -> Iterator[bytes]:
    """The archive's bytes; at their end an error if they are not those that were checked."""
    digest = hashlib.sha256()
    with open_regular(archive) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != expected:
        raise StoreError(f"{archive} changed while it was read", "import it again")
