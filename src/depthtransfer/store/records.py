"""One result as one Parquet row that proves itself; a store file holds one row, a pack holds many.

A result is a training run or a solution of the theory; its layout says which lists it carries.
"""

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from depthtransfer.errors import StoreError
from depthtransfer.files import open_regular, read_regular
from depthtransfer.store.keys import canonical_json, key_of
from depthtransfer.tables.parquet import is_sealed, parquet_of, seal

TEXTS = ("key", "specification", "summary", "provenance")
LOGITS = "logits"


@dataclass(frozen=True)
class Layout:
    """One kind of result.

    Args:
        format: stands in each file and tells kinds apart.
        noun: what one result is called in messages.
        series: name and Arrow type of each series; all series of a result are equally long.
        logits: whether a result carries logits too.
        earlier: formats that are still read.
    """

    format: str
    noun: str
    series: tuple[tuple[str, str], ...]
    logits: bool = False
    earlier: "tuple[Layout, ...]" = ()

    def schema(self) -> pa.Schema:
        """Arrow schema of a file."""
        fields = [pa.field(name, pa.string()) for name in TEXTS]
        fields += [pa.field(name, pa.list_(pa.type_for_alias(kind))) for name, kind in self.series]
        if self.logits:
            fields.append(pa.field(LOGITS, pa.list_(pa.float32())))
        return pa.schema(fields, metadata={"format": self.format})

    def holds(self, schema: pa.Schema) -> bool:
        """Whether a file of this schema is of this kind, or of an earlier format of it."""
        found = (schema.metadata or {}).get(b"format", b"").decode(errors="replace")
        own = found == self.format and bool(schema.equals(self.schema()))
        return own or any(layout.holds(schema) for layout in self.earlier)


_STEPS = (("loss", "float"), ("accuracy", "float"), ("learning_rate_factor", "double"))
_WITHOUT_LOGITS = Layout("depthtransfer-run-1", "run", _STEPS)
"""The format before networks were probed; its runs hold no logits and are otherwise the same."""

RUN = Layout("depthtransfer-run-2", "run", _STEPS, logits=True, earlier=(_WITHOUT_LOGITS,))
"""A training run: one value per step."""

SOLUTION = Layout(
    "depthtransfer-solution-1",
    "solution",
    (
        ("quantity", "string"),
        ("learning_rate", "double"),
        ("updates", "int64"),
        ("tau", "double"),
        ("mu", "int64"),
        ("nu", "int64"),
        ("value", "double"),
        ("standard_error", "double"),
        ("variance", "double"),
        ("variance_error", "double"),
    ),
)
"""A solution of the theory or an ensemble of networks: one value a row; see THEORY in ``tables/columns.py``."""

KINDS = (RUN, SOLUTION)


@dataclass(frozen=True)
class Record:
    """What one run or solution left behind.

    Args:
        specification: what was computed; its hash is the record's key.
        summary: status, diverged_step, parameters, flops and what else is one number a record.
        provenance: who computed it, when and with what; no part of the result.
        series: equally long lists by name, as the layout says; of a run one value per step.
        logits: on the probe images, flattened from (summary's probe_steps, images, classes); empty if none were asked.
    """

    specification: dict[str, Any]
    summary: dict[str, Any]
    provenance: dict[str, Any]
    series: Mapping[str, Sequence[Any]]
    logits: Sequence[float] = ()

    @property
    def key(self) -> str:
        """SHA-256 of the canonical specification."""
        return key_of(self.specification)


@dataclass(frozen=True)
class ArchivedPack:
    """A pack inside a zip.

    Args:
        archive: the zip.
        member: the pack's path in it.
    """

    archive: Path
    member: str

    @property
    def name(self) -> str:
        """The pack's name with its archive's, as a layer of the store is called."""
        return f"{self.archive.name}/{self.member}"

    def __str__(self) -> str:
        return f"{self.archive}/{self.member}"

    def read_bytes(self) -> bytes:
        """The pack's content, read out of the zip.

        Raises:
            StoreError: if the zip is damaged.
        """
        return read_member(self.archive, self.member)


Pack = Path | ArchivedPack


def read_member(archive: Path, member: str) -> bytes:
    """Return one file of a zip, as many bytes of it as the zip's directory says at most.

    Raises:
        StoreError: if that cannot be read.
    """
    try:
        with open_regular(archive) as stream, zipfile.ZipFile(stream) as opened:
            return opened.read(member)
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        KeyError,
    ) as error:
        raise StoreError(f"{archive}/{member} is damaged: {error}", "fetch the archive again") from error


