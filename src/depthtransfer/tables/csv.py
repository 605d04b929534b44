"""Tables that people open in a spreadsheet: CSV with fixed formatting, so the same table gives the same bytes."""

from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.tables.atomic import write_atomic

if TYPE_CHECKING:
    import pandas as pd


def write_csv(table: "pd.DataFrame", path: Path) -> None:
    """Write a table with nine significant digits and lines ended by a newline, atomically.

    Raises:
        StoreError: if the file cannot be written.
    """
    write_atomic(path, table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode())
