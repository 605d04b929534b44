"""The verdict on a sweep as text, JSON, CSV, picture and page."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from depthtransfer.errors import AnalysisError
from depthtransfer.files import write_atomic
from depthtransfer.sweep_table.cleaning import Asked, cleaned
from depthtransfer.sweep_table.reading import RawTable, raw_frame, read_table_of_runs
from depthtransfer.sweep_table.splitting import arranged
from depthtransfer.sweep_table.verdict import Verdict, judged

_INTERNAL = ("centre", "standard_error", "degrees", "edge", "grid_best", "grid_step")
_ALWAYS = ("scheme", "width", "depth")


@dataclass(frozen=True, eq=False)
class Report:
    """What one sweep says. Prints itself as tables, shows itself in a notebook as a page.

    Attributes:
        name: of the table.
        verdict: everything that was found.
    """

    name: str
    verdict: Verdict

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, taken for something, or has to be known."""
        return self.verdict.notes

    @cached_property
    def optima(self) -> pd.DataFrame:
        """One row per network: scheme, sizes, log2_optimum (NaN where it is not known), low, high, flags, verdict."""
        return self._public(self.verdict.optima.drop(columns=list(_INTERNAL)))

    @cached_property
    def transfer(self) -> pd.DataFrame:
        """One row per scheme and size that varies: shift and slope of the optimum, with intervals and verdict."""
        return self._public(self.verdict.transfer) if len(self.verdict.transfer) else self.verdict.transfer

    @cached_property
    def regret(self) -> pd.DataFrame:
        """One row per network: what it costs to keep the optimum of the smallest one."""
        return self._public(self.verdict.regret)

    @property
    def curves(self) -> pd.DataFrame:
        """Averaged losses: one row per network and value."""
        return self._public(self.verdict.curves)

    def _public(self, table: pd.DataFrame) -> pd.DataFrame:
        """The columns that every table has first, missing ones as None; whole sizes as whole numbers."""
        table = table.copy()
        for name in self.verdict.sizes:
            if name in table.columns and (table[name].dropna() % 1 == 0).all():
                table[name] = table[name].astype("Int64")
        if "scheme" in table.columns:
            table["scheme"] = table["scheme"].replace("", None)
        for name in _ALWAYS:
            if name not in table.columns:
                table[name] = None
        return table[[*_ALWAYS, *(name for name in table.columns if name not in _ALWAYS)]]

    def as_json(self) -> str:
        """Optima, transfer, regret and notes as one JSON object; what is not finite is null."""
        tables = {"optima": self.optima, "transfer": self.transfer, "regret": self.regret}
        every: dict[str, Any] = {
            name: [_plain(row) for row in table.to_dict("records")] for name, table in tables.items()
        }
        every["notes"] = list(self.notes)
        return json.dumps(every, indent=1, ensure_ascii=False, allow_nan=False)

    def write_csv(self, path: str | Path) -> None:
        """Write the table of optima; the tables of transfer, regret and curves stand beside it under their names.

        Raises:
            StoreError: if a file cannot be written.
        """
        path = Path(path)
        tables = {"": self.optima, "_transfer": self.transfer, "_regret": self.regret, "_curves": self.curves}
        for ending, table in tables.items():
            listed = table.map(lambda cell: " ".join(f"{part}" for part in cell) if isinstance(cell, list) else cell)
            content = listed.to_csv(index=False, float_format="%.9g", lineterminator="\n")
            write_atomic(path.with_name(f"{path.stem}{ending}{path.suffix or '.csv'}"), content.encode())

    def figure(self) -> Any:
        """Losses of each scheme and the optimum over size, as a matplotlib figure."""
        from depthtransfer.sweep_table.picture import draw

        return draw(self.verdict)

    def as_html(self) -> str:
        """The report as one page that needs nothing else."""
        from depthtransfer.sweep_table.onepage import render

        return render(self)

    def _repr_html_(self) -> str:
        from depthtransfer.sweep_table.onepage import fragment

        return fragment(self)

    def __str__(self) -> str:
        from depthtransfer.sweep_table.terminal import printed

        return printed(self)

    __repr__ = __str__


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): _value(cell) for name, cell in row.items()}


def _value(cell: Any) -> Any:
    if isinstance(cell, list):
        return [_value(part) for part in cell]
    if cell is None or cell is pd.NA:
        return None
    if isinstance(cell, np.bool_ | bool):
        return bool(cell)
    if isinstance(cell, np.integer | int):
        return int(cell)
    if isinstance(cell, np.floating | float):
        return float(cell) if math.isfinite(cell) else None
    return cell if isinstance(cell, str) else str(cell)


def report(
    frame: pd.DataFrame,
    *,
    hyperparameter: str | None = None,
    loss: str | None = None,
    scheme: str | None = None,
    width: str | None = None,
    depth: str | None = None,
    seed: str | None = None,
    status: str | None = None,
    over: str | Sequence[str] = (),
    where: dict[str, object] | None = None,
    ignore: str | Sequence[str] = (),
    diverged: str | Sequence[str] = (),
) -> Report:
    """Judge a sweep: where the optimum of each network lies, how it moves with size, what keeping it costs.

    Args:
        frame: one row per run, with the swept value, the loss, and whatever tells the runs apart.
        hyperparameter, loss, scheme, width, depth, seed, status: names of columns; guessed where None, and "" for none.
        over: further columns that are sizes, such as tokens.
        where: keep the rows that hold these values.
        ignore: columns that are no settings.
        diverged: words of the status that mean divergence, besides the usual ones.

    Raises:
        AnalysisError: one line that names row, column and remedy.
    """
    asked = Asked(
        *(hyperparameter, loss, scheme, width, depth, seed, status),
        over=_several(over),
        where=tuple((name, str(value)) for name, value in (where or {}).items()),
        ignore=_several(ignore),
        diverged=_several(diverged),
    )
    if not isinstance(frame, pd.DataFrame):
        raise AnalysisError(f"a {type(frame).__name__} is no table", "give a pandas.DataFrame with one row per run")
    return _judged(raw_frame(frame), asked)


def report_on(path: str | Path, asked: Asked) -> Report:
    """The same for a file.

    Raises:
        AnalysisError: one line that names file, row, column and remedy.
    """
    return _judged(read_table_of_runs(path), asked)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _judged(raw: RawTable, asked: Asked) -> Report:
    return Report(raw.name, judged(arranged(cleaned(raw, asked))))
