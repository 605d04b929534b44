"""`depthtransfer`: parse, run, and turn errors into one line and an exit code."""

import argparse
import importlib
import keyword
import os
import sys
import textwrap
import traceback
from collections.abc import Sequence
from typing import Protocol, cast

from depthtransfer.errors import UserError

GROUPS = {
    "on your own sweeps": {
        "analyze": "judge a table of runs: where the optimum of each size lies, how it moves, what keeping it costs",
    },
    "to use": {
        "plan": "what a figure or an experiment needs before anything starts: runs, cached runs, FLOPs, time",
        "claims": "judge each claim of the papers by a preset's tables",
        "data": "list the declared data sets, check one, or declare an image folder of your own",
        "export": "write a preset's stored runs and solutions into one archive, for a deposit",
        "import": "verify an archive of runs and solutions and use it from then on",
    },
    "to look": {
        "status": "how much of each preset and experiment is done",
        "why": "where a figure comes from: runs, seeds, commits, versions; and what would run again now",
        "theory": "the limit of infinite width and depth in numbers: linear, lazy or sampled",
    },
    "steps of a build, which Snakemake calls": {
        "train": "train the runs of an experiment that no store holds",
        "refine": "add values where a network's optimum is at the edge or poorly known, and train them",
        "collect": "write an experiment's tables from its stored runs: the runs, their optima, transfer and regret",
        "study": "solve what a figure of the theory shows and write its table",
        "figure": "draw a figure from tables",
        "report": "one HTML page on a preset: claims, figures, runs, cost, environment",
    },
}
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}
"""Name and help of each command; the module of the same name in this package implements it (import_ of import)."""

INTERRUPTED = 130


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work and return the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; user errors are one line on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="depthtransfer",
        usage="depthtransfer [-h] [--traceback] COMMAND ...",
        description="Hyperparameter transfer over width and depth: sweeps, tables, figures.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_listed(),
    )
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, help=argparse.SUPPRESS, prog="depthtransfer"
    )
    named = next((word for word in words if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        subparser = commands.add_parser(name, description=text)
        if name == named:
            _module(name).add_arguments(subparser)
    arguments = parser.parse_args(words)
    try:
        return _module(arguments.command).run(arguments)
    except UserError as error:
        if arguments.traceback:
            traceback.print_exc()
        print(f"depthtransfer: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("depthtransfer: interrupted; finished runs are kept, run the same command again", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if arguments.traceback:
            traceback.print_exc()
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"depthtransfer: {what}; put it right and run the same command again", file=sys.stderr)
        return 1


def _listed() -> str:
    """The commands by what they are for."""
    lines = []
    for purpose, commands in GROUPS.items():
        lines.append(f"{purpose}:")
        for name, text in commands.items():
            lines += textwrap.wrap(text, 100, initial_indent=f"  {name:<8} ", subsequent_indent=" " * 11)
    return "\n".join(lines)


def _module(name: str) -> Command:
    file = f"{name}_" if keyword.iskeyword(name) else name
    return cast(Command, importlib.import_module(f"depthtransfer.cli.{file}"))
