"""Cells as numbers and as words: what is missing, what is not a number, and in which row it stands."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from depthtransfer.errors import AnalysisError
from depthtransfer.sweep_table.reading import RawTable

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_MANY = 10_000  # words of a column that nobody compares one by one
_MISSING = ("", "na", "n/a", "null", "none", "-", "--", "—", "<na>", "nil", "?")


def codes(table: RawTable, column: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Each cell as the number of its word (-1 where it is missing), and the words; equal numbers are one word."""
    cells = _arrow(table.frame[column])
    encoded = (_trimmed(cells) if pa.types.is_string(cells.type) else cells).dictionary_encode()
    if len(encoded.dictionary) > _MANY:  # names or measurements: how they are written does not matter
        return np.asarray(encoded.indices.fill_null(-1), dtype=np.int64), [
            str(w) for w in encoded.dictionary.to_pylist()
        ]
    names = [None if word is None else _canonical(str(word)) for word in encoded.dictionary.to_pylist()]
    kept: dict[str, int] = {}
    place = [-1 if name is None or name == "nan" else kept.setdefault(name, len(kept)) for name in names]
    index = np.asarray(encoded.indices.fill_null(len(place)), dtype=np.int64)
    return np.array([*place, -1], dtype=np.int64)[index], list(kept)


def _canonical(word: str) -> str:
    try:
        number = float(word)
    except ValueError:
        return word
    return f"{number:.12g}" if np.isfinite(number) else word


def numbers(table: RawTable, column: str, rows: Flags | None = None) -> tuple[Numbers, Flags]:
    """Cells as numbers, and which of them are missing (NaN among the numbers). The word nan is a number.

    Args:
        table: the table.
        column: its column.
        rows: rows that have to hold numbers; in the others whatever is none counts as missing. All if None.

    Raises:
        AnalysisError: naming the row that holds something else.
    """
    cells = _arrow(table.frame[column])
    if not pa.types.is_string(cells.type):
        try:
            values = pc.cast(cells, pa.float64())
        except pa.ArrowException as error:
            raise AnalysisError(
                f"{table.name}: column '{column}' holds {cells.type}, no numbers", "give a numeric column"
            ) from error
        return _filled(values)
    cells = _trimmed(cells)
    try:
        return _filled(pc.cast(cells, pa.float64()))
    except pa.ArrowException:
        pass
    # Some cell is no number: find it, with the more tolerant reading of Python (1_000, +1).
    values = np.full(len(cells), np.nan)
    missing = np.zeros(len(cells), dtype=bool)
    for row, word in enumerate(cells.to_pylist()):
        if word is None:
            missing[row] = True
            continue
        try:
            values[row] = float(word)
        except ValueError as error:
            if rows is not None and not rows[row]:
                missing[row] = True
                continue
            raise AnalysisError(
                f"{table.place(row)}, column '{column}' holds '{word[:40]}', no number",
                "write a number there or remove the row",
            ) from error
    return values, missing


def _filled(values: Any) -> tuple[Numbers, Flags]:
    missing = np.asarray(pc.is_null(values), dtype=bool)
    return np.asarray(pc.fill_null(values, float("nan")), dtype=np.float64), missing


def is_numeric(table: RawTable, column: str) -> bool:
    """Whether every cell that is not missing is a number."""
    try:
        numbers(table, column)
    except AnalysisError:
        return False
    return True


def _arrow(series: "pd.Series[Any]") -> Any:
    """The cells as Arrow: NaN of a numeric column stays a number; what has mixed types becomes text."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    try:
        cells = pa.array(series, from_pandas=series.dtype == "str")
    except (pa.ArrowException, TypeError, ValueError):
        cells = pa.array([_text(cell) for cell in series], pa.string())
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_large_string(cells.type):
        cells = cells.cast(pa.string())
    if pa.types.is_nested(cells.type) or pa.types.is_temporal(cells.type) or pa.types.is_binary(cells.type):
        cells = pa.array([_text(cell) for cell in series], pa.string())
    return cells


def _text(cell: object) -> str | None:
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    return str(cell)


def _trimmed(cells: Any) -> Any:
    """Text without spaces around it; null where it says that it is missing."""
    cells = pc.utf8_trim_whitespace(cells)
    gone = pc.is_in(pc.utf8_lower(cells), value_set=pa.array(_MISSING))
    return pc.if_else(gone, pa.scalar(None, pa.string()), cells)
