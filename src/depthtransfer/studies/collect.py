"""The table of a study: its solutions in one form, blocks of seeds pooled, each value beside what it tends to."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import pyarrow as pa

from depthtransfer.configuration import load_theory, study_path, study_provenance_path
from depthtransfer.store.keys import canonical_json
from depthtransfer.store.records import Record
from depthtransfer.store.store import Store
from depthtransfer.studies.plan import solutions
from depthtransfer.studies.runner import complete
from depthtransfer.studies.solution import INFINITE, Solution
from depthtransfer.tables.columns import SOLUTION_PROVENANCE, THEORY
from depthtransfer.tables.frames import write_table

if TYPE_CHECKING:
    from depthtransfer.studies.solution import Solution


Row = dict[str, Any]

_SIZES = ("width", "depth")
_CONSTANTS = ("activation", "alpha", "beta", "rate_exponent", "gamma0")
_PLACE = ("part", "quantity", *_CONSTANTS, "learning_rate", "updates", "tau", "mu", "nu")


def table_rows(study: str, asked: Sequence[Solution], records: Mapping[str, tuple[Record, str]]) -> list[Row]:
    """Rows of a study's table; see THEORY in ``tables/columns.py``.

    Args:
        study: its name.
        asked: its solutions, in the order of the table.
        records: the solutions by key, with their layer.
    """
    rows = _pooled(row for each in asked for row in _plain(study, each, records[each.key][0]))
    rows += [_loss(row, target) for row, target in _predictors(rows, asked)]
    return _beside_theory(rows)


def _plain(study: str, each: Solution, record: Record) -> Iterable[Row]:
    specification = each.specification
    constants = {name: specification[name] for name in _CONSTANTS}
    sizes = {name: _size(specification[name]) for name in _SIZES}
    seeds = specification.get("seeds", 0)
    for values in zip(*record.series.values(), strict=True):
        row = dict(zip(record.series, values, strict=True))
        t = row["learning_rate"] * row["updates"]
        yield {"study": study, "part": each.part, **constants, **sizes, **row, "t": t, "seeds": seeds}


def _size(value: int | str) -> float:
    return math.inf if value == INFINITE else float(value)


def _identity(row: Row, *names: str) -> tuple[Any, ...]:
    """Where a row stands, with NaN made equal to itself and layer times compared to twelve digits."""
    values = (row[name] for name in (*_PLACE, *names))
    return tuple(
        None if isinstance(v, float) and math.isnan(v) else round(v, 12) if isinstance(v, float) else v for v in values
    )


def _pooled(rows: Iterable[Row]) -> list[Row]:
    """Merge blocks of seeds: means weighted by the number of seeds, errors added in squares."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_identity(row, *_SIZES), []).append(row)
    return [group[0] if len(group) == 1 else _merged(group) for group in groups.values()]


def _merged(group: Sequence[Row]) -> Row:
    total = sum(row["seeds"] for row in group)
    shares = [row["seeds"] / total for row in group]

    def mean(name: str) -> float:
        return math.fsum(share * row[name] for share, row in zip(shares, group, strict=True))

    def error(name: str) -> float:
        return math.sqrt(math.fsum((share * row[name]) ** 2 for share, row in zip(shares, group, strict=True)))

    return group[0] | {
        "seeds": total,
        "value": mean("value"),
        "standard_error": error("standard_error"),
        "variance": mean("variance"),
        "variance_error": error("variance_error"),
    }


def _predictors(rows: Sequence[Row], asked: Sequence[Solution]) -> Iterable[tuple[Row, float]]:
    """Rows of the predictor of one datum, with its target."""
    targets = {each.part: each.specification["targets"] for each in asked}
    for row in rows:
        if row["quantity"] == "f" and len(targets[row["part"]]) == 1:
            yield row, targets[row["part"]][0]


def _loss(row: Row, target: float) -> Row:
    """Loss of a mean predictor; its error to first order."""
    rest = target - row["value"]
    error = abs(rest) * row["standard_error"]
    nothing = {"variance": math.nan, "variance_error": math.nan}
    return row | {"quantity": "loss", "value": 0.5 * rest**2, "standard_error": error} | nothing


def _beside_theory(rows: Sequence[Row]) -> list[Row]:
    exact = {
        _identity(row | {"learning_rate": _rate(row)}, "depth"): row["value"]
        for row in rows
        if math.isinf(row["width"])
    }

    def tends_to(row: Row) -> float:
        if math.isinf(row["width"]) and math.isinf(row["depth"]):
            return math.nan
        depth = math.inf if math.isinf(row["width"]) else row["depth"]
        sought = row | {"depth": depth, "learning_rate": _rate(row)}
        return float(exact.get(_identity(sought, "depth"), math.nan))

    return [row | {"theory": tends_to(row)} for row in rows]


def _rate(row: Row) -> float:
    """The learning rate at which rows are compared: optima are compared wherever they lie."""
    return 0.0 if row["quantity"].startswith(("optimum", "d_log_optimum")) else float(row["learning_rate"])


def write_study(preset: str, study: str, store: Store, *, log: TextIO | None = None) -> int:
    """Write a study's table and the provenance of its solutions beside it; return how many solutions it has.

    Args:
        preset: file of config/theory.
        study: name of the study.
        store: where solutions are looked up and kept.
        log: takes the lines of progress.

    Raises:
        UserError: see ``studies.runner.complete``.
    """
    asked = solutions(load_theory(preset), study)
    records = complete(f"{preset}/{study}", asked, store, log)
    path = study_path(preset, study)
    write_table(pa.Table.from_pylist(table_rows(study, asked, records)), path, THEORY)
    made = [_provenance_row(each, *records[each.key]) for each in asked]
    write_table(pa.Table.from_pylist(made), study_provenance_path(preset, study), SOLUTION_PROVENANCE)
    return len(records)


def _provenance_row(each: Solution, record: Record, layer: str) -> dict[str, Any]:
    made = record.provenance
    return {
        "key": record.key,
        "solution": each.describe(),
        "seconds": made["seconds"],
        "finished": made["finished"],
        "layer": layer,
        "engine": record.specification["engine"],
        "commit": made["commit"],
        "machine": made["machine"],
        "versions": canonical_json(made["versions"]),
    }
