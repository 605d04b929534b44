"""What a layer of the store consists of: packs, each in a file of its own or in an archive."""

import os
from pathlib import Path

from depthtransfer.deposits import open_deposit
from depthtransfer.tables.archived import ArchivedPack
from depthtransfer.tables.layouts import Layout
from depthtransfer.tables.records import keys_in

Pack = Path | ArchivedPack

_ARCHIVE = ".zip"


def files_of(layer: Path) -> list[Path]:
    """Packs and archives of a folder, or the one that the layer is, in order.

    Raises:
        OSError: the folder cannot be read.
    """
    if not layer.is_dir():
        return [layer]
    with os.scandir(layer) as entries:
        next(entries, None)  # rglob says nothing of a folder that it may not read
    return sorted(path for path in layer.rglob("*") if path.suffix in (".parquet", _ARCHIVE))


def keys_by_pack(file: Path, layout: Layout) -> dict[Pack, frozenset[str]]:
    """Keys of one kind that a pack, or each pack of an archive, says it holds.

    Raises:
        StoreError: if the file is neither.
    """
    packs: tuple[Pack, ...] = open_deposit(file).packs if file.suffix == _ARCHIVE else (file,)
    return {pack: keys_in(pack, layout) for pack in packs}
