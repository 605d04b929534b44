"""Experiment tables as Parquet: columns and types checked when written and when read."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from depthtransfer.errors import StoreError
from depthtransfer.files import quarantine, read_regular, write_atomic
from depthtransfer.tables.columns import RUNS, Column
from depthtransfer.tables.parquet import is_sealed, parquet_of, seal

if TYPE_CHECKING:
    import pandas as pd


def schema(columns: Sequence[Column]) -> pa.Schema:
    """Arrow schema of a list of columns; unit and meaning travel as field metadata."""
    return pa.schema(
        [
            pa.field(
                column.name,
                pa.type_for_alias(column.dtype),
                nullable=column.nullable,
                metadata={"unit": column.unit, "meaning": column.meaning},
            )
            for column in columns
        ]
    )


def write_table(table: pa.Table, path: Path, columns: Sequence[Column]) -> None:
    """Write a table with exactly these columns, atomically and with a checksum of every bit.

    Raises:
        StoreError: if a column is missing, superfluous, of another type or holds numbers that it may not, or the file
            cannot be written.
    """
    expected = schema(columns)
    buffer = BytesIO()
    try:
        if difference := _difference(table.schema.names, expected.names):
            raise StoreError(f"{path}: the table {difference}", "see tables/columns.py")
        arrays = [table.column(column.name).combine_chunks() for column in columns]
        ordered = pa.Table.from_arrays(arrays, schema=expected)
        if flaw := _flaw(ordered, columns):
            raise StoreError(f"{path}: the table {flaw}", "see tables/columns.py")
        pq.write_table(ordered, buffer, compression="zstd")
    except (KeyError, pa.ArrowException) as error:
        raise StoreError(f"{path}: the table does not fit its columns: {error}", "see tables/columns.py") from error
    write_atomic(path, seal(buffer.getvalue()))


def write_frame(frame: "pd.DataFrame", path: Path, columns: Sequence[Column]) -> None:
    """Write a pandas table as `write_table` does; NaN stays a number, and None is a missing value.

    Raises:
        StoreError: as `write_table`.
    """
    import pyarrow as pa

    arrays = {name: pa.array(frame[name].to_numpy(), from_pandas=False) for name in frame.columns}
    write_table(pa.table(arrays), path, columns)


def read_table(path: Path, columns: Sequence[Column]) -> "pd.DataFrame":
    """Return a table, verified: checksum, names, types and numbers.

    What is damaged or of another kind is set aside, so that whoever makes the table makes it anew.

    Raises:
        StoreError: naming the file, what is wrong with it, and how it is rebuilt.
    """
    rebuild = f"run: snakemake {path}"
    try:
        frame: pd.DataFrame = _verified(path, columns).to_pandas()
    except FileNotFoundError as error:
        raise StoreError(f"{path} does not exist", rebuild) from error
    except _WrongError as error:
        try:
            aside = quarantine(path)
        except OSError as reason:
            raise StoreError(
                f"{path} {error}, and cannot be set aside: {reason.strerror}", f"remove it, then {rebuild}"
            ) from reason
        raise StoreError(
            f"{path} {error}; set aside as {aside.name}",
            f"{rebuild}, or again what needs it; it is rebuilt from what is stored",
        ) from error
    return frame


def read_runs(path: Path) -> "pd.DataFrame":
    """Return a table of runs whose ``scheme`` is the variant, so that variants of a scheme are compared like schemes.

    Raises:
        StoreError: as `read_table`.
    """
    runs = read_table(path, RUNS)
    return runs.assign(scheme=runs["variant"])


class _WrongError(Exception):
    """A file is not the table that it should be."""


def _verified(path: Path, columns: Sequence[Column]) -> pa.Table:
    """Raise FileNotFoundError where there is nothing, _WrongError where there is something else."""
    try:
        content = read_regular(path)
        if not is_sealed(content):
            raise _WrongError("is damaged: it does not match its checksum")
        table = parquet_of(content).read(use_threads=False)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _WrongError(f"is damaged or not Parquet: {error}") from error
    expected = schema(columns)
    if not table.schema.equals(expected):
        difference = _difference(table.schema.names, expected.names)
        raise _WrongError(f"has other columns ({difference or 'types or order differ'})")
    if flaw := _flaw(table, columns):
        raise _WrongError(flaw)
    return table


def _flaw(table: pa.Table, columns: Sequence[Column]) -> str | None:
    """What columns hold that they may not, if they do."""
    for column in columns:
        values = table[column.name]
        if values.null_count and not column.nullable:
            return f"has missing values in column {column.name}"
        if not pa.types.is_floating(values.type):
            continue
        wrong = {
            "finite": pc.invert(pc.is_finite(values)),
            "or NaN": pc.is_inf(values),
            "or infinite": pc.is_nan(values),
            "any": None,
        }[column.numbers]
        if column.finite_where is not None:
            other, value = column.finite_where
            here = pc.and_(pc.equal(table[other], value), pc.invert(pc.is_finite(values)))
            wrong = here if wrong is None else pc.or_(wrong, here)
        if wrong is not None and pc.any(wrong).as_py():
            return f"has numbers in column {column.name} that may not stand there (NaN or infinite)"
    return None


def _difference(found: Sequence[str], expected: Sequence[str]) -> str:
    lacking = [f"lacks {name}" for name in sorted(set(expected) - set(found))]
    return ", ".join(lacking + [f"has unknown {name}" for name in sorted(set(found) - set(expected))])


def write_csv(table: "pd.DataFrame", path: Path) -> None:
    """Write a table with nine significant digits and lines ended by a newline, atomically.

    Raises:
        StoreError: if the file cannot be written.
    """
    write_atomic(path, table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode())