def encode(records: Iterable[Record], layout: Layout = RUN) -> bytes:
    """Return records as the bytes of one Parquet file, sorted by key."""
    columns: dict[str, list[Any]] = {name: [] for name in layout.schema().names}
    for record in sorted(records, key=lambda r: r.key):
        series = {name: pa.array(record.series[name], type=pa.type_for_alias(t)) for name, t in layout.series}
        texts = (
            record.key,
            canonical_json(record.specification),
            canonical_json(record.summary),
            canonical_json(record.provenance),
        )
        for name, text in zip(TEXTS, texts, strict=True):
            columns[name].append(text)
        for name, values in series.items():
            columns[name].append(values.to_pylist())
        if layout.logits:
            columns[LOGITS].append(list(record.logits))
    buffer = BytesIO()
    table = pa.table(columns, schema=layout.schema())
    pq.write_table(table, buffer, compression="zstd")
    return seal(buffer.getvalue())


def decode(path: Pack, keys: frozenset[str] | None = None, layout: Layout = RUN) -> Iterator[Record]:
    """Yield the records of a file, each verified: checksum of every bit, schema, and key against specification.

    Args:
        path: a store file or a pack.
        keys: the records that are wanted; all if None.
        layout: the kind of record that is expected.

    Raises:
        StoreError: naming the file and what is wrong with it.
    """
    remedy = "it is recomputed by the command that needs it, or comes back with git checkout"
    try:
        table = parquet_of(_sealed_content(path, remedy)).read(use_threads=False)
        if not layout.holds(table.schema):
            raise StoreError(f"{path} is no file of {layout.noun}s of format {layout.format}", remedy)
        if keys is not None:
            table = table.filter(pc.is_in(table["key"], pa.array(sorted(keys), pa.string())))
        for row in range(table.num_rows):
            texts = {name: table[name][row].as_py() for name in TEXTS}
            series = {name: table[name][row].values for name, _ in layout.series}
            if any(value is None for value in (*texts.values(), *series.values())):
                raise StoreError(f"{path}: row {row} has missing values", remedy)
            specification, summary, provenance = (json.loads(texts[name]) for name in TEXTS[1:4])
            if not all(isinstance(part, dict) for part in (specification, summary, provenance)):
                raise StoreError(f"{path}: row {row} has a {' or '.join(TEXTS[1:])} that is no mapping", remedy)
            if key_of(specification) != texts["key"]:
                raise StoreError(f"{path}: {layout.noun} {texts['key'][:12]} is filed under a wrong key", remedy)
            lists = {name: values.to_pylist() for name, values in series.items()}
            lengths = set(map(len, lists.values()))
            if len(lengths) > 1 or 0 in lengths or any(None in values for values in lists.values()):
                raise StoreError(f"{path}: row {row} has steps without values", remedy)
            logits = table[LOGITS][row].as_py() if LOGITS in table.column_names else []
            if logits is None or None in logits:
                raise StoreError(f"{path}: row {row} has missing logits", remedy)
            yield Record(specification, summary, provenance, lists, logits)
    except StoreError:
        raise
    except (
        OSError,
        pa.ArrowException,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        RecursionError,
    ) as error:
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        raise StoreError(f"{path} is damaged: {first_line}", remedy) from error


def keys_in(path: Pack, layout: Layout = RUN) -> frozenset[str]:
    """Keys that a pack says it holds, its checksum verified but not its records; none if it is of another kind.

    Raises:
        StoreError: if the file cannot be read as a pack.
    """
    remedy = "git checkout brings it back, if it was committed"
    try:
        file = parquet_of(_sealed_content(path, remedy))
        if any(other.holds(file.schema_arrow) for other in KINDS if other is not layout):
            return frozenset()
        if not layout.holds(file.schema_arrow):
            raise StoreError(f"{path} is no file of {layout.noun}s of format {layout.format}", remedy)
        return frozenset(file.read(columns=["key"], use_threads=False)["key"].to_pylist()) - {None}
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise StoreError(f"{path} is damaged or no pack of {layout.noun}s: {error}", remedy) from error


def _sealed_content(path: Pack, remedy: str) -> bytes:
    content = read_regular(path) if isinstance(path, Path) else path.read_bytes()
    if not is_sealed(content):
        raise StoreError(f"{path} is damaged: it does not match its checksum", remedy)
    return content
