"""`depthtransfer status`: how much of everything is done."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("preset", nargs="*", help="presets to look at (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Print one row per preset and experiment."""
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from depthtransfer.configuration import load_preset, names
    from depthtransfer.sweeps.requests import load_sweep
    from depthtransfer.sweeps.store import Store

    store = Store.default()
    table = Table("preset", "experiment", "runs", "stored", "missing")
    for preset in arguments.preset or names(Path("config/presets")):
        for experiment in load_preset(preset).experiments:
            sweep = load_sweep(preset, experiment)
            missing = len(store.missing(request.spec.key for request in sweep.requests))
            total = len(sweep.requests)
            table.add_row(preset, experiment, str(total), str(total - missing), str(missing))
    Console().print(table)
    return 0
