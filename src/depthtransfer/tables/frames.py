"""Experiment tables as Parquet: columns and types checked when written and when read."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.errors import StoreError
from depthtransfer.tables.atomic import write_atomic
from depthtransfer.tables.columns import Column
from depthtransfer.tables.seal import is_sealed, seal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def schema(columns: Sequence[Column]) -> "pa.Schema":
    """Arrow schema of a list of columns; unit and meaning travel as field metadata."""
    import pyarrow as pa

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


def write_table(table: "pa.Table", path: Path, columns: Sequence[Column]) -> None:
    """Write a table with exactly these columns, atomically and with a checksum of every bit.

    Raises:
        StoreError: if a column is missing, superfluous or of another type, or the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    expected = schema(columns)
    buffer = BytesIO()
    try:
        if difference := _difference(table.schema.names, expected.names):
            raise StoreError(f"{path}: the table {difference}", "see tables/columns.py")
        arrays = [table.column(column.name).combine_chunks() for column in columns]
        pq.write_table(pa.Table.from_arrays(arrays, schema=expected), buffer, compression="zstd")
    except (KeyError, pa.ArrowException) as error:
        raise StoreError(f"{path}: the table does not fit its columns: {error}", "see tables/columns.py") from error
    write_atomic(path, seal(buffer.getvalue()))


def read_table(path: Path, columns: Sequence[Column]) -> "pd.DataFrame":
    """Return a table, verified: checksum, names and types.

    Raises:
        StoreError: naming the file, what is wrong with it, and that it can be rebuilt.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rebuild = "delete it and run the same command again; it is rebuilt from the stored runs"
    try:
        content = path.read_bytes()
        if not is_sealed(content):
            raise StoreError(f"{path} is damaged: it does not match its checksum", rebuild)
        table = pq.read_table(BytesIO(content))
    except FileNotFoundError as error:
        raise StoreError(f"{path} does not exist", f"run: snakemake {path}") from error
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} is damaged or not Parquet: {error}", rebuild) from error
    expected = schema(columns)
    if not table.schema.equals(expected):
        difference = _difference(table.schema.names, expected.names)
        raise StoreError(f"{path} has other columns ({difference or 'types or order differ'})", rebuild)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _difference(found: Sequence[str], expected: Sequence[str]) -> str:
    lacking = [f"lacks {name}" for name in sorted(set(expected) - set(found))]
    return ", ".join(lacking + [f"has unknown {name}" for name in sorted(set(found) - set(expected))])
