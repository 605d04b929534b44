"""A study from its name to its table on disk."""

from typing import TYPE_CHECKING, Any, TextIO

from depthtransfer.configuration import load_theory, study_path, study_provenance_path
from depthtransfer.studies.collect import table_rows
from depthtransfer.studies.plan import solutions
from depthtransfer.studies.runner import complete
from depthtransfer.sweeps.store import Store
from depthtransfer.tables.columns import SOLUTION_PROVENANCE, THEORY
from depthtransfer.tables.frames import write_table
from depthtransfer.tables.keys import canonical_json
from depthtransfer.tables.records import Record

if TYPE_CHECKING:
    from depthtransfer.studies.solution import Solution


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
    import pyarrow as pa

    asked = solutions(load_theory(preset), study)
    records = complete(f"{preset}/{study}", asked, store, log)
    path = study_path(preset, study)
    write_table(pa.Table.from_pylist(table_rows(study, asked, records)), path, THEORY)
    made = [_provenance_row(each, *records[each.key]) for each in asked]
    write_table(pa.Table.from_pylist(made), study_provenance_path(preset, study), SOLUTION_PROVENANCE)
    return len(records)


def _provenance_row(each: "Solution", record: Record, layer: str) -> dict[str, Any]:
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
