"""`depthtransfer figure`: a figure from tables; it never trains."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.configuration import DEFAULT_PRESET, figure_path, table_folder

if TYPE_CHECKING:
    from depthtransfer.figures import ExperimentTables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("name", help="a figure, such as fig1")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose tables (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the PDF; PNG and CSV lie beside it")


def run(arguments: argparse.Namespace) -> int:
    """Read the tables of the figure's experiments, draw, and write PDF, PNG and CSV."""
    from depthtransfer import figures
    from depthtransfer.figures.saving import save
    from depthtransfer.tables.csv import write_csv

    module = figures.load(arguments.name)
    tables = {experiment: tables_of(arguments.preset, experiment) for experiment in module.EXPERIMENTS}
    drawing, behind = module.draw(tables)
    pdf = arguments.output or figure_path(arguments.name, arguments.preset)
    write_csv(behind, pdf.with_suffix(".csv"))
    save(drawing, pdf)
    return 0


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
