"""`depthtransfer analyze`: optima, how they and the losses move with size, and what keeps them from being known."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from depthtransfer.cli.options import add_sweep, natural
from depthtransfer.configuration import table_folder

if TYPE_CHECKING:
    import pandas as pd


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_sweep(parser)
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples (default: %(default)s)")
    parser.add_argument("--seed", type=natural, default=0, help="seed of the bootstrap (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Write the tables of an experiment's statistics beside its runs."""
    from depthtransfer.configuration import load_experiment
    from depthtransfer.tables.columns import RUNS
    from depthtransfer.tables.frames import read_table, write_csv

    swept = load_experiment(arguments.experiment).sweep
    folder = table_folder(arguments.preset, arguments.experiment)
    runs = read_table(folder / "runs.parquet", RUNS)
    runs["scheme"] = runs["variant"]  # variants of one scheme are compared like schemes
    for name, table in _statistics(runs, swept, arguments.resamples, arguments.seed):
        write_csv(table, folder / f"{name}.csv")
    return 0


def _statistics(runs: "pd.DataFrame", swept: str, resamples: int, seed: int) -> "Iterator[tuple[str, pd.DataFrame]]":
    """Each table with its name."""
    import pandas as pd

    from depthtransfer.analysis import diagnosis, fast_transfer, loss_order, optima, regret, stability, transfer

    optimum = optima(runs, swept, resamples=resamples, seed=seed)
    yield "optimum", optimum
    yield "transfer", transfer(optimum)
    yield "stability", pd.concat([stability(optimum, over) for over in ("depth", "width")])
    for name, statistic in (("loss_order", loss_order), ("fast_transfer", fast_transfer)):
        along = [statistic(runs, swept, over, resamples=resamples, seed=seed) for over in ("depth", "width")]
        yield name, pd.concat(along)
    yield "regret", regret(runs, swept, resamples=resamples, seed=seed)
    yield "diagnosis", diagnosis(runs, swept, resamples=resamples, seed=seed)
