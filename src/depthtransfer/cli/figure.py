"""`depthtransfer figure`: a figure from tables; it never trains."""

import argparse
from pathlib import Path
from typing import Any

from depthtransfer import figures, registry
from depthtransfer.configuration import (
    DEFAULT_PRESET,
    figure_path,
    load_experiment,
    study_path,
    study_provenance_path,
    table_folder,
)
from depthtransfer.data import load_declarations
from depthtransfer.figures.origin import FigureRecord, record_of, save
from depthtransfer.figures.tables import ExperimentTables, StudyTable
from depthtransfer.tables.columns import (
    OPTIMA,
    PROBES,
    PROVENANCE,
    RUNS,
    SOLUTION_PROVENANCE,
    STEPS,
    STREAMS,
    THEORY,
    UPDATES,
)
from depthtransfer.tables.frames import read_table, write_csv


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("name", help="a figure, such as fig1, or sweep/EXPERIMENT for the picture of any experiment")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose tables (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the PDF; PNG and CSV lie beside it")


def run(arguments: argparse.Namespace) -> int:
    """Read the tables of the figure's experiments and studies, draw, and write PDF, PNG and CSV."""
    entry, preset = registry.figure(arguments.name), arguments.preset
    tables: dict[str, Any] = {name: tables_of(preset, name) for name in entry.experiments}
    tables |= {name: StudyTable(read_table(study_path(preset, name), THEORY), preset) for name in entry.studies}
    drawing, behind = figures.load(entry.name).draw(entry, tables)
    pdf = arguments.output or figure_path(entry.name, preset)
    write_csv(behind, pdf.with_suffix(".csv"))
    save(drawing, pdf, _record(entry, preset, tables, pdf.with_suffix(".csv")))
    return 0


def _record(entry: registry.FigureEntry, preset: str, tables: dict[str, Any], csv: Path) -> FigureRecord:
    experiments = {
        name: (tables[name].runs, read_table(table_folder(preset, name) / "provenance.parquet", PROVENANCE))
        for name in entry.experiments
    }
    studies = {name: read_table(study_provenance_path(preset, name), SOLUTION_PROVENANCE) for name in entry.studies}
    return record_of(
        entry.name,
        preset,
        code=figures.code_of(entry.name),
        csv=csv.read_bytes(),
        experiments=experiments,
        studies=studies,
    )


def tables_of(preset: str, experiment: str) -> ExperimentTables:
    """Tables of an experiment at a preset, read from results/."""
    folder = table_folder(preset, experiment)
    runs = read_table(folder / "runs.parquet", RUNS)
    used = set(runs["dataset"].unique())
    declared = {name: each for name, each in load_declarations(Path("config/datasets.yaml")).items() if name in used}
    classes = {each.classes for each in declared.values()}
    science = load_experiment(experiment)
    return ExperimentTables(
        runs=runs,
        optima=read_table(folder / "optima.parquet", OPTIMA),
        load_steps=lambda: read_table(folder / "steps.parquet", STEPS),
        load_probes=lambda: read_table(folder / "probes.parquet", PROBES),
        load_updates=lambda: read_table(folder / "updates.parquet", UPDATES),
        load_streams=lambda: read_table(folder / "streams.parquet", STREAMS),
        preset=preset,
        classes=classes.pop() if len(classes) == 1 else None,
        title=science.title,
        swept=science.sweep,
        datasets={name: each.label or each.description for name, each in declared.items()},
    )
