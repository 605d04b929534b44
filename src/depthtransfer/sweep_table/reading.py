"""A table of runs from whatever file people keep one in: its cells as they stand, nothing guessed yet.

Cells of text files stay text, so that an empty cell and the word "nan" remain two things: the first is a run without a
result, the second one that diverged. Where a format knows missing values (Parquet, JSON), they stay missing.
"""

import ast
import io
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from depthtransfer.errors import AnalysisError

_DELIMITERS = (",", "\t", ";", "|")
_ONE_ROW_A_RUN = "give one row per run: the swept value, the loss, and what tells the runs apart"
_NOT_A_NUMBER = re.compile(r"(?<![\w'\"])(-?)(nan|inf|Infinity|NaN)(?![\w'\"])")


@dataclass(frozen=True, eq=False)
class RawTable:
    """Cells as they stand in a file or a frame.

    Attributes:
        frame: one row per row; columns of text, or typed where the format has types.
        name: of the file, for messages.
        first_line: line of the file on which the first row stands; None where rows have no lines.
        rows: where each row of the frame stood at first, counted from 0; None where all are there.
    """

    frame: pd.DataFrame
    name: str
    first_line: int | None = None
    rows: npt.NDArray[np.int64] | None = None

    def place(self, row: int) -> str:
        """Where a row of the frame stands, in words."""
        at_first = row if self.rows is None else int(self.rows[row])
        line = f" (line {at_first + self.first_line})" if self.first_line is not None else ""
        return f"{self.name}: row {at_first + 1}{line}"

    def part(self, rows: npt.NDArray[np.bool_]) -> "RawTable":
        """Some of the rows; they keep their places."""
        places = np.arange(len(self.frame)) if self.rows is None else self.rows
        return replace(self, frame=self.frame[rows].reset_index(drop=True), rows=places[rows])


def read_table_of_runs(path: str | Path) -> RawTable:
    """Read CSV (separated by commas, tabs, semicolons or bars), JSON lines, a JSON list, or Parquet; "-" is the input.

    The content decides, not the name.

    Raises:
        AnalysisError: if the file is missing, empty, no text, or a line does not fit the others.
    """
    name, content = _content(path)
    if not content.strip():
        raise AnalysisError(f"{name} is empty", _ONE_ROW_A_RUN)
    if content[:4] == b"PAR1":
        table = _parquet(content, name)
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise AnalysisError(
                f"{name} is neither Parquet nor text in UTF-8 (byte {error.start})", "save it as CSV in UTF-8"
            ) from error
        first = text.lstrip()[:1]
        table = _json(text, name, first) if first in ("{", "[") else _delimited(text, name)
    if table.frame.empty:
        raise AnalysisError(f"{name} has a heading and no rows", _ONE_ROW_A_RUN)
    return RawTable(_unpacked(table.frame), table.name, table.first_line)


def raw_frame(frame: pd.DataFrame) -> RawTable:
    """A frame as a table of runs; levels of the index that have names become columns.

    Raises:
        AnalysisError: if there is no row.
    """
    if frame.empty:
        raise AnalysisError("the table has no rows", _ONE_ROW_A_RUN)
    levels = [str(name) for name in frame.index.names if name is not None and name not in frame.columns]
    flat = frame.reset_index(level=levels) if levels else frame
    named = flat.set_axis([_joined(column) for column in flat.columns], axis="columns")
    return RawTable(named.reset_index(drop=True), "table")


def _joined(column: object) -> str:
    return ".".join(str(part) for part in column if str(part)) if isinstance(column, tuple) else str(column)


def _content(path: str | Path) -> tuple[str, bytes]:
    if str(path) == "-":
        return "standard input", sys.stdin.buffer.read()
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise AnalysisError(f"{file}: {error.strerror}", "name a file of runs") from error
    if content[:2] == b"\x1f\x8b":
        import gzip
        import zlib

        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise AnalysisError(
                f"{file.name} is damaged: {error}", "unpack it by hand and give what comes out"
            ) from error
    return file.name, content


def _parquet(content: bytes, name: str) -> RawTable:
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise AnalysisError(f"{name} is damaged or not Parquet: {error}", "write it again") from error
    return RawTable(table.flatten().to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True), name)


def _json(text: str, name: str, first: str) -> RawTable:
    records: list[Any]
    if first == "[":
        try:
            records = json.loads(text)
        except json.JSONDecodeError as error:
            raise AnalysisError(f"{name}: line {error.lineno} is no JSON ({error.msg})", "write it again") from error
        return RawTable(_of_records(records, name, None), name)
    records, lines = [], text.split("\n")
    try:
        # The quick way: all lines at once.
        records = json.loads(f"[{','.join(line for line in lines if line.strip())}]")
    except json.JSONDecodeError:
        for number, line in enumerate(lines, start=1):
            try:
                records += [json.loads(line)] if line.strip() else []
            except json.JSONDecodeError as error:
                raise AnalysisError(
                    f"{name}: line {number} is no JSON ({error.msg})", "give one object a line, or a list of objects"
                ) from error
    return RawTable(_of_records(records, name, 1), name, 1)


