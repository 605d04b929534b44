"""`depthtransfer status`: how much of everything is done."""

import argparse
from pathlib import Path

from rich.table import Table

from depthtransfer.cli.options import print_table, table
from depthtransfer.configuration import load_preset, names
from depthtransfer.errors import ConfigurationError
from depthtransfer.pricing.plan import study_cost
from depthtransfer.store.store import Store, warn
from depthtransfer.sweeps.checkpoint import FOLDER, Checkpoints
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.targets import studies_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("preset", nargs="*", help="presets to look at (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Print one row per preset and experiment, and per preset and study of the theory.

    Of all presets one that cannot be read is named and passed over; one that was asked for is an error.
    """
    headings = ("experiment or study", "runs or solutions", "stored", "missing", "of these begun")
    shown = table(None, "preset", *headings)
    shown.columns[1].justify = "left"
    store = Store.default()
    for preset in arguments.preset or names(Path("config/presets")):
        try:
            _add(shown, preset, store)
        except ConfigurationError as error:
            if arguments.preset:
                raise
            warn(str(error))
    print_table(shown)
    return 0


def _add(shown: Table, preset: str, store: Store) -> None:
    """Add a preset's rows."""
    begun = Checkpoints(store.local / FOLDER).keys()
    for experiment in load_preset(preset).experiments:
        runs = load_runs(preset, experiment).requests
        missing = store.missing(request.spec.key for request in runs)
        counts = (len(runs), len(runs) - len(missing), len(missing), len(begun & set(missing)))
        shown.add_row(preset, experiment, *map(str, counts))
    for study in studies_of(preset):
        cost = study_cost(preset, study)
        shown.add_row(preset, study, *map(str, (cost.solutions, cost.stored, cost.solutions - cost.stored)))
