"""`depthtransfer collect`: an experiment's tables from its stored runs, and their statistics."""

import argparse

from depthtransfer.analysis import statistics
from depthtransfer.cli.options import add_log, add_sweep, add_workers, interrupt_on_termination, open_log
from depthtransfer.configuration import table_folder
from depthtransfer.data import default_data_directory
from depthtransfer.store.store import Store
from depthtransfer.sweeps.collect import write_tables
from depthtransfer.sweeps.refinement import load_refined
from depthtransfer.sweeps.runner import complete
from depthtransfer.tables.columns import OPTIMA
from depthtransfer.tables.frames import read_runs, write_csv, write_frame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_sweep(parser)
    add_workers(parser)
    add_log(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read and verify every run, recompute what turns out to be damaged, write the tables, and analyse them."""
    interrupt_on_termination()
    sweep = load_refined(arguments.preset, arguments.experiment)
    folder = table_folder(arguments.preset, arguments.experiment)
    with open_log(arguments.log) as log:
        records = complete(
            sweep, Store.default(), data_directory=default_data_directory(), workers=arguments.workers, log=log
        )
    write_tables(sweep, records, folder)
    tables = statistics(read_runs(folder / "runs.parquet"), sweep.swept)
    write_frame(tables.pop("optima"), folder / "optima.parquet", OPTIMA)
    for name, table in tables.items():
        write_csv(table, folder / f"{name}.csv")
    return 0