def _of_records(records: list[Any], name: str, first_line: int | None) -> pd.DataFrame:
    wrong = next((row for row, record in enumerate(records) if not isinstance(record, dict)), None)
    if wrong is not None:
        what = f"line {wrong + first_line}" if first_line else f"entry {wrong + 1}"
        raise AnalysisError(f"{name}: {what} is no object", 'give one object a run, such as {"lr": 0.1, "loss": 2}')
    if any(isinstance(value, dict) for record in records for value in record.values()):
        records = [_flattened(record) for record in records]
    columns: dict[str, None] = {}
    for record in records:
        columns.update(dict.fromkeys(record))
    return pd.DataFrame({name: pd.Series([record.get(name) for record in records], dtype=object) for name in columns})


def _flattened(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        flat |= _flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _delimited(text: str, name: str) -> RawTable:
    """Every cell as text; lines before the heading that begin with # are comments."""
    skipped = 0
    rest = text
    while rest.startswith(("#", "\n", "\r")):
        _, _, rest = rest.partition("\n")
        skipped += 1
    heading, _, body = rest.partition("\n")
    heading = heading.rstrip("\r")
    if not body.strip():
        raise AnalysisError(f"{name} has a heading and no rows", _ONE_ROW_A_RUN)
    delimiter = max(_DELIMITERS, key=heading.count)
    if not heading.count(delimiter):
        raise AnalysisError(f"{name}: the heading '{heading[:60]}' has a single column", _ONE_ROW_A_RUN)
    short: list[Any] = []

    def wrong_length(row: Any) -> str:
        short.append(row)
        return "error"

    try:
        names = pa.csv.read_csv(
            io.BytesIO(f"{heading}\n".encode()), parse_options=pa.csv.ParseOptions(delimiter=delimiter)
        ).column_names
        table = pa.csv.read_csv(
            io.BytesIO(rest.encode()),
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=1 << 24),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values='"' in rest, invalid_row_handler=wrong_length
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        if short:
            where = f"line {short[0].number + skipped}" if short[0].number else f"the line '{short[0].text[:60]}'"
            raise AnalysisError(
                f"{name}: {where} has {short[0].actual_columns} cells, the heading has {short[0].expected_columns}",
                "give every row a cell for each column; cells that hold the separator need quotes",
            ) from error
        raise AnalysisError(f"{name} cannot be read as a table: {error}", _ONE_ROW_A_RUN) from error
    if delimiter == ";":
        table = _decimal_points(table)
    stripped = [column.strip() for column in table.column_names]
    twice = next((column for column in stripped if column and stripped.count(column) > 1), None)
    if twice is not None:
        raise AnalysisError(f"{name}: the column '{twice}' stands there twice", "rename or remove one of them")
    table = table.rename_columns([column or f"column {place + 1}" for place, column in enumerate(stripped)])
    return RawTable(table.to_pandas(types_mapper=pd.ArrowDtype), name, 2 + skipped)


def _decimal_points(table: pa.Table) -> pa.Table:
    """Decimal commas, as they stand in files separated by semicolons, as points."""
    import pyarrow.compute as pc

    pattern = r"^(\s*[-+]?\d*),(\d+(?:[eE][-+]?\d+)?\s*)$"
    return pa.table({name: pc.replace_substring_regex(table[name], pattern, r"\1.\2") for name in table.column_names})


def _unpacked(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that hold whole dictionaries (wandb's ``config`` and ``summary``) as a column for each of their keys."""
    parts = []
    for name in frame.columns:
        column = frame[name]
        first = next((cell for cell in column.head(20) if isinstance(cell, str) and cell.strip()), "")
        if not (first.lstrip().startswith("{") and first.rstrip().endswith("}")):
            parts.append(column.to_frame())
            continue
        records = [_dictionary(cell) for cell in column]
        flat = [_flattened({key: value for key, value in record.items() if key != "_wandb"}) for record in records]
        keys = dict.fromkeys(key for record in flat for key in record)
        parts.append(
            pd.DataFrame({f"{name}.{key}": pd.Series([row.get(key) for row in flat], dtype=object) for key in keys})
        )
    return pd.concat(parts, axis="columns") if len(parts) > 1 else frame


def _dictionary(cell: object) -> dict[str, Any]:
    """A dictionary that was written as text, by JSON or by Python; empty where there is none."""
    text = str(cell)
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        try:
            value = ast.literal_eval(_NOT_A_NUMBER.sub(r"'\1\2'", text))
        except (ValueError, SyntaxError):
            return {}
    return value if isinstance(value, dict) else {}
