"""`depthtransfer analyze`: where the optimum lies, how it moves with size, what transferring it would cost."""

import argparse

from depthtransfer.cli.options import add_sweep, natural
from depthtransfer.configuration import table_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_sweep(parser)
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples (default: %(default)s)")
    parser.add_argument("--seed", type=natural, default=0, help="seed of the bootstrap (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Write optimum.csv, transfer.csv and regret.csv beside the runs."""
    from depthtransfer.analysis import optima, regret, transfer
    from depthtransfer.configuration import load_experiment
    from depthtransfer.tables.columns import RUNS
    from depthtransfer.tables.csv import write_csv
    from depthtransfer.tables.frames import read_table

    folder = table_folder(arguments.preset, arguments.experiment)
    swept = load_experiment(arguments.experiment).sweep
    runs = read_table(folder / "runs.parquet", RUNS)
    runs["scheme"] = runs["variant"]  # variants of one scheme are compared like schemes
    options = {"resamples": arguments.resamples, "seed": arguments.seed}
    table = optima(runs, swept, **options)
    write_csv(table, folder / "optimum.csv")
    write_csv(transfer(table), folder / "transfer.csv")
    write_csv(regret(runs, swept, **options), folder / "regret.csv")
    return 0
