"""An archive from records: the same bytes for the same records."""

import hashlib
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from depthtransfer.deposits.manifest import FOLDERS, MANIFEST, Manifest, PackEntry
from depthtransfer.tables.atomic import write_atomic
from depthtransfer.tables.keys import digest_of_keys
from depthtransfer.tables.records import Record, encode

_CHUNK = 2**20
_BEGIN = (1980, 1, 1, 0, 0, 0)


def write_deposit(path: Path, preset: str, packs: Iterable[tuple[str, str, Sequence[Record]]]) -> Manifest:
    """Write an archive, atomically.

    Args:
        path: of the archive.
        preset: whose results they are.
        packs: folder (runs or solutions), name and records of each pack; one is in memory at a time.

    Raises:
        StoreError: if the file cannot be written.
    """
    entries = []
    with tempfile.TemporaryFile() as spool:
        with zipfile.ZipFile(spool, "w", zipfile.ZIP_STORED) as archive:
            for folder, name, records in packs:
                content = encode(records, FOLDERS[folder])
                entries.append(_entry(f"{folder}/{name}.parquet", content, records))
                archive.writestr(_member(entries[-1].path), content)
            manifest = Manifest(preset=preset, version=version("depthtransfer"), packs=entries)
            archive.writestr(_member(MANIFEST), f"{manifest.model_dump_json(indent=1)}\n")
        spool.seek(0)
        write_atomic(path, iter(lambda: spool.read(_CHUNK), b""))
    return manifest


def _entry(path: str, content: bytes, records: Sequence[Record]) -> PackEntry:
    return PackEntry(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        format=FOLDERS[path.split("/", 1)[0]].format,
        count=len(records),
        keys=digest_of_keys(record.key for record in records),
        engines=sorted({record.specification["engine"] for record in records}),
    )


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _BEGIN)
    member.create_system = 3  # so that the mode counts
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    return member
