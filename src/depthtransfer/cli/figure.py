"""`depthtransfer figure`: a figure from tables; it never trains."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depthtransfer.configuration import (
    DEFAULT_PRESET,
    figure_path,
    study_path,
    study_provenance_path,
    table_folder,
)

if TYPE_CHECKING:
    from depthtransfer.figures import ExperimentTables, StudyTable
    from depthtransfer.figures.origin import FigureRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("name", help="a figure, such as fig1")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose tables (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the PDF; PNG and CSV lie beside it")


def run(arguments: argparse.Namespace) -> int:
    """Read the tables of the figure's experiments and studies, draw, and write PDF, PNG and CSV."""
    from depthtransfer import figures
    from depthtransfer.figures.saving import save
    from depthtransfer.tables.frames import write_csv

    module = figures.load(arguments.name)
    tables: dict[str, Any] = {name: tables_of(arguments.preset, name) for name in module.EXPERIMENTS}
    tables |= {name: _study(arguments.preset, name) for name in figures.studies(arguments.name)}
    drawing, behind = module.draw(tables)
    pdf = arguments.output or figure_path(arguments.name, arguments.preset)
    write_csv(behind, pdf.with_suffix(".csv"))
    save(drawing, pdf, _record(arguments.name, arguments.preset, tables, pdf.with_suffix(".csv")))
    return 0


def _record(name: str, preset: str, tables: dict[str, Any], csv: Path) -> "FigureRecord":
    from depthtransfer import figures
    from depthtransfer.figures.origin import record_of
    from depthtransfer.tables.columns import PROVENANCE, SOLUTION_PROVENANCE
    from depthtransfer.tables.frames import read_table

    runs = {each: tables[each].runs for each in figures.load(name).EXPERIMENTS}
    made = {each: read_table(table_folder(preset, each) / "provenance.parquet", PROVENANCE) for each in runs}
    studies = figures.studies(name)
    solved = {each: read_table(study_provenance_path(preset, each), SOLUTION_PROVENANCE) for each in studies}
    return record_of(
        name,
        preset,
        code=figures.code_of(name),
        csv=csv.read_bytes(),
        experiments={each: (runs[each], made[each]) for each in runs},
        studies=solved,
    )


def tables_of(preset: str, experiment: str) -> "ExperimentTables":
    """Tables of an experiment at a preset, read from results/."""
    from depthtransfer.data import load_declarations
    from depthtransfer.figures import ExperimentTables
    from depthtransfer.tables.columns import PROBES, RUNS, STEPS
    from depthtransfer.tables.frames import read_table

    folder = table_folder(preset, experiment)
    runs = read_table(folder / "runs.parquet", RUNS)
    declared = load_declarations(Path("config/datasets.yaml"))
    classes = {declared[name].classes for name in runs["dataset"].unique() if name in declared}
    return ExperimentTables(
        runs=runs,
        load_steps=lambda: read_table(folder / "steps.parquet", STEPS),
        load_probes=lambda: read_table(folder / "probes.parquet", PROBES),
        preset=preset,
        classes=classes.pop() if len(classes) == 1 else None,
    )


def _study(preset: str, study: str) -> "StudyTable":
    from depthtransfer.figures import StudyTable
    from depthtransfer.tables.columns import THEORY
    from depthtransfer.tables.frames import read_table

    return StudyTable(read_table(study_path(preset, study), THEORY), preset)
