"""Finished runs, or solutions of the theory, by key: a local folder first, then read-only packs."""

import errno
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from depthtransfer.errors import StoreError
from depthtransfer.files import quarantine, write_atomic
from depthtransfer.store.deposit import open_deposit
from depthtransfer.store.records import RUN, SOLUTION, Layout, Pack, Record, decode, encode, keys_in
from depthtransfer.store.validate import flaw

LOCAL = Path("results/store")
COMMITTED = Path("results/committed")
SOLUTIONS = Path("results/solutions")
COMMITTED_SOLUTIONS = Path("results/committed-solutions")
IMPORTED = Path("results/imported")
LAYERS_VARIABLE = "DEPTHTRANSFER_STORES"
LOCAL_VARIABLE = "DEPTHTRANSFER_STORE"

_ARCHIVE = ".zip"


def warn(message: str) -> None:
    """One line for the person at the terminal or the reader of the log."""
    print(f"depthtransfer: {message}", file=sys.stderr, flush=True)


def local_folder(usual: Path) -> Path:
    """The local folder of runs or of solutions: under results/, or in the folder that DEPTHTRANSFER_STORE names."""
    shared = os.environ.get(LOCAL_VARIABLE)
    return Path(shared) / usual.name if shared else usual


@dataclass
class Store:
    """A layered, content-addressed store; each file is whole, verified when read, and never overwritten in part.

    Args:
        local: folder of one Parquet file a run, `ab/abcd….parquet`; the only layer that is written.
        layers: packs, archives, or folders of packs, archives or runs, in order of preference; read only.
        layout: the kind of record that is kept.
    """

    local: Path = LOCAL
    layers: tuple[Path, ...] = (COMMITTED,)
    layout: Layout = RUN
    _packs: dict[str, tuple[Pack, ...]] | None = field(default=None, repr=False)

    @classmethod
    def default(cls) -> "Store":
        """The local store, the committed runs, imported archives, then what DEPTHTRANSFER_STORES names."""
        return cls(local_folder(LOCAL), (COMMITTED, IMPORTED, *_named_layers()))

    @classmethod
    def of_solutions(cls) -> "Store":
        """Solutions of the theory, in layers of the same order."""
        return cls(local_folder(SOLUTIONS), (COMMITTED_SOLUTIONS, IMPORTED, *_named_layers()), SOLUTION)

    def path(self, key: str) -> Path:
        """Where the local layer keeps a run."""
        return self.local / key[:2] / f"{key}.parquet"

    def has(self, key: str) -> bool:
        """Whether some layer says it holds the run; reading it verifies."""
        return _is_there(self.path(key)) or key in self._packed()

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys that no layer holds, in order."""
        return [key for key in keys if not self.has(key)]

    def read(self, keys: Iterable[str]) -> dict[str, tuple[Record, str]]:
        """Return verified runs with the name of their layer; damaged files are set aside and reported.

        What is not in the answer has to be computed.
        """
        found: dict[str, tuple[Record, str]] = {}
        elsewhere: set[str] = set()
        for key in keys:
            record = self._read_local(key)
            if record is not None:
                found[key] = (record, "local")
            else:
                elsewhere.add(key)
        while in_packs := self._first_packs(elsewhere - found.keys()):
            for pack, wanted in in_packs.items():
                try:
                    records = self._sound(pack, frozenset(wanted))
                    found |= {record.key: (record, pack.name) for record in records}
                    if not wanted <= found.keys():
                        raise StoreError(f"{pack} changed while it was in use", "read it again")
                except StoreError as error:
                    warn(f"{error.what}: ignored; runs that no other layer holds are recomputed")
                    self._forget(pack)
        return found

    def write(self, record: Record) -> None:
        """Keep a run; of two writers of the same run either may win, both files being whole.

        Raises:
            StoreError: if the disk is full or the folder cannot be written.
        """
        write_atomic(self.path(record.key), encode([record], self.layout))

    def _read_local(self, key: str) -> Record | None:
        path = self.path(key)
        if not _is_there(path):
            return None
        try:
            return self._only(path, key)
        except StoreError as error:
            return self._quarantine(path, key, error)

    def _quarantine(self, path: Path, key: str, error: StoreError) -> Record | None:
        """Rename a damaged file; if another process has put an intact one there meanwhile, return that."""
        try:
            aside = quarantine(path)
        except FileNotFoundError:
            return None  # another process has just set it aside
        except OSError as reason:
            raise StoreError(f"{error.what}, and cannot be set aside: {reason.strerror}", f"remove {path}") from reason
        try:
            record = self._only(aside, key)
        except StoreError:
            warn(f"{error.what}: set aside as {aside.name}; it is recomputed")
            return None
        aside.replace(path)
        return record

    def _only(self, path: Path, key: str) -> Record:
        records = self._sound(path)
        if [record.key for record in records] != [key]:
            raise StoreError(f"{path} holds another run than its name says", "it is recomputed")
        return records[0]

    def _sound(self, path: Pack, keys: frozenset[str] | None = None) -> list[Record]:
        """Records of a file, of which tables can be made."""
        records = list(decode(path, keys, self.layout))
        for record in records:
            if wrong := flaw(record, self.layout):
                raise StoreError(f"{path}: {self.layout.noun} {record.key[:12]} is unusable: {wrong}", "recompute it")
        return records

    def _first_packs(self, keys: Iterable[str]) -> dict[Pack, set[str]]:
        packs: dict[Pack, set[str]] = {}
        for key in keys:
            if key in self._packed():
                packs.setdefault(self._packed()[key][0], set()).add(key)
        return packs

    def _forget(self, damaged: Pack) -> None:
        remaining = {key: tuple(p for p in packs if p != damaged) for key, packs in self._packed().items()}
        self._packs = {key: packs for key, packs in remaining.items() if packs}

    def _packed(self) -> dict[str, tuple[Pack, ...]]:
        if self._packs is None:
            self._packs = {}
            for layer in self.layers:
                if layer in (COMMITTED, COMMITTED_SOLUTIONS, IMPORTED) and not _is_there(layer):
                    continue
                for file in _files_of(layer):
                    try:
                        held = _keys_by_pack(file, self.layout)
                    except StoreError as error:
                        warn(f"{error.what}: ignored; {error.remedy}")
                        continue
                    for pack, key in ((pack, key) for pack, keys in held.items() for key in keys):
                        self._packs[key] = (*self._packs.get(key, ()), pack)
        return self._packs


def _named_layers() -> tuple[Path, ...]:
    return tuple(Path(part) for part in os.environ.get(LAYERS_VARIABLE, "").split(os.pathsep) if part)


def _files_of(layer: Path) -> list[Path]:
    """Packs and archives of a folder, or the one that the layer is, in order."""
    if not layer.is_dir():
        return [layer]
    try:
        with os.scandir(layer) as entries:
            next(entries, None)  # rglob says nothing of a folder that it may not read
    except OSError as error:
        warn(f"{layer} cannot be read: {error.strerror}: ignored")
        return []
    return sorted(path for path in layer.rglob("*") if path.suffix in (".parquet", _ARCHIVE))


def _keys_by_pack(file: Path, layout: Layout) -> dict[Pack, frozenset[str]]:
    """Keys of one kind that a pack, or each pack of an archive, says it holds."""
    packs: tuple[Pack, ...] = open_deposit(file).packs if file.suffix == _ARCHIVE else (file,)
    return {pack: keys_in(pack, layout) for pack in packs}


def _is_there(path: Path) -> bool:
    """Whether something lies there; a link that leads nowhere is nothing.

    Raises:
        StoreError: if that cannot be told, for want of permission or because the disk does not answer.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        raise StoreError(f"{path} cannot be looked up: {error.strerror}", "make its folder readable") from error
    return True
