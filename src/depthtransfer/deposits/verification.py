"""Everything that an archive says, compared with what it holds."""

import hashlib
from io import BytesIO

from depthtransfer.deposits.archive import Deposit
from depthtransfer.deposits.manifest import PackEntry
from depthtransfer.errors import StoreError
from depthtransfer.tables.archived import ArchivedPack
from depthtransfer.tables.keys import digest_of_keys
from depthtransfer.tables.records import decode

MOST_VALUES = 2**31
LARGEST_TABLE = 2**34

_REMEDY = "fetch it again"


def verify(deposit: Deposit) -> None:
    """Read every pack: checksum, format, size when unpacked, each record against its key, and all keys.

    Raises:
        StoreError: naming the first pack that is not as the manifest says.
    """
    for entry, pack in zip(deposit.manifest.packs, deposit.packs, strict=True):
        _verify_pack(entry, pack)


def _verify_pack(entry: PackEntry, pack: ArchivedPack) -> None:
    if hashlib.sha256(pack.read_bytes()).hexdigest() != entry.sha256:
        raise StoreError(f"{pack} does not match its checksum", _REMEDY)
    if entry.format not in _formats(entry):
        raise StoreError(f"{pack} has the unknown format {entry.format!r}", "read it with a newer depthtransfer")
    _refuse_bomb(entry, pack)
    keys, engines = [], set()
    for record in decode(pack, layout=entry.layout):
        keys.append(record.key)
        engines.add(record.specification.get("engine"))
    if len(keys) != entry.count or len(set(keys)) != entry.count:
        raise StoreError(f"{pack} holds {len(set(keys))} records, not {entry.count}", _REMEDY)
    if digest_of_keys(keys) != entry.keys or engines != set(entry.engines):
        raise StoreError(f"{pack} holds other records than the manifest says", _REMEDY)


def _formats(entry: PackEntry) -> set[str]:
    return {entry.layout.format, *(earlier.format for earlier in entry.layout.earlier)}


def _refuse_bomb(entry: PackEntry, pack: ArchivedPack) -> None:
    """Refuse a table that declares to be far larger than its file, before a value of it is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        said = pq.read_metadata(BytesIO(pack.read_bytes()))
        columns = [said.row_group(g).column(c) for g in range(said.num_row_groups) for c in range(said.num_columns)]
        values = sum(column.num_values for column in columns)
        unpacked = sum(column.total_uncompressed_size for column in columns)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise StoreError(f"{pack} is no pack: {error}", _REMEDY) from error
    if said.num_rows != entry.count or values > MOST_VALUES or unpacked > LARGEST_TABLE:
        raise StoreError(f"{pack} declares {said.num_rows} rows, {values} values, {unpacked} bytes", _REMEDY)
