"""`depthtransfer status`: how much of everything is done."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("preset", nargs="*", help="presets to look at (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Print one row per preset and experiment, and per preset and study of the theory."""
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from depthtransfer.cli.studied import progress
    from depthtransfer.configuration import STUDIES, load_preset, names, theory_of
    from depthtransfer.store.store import Store
    from depthtransfer.sweeps.checkpoint import FOLDER, Checkpoints
    from depthtransfer.sweeps.grid import load_runs

    store = Store.default()
    begun = Checkpoints(store.local / FOLDER).keys()
    table = Table("preset", "experiment or study", "runs or solutions", "stored", "missing", "of these begun")
    for preset in arguments.preset or names(Path("config/presets")):
        for experiment in load_preset(preset).experiments:
            sweep = load_runs(preset, experiment)
            missing = store.missing(request.spec.key for request in sweep.requests)
            counts = (len(sweep.requests), len(sweep.requests) - len(missing), len(missing), len(begun & set(missing)))
            table.add_row(preset, experiment, *map(str, counts))
        for study in STUDIES if theory_of(preset) else ():
            table.add_row(preset, study, *map(str, progress(preset, study)))
    Console().print(table)
    return 0
