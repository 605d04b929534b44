"""`depthtransfer refine`: further values where a network's optimum is at the edge or poorly known, and their runs."""

import argparse

from depthtransfer.analysis import estimates, refinement
from depthtransfer.cli.options import add_log, add_sweep, add_workers, interrupt_on_termination, open_log
from depthtransfer.configuration import load_preset, refinement_path, table_folder
from depthtransfer.data import default_data_directory
from depthtransfer.store.store import Store
from depthtransfer.sweeps.collect import write_tables
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.sweeps.refinement import Addition, refined, write_additions
from depthtransfer.sweeps.runner import complete, ensure
from depthtransfer.tables.frames import read_runs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_sweep(parser)
    add_workers(parser)
    add_log(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, look, add one value a network, and again, until no network needs one or may have one; write them down.

    A function of the preset and of the runs: with all runs stored it gives the same file and trains nothing.
    """
    interrupt_on_termination()
    preset, experiment = arguments.preset, arguments.experiment
    sweep = load_runs(preset, experiment)
    folder = table_folder(preset, experiment) / "refinement"
    additions: list[Addition] = []
    with open_log(arguments.log) as log:
        for number in range(1, load_preset(preset).refine + 2):
            so_far = refined(sweep, additions)
            training = {"data_directory": default_data_directory(), "workers": arguments.workers, "log": log}
            ensure(so_far, so_far.requests, Store.default(), **training)
            if number > load_preset(preset).refine:
                break
            write_tables(so_far, complete(so_far, Store.default(), **training), folder)
            runs = read_runs(folder / "runs.parquet")
            wanted = refinement(estimates(runs, sweep.swept)).to_dict("records")
            if not wanted:
                break
            additions += [
                Addition(row["scheme"], row["width"], row["depth"], row["value"], number, row["reason"])
                for row in wanted
            ]
    write_additions(additions, refinement_path(preset, experiment))
    networks = {(addition.variant, addition.width, addition.depth) for addition in additions}
    print(f"{preset}/{experiment}: {len(additions)} values added to the grids of {len(networks)} networks")
    return 0
