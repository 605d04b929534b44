"""`depthtransfer study`: the table behind a figure of the theory."""

import argparse

from depthtransfer.cli.options import add_log, interrupt_on_termination, open_log
from depthtransfer.configuration import DEFAULT_PRESET, study_path
from depthtransfer.registry import STUDIES
from depthtransfer.store.store import Store
from depthtransfer.studies.collect import write_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("study", help=f"one of {', '.join(STUDIES)}")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="a file of config/theory (default: %(default)s)")
    add_log(parser)


def run(arguments: argparse.Namespace) -> int:
    """Solve what no store holds and write the table."""
    interrupt_on_termination()
    with open_log(arguments.log) as log:
        count = write_study(arguments.preset, arguments.study, Store.of_solutions(), log=log)
        print(f"{study_path(arguments.preset, arguments.study)}: {count} solutions", file=log)
    return 0
