"""What several commands share: arguments, and tables that are whole on whatever they are printed to."""

import argparse
import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from depthtransfer.configuration import DEFAULT_PRESET
from depthtransfer.machine import usable_cores


def add_sweep(parser: argparse.ArgumentParser) -> None:
    """Which experiment, in which preset."""
    parser.add_argument("experiment", help="a file of config/experiments, without .yaml")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="a file of config/presets (default: %(default)s)")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """How many processes train side by side."""
    parser.add_argument(
        "--workers",
        type=positive,
        default=usable_cores(),
        help="processes side by side, one thread each (default: one per core, %(default)s)",
    )


def add_log(parser: argparse.ArgumentParser) -> None:
    """Where progress is written besides the terminal."""
    parser.add_argument("--log", type=Path, help="file for plain progress lines")


@contextmanager
def open_log(path: Path | None) -> Iterator[TextIO | None]:
    """Open the file that --log names, if it was given."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as log:
        yield log


def positive(text: str) -> int:
    """Argument type: a whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def natural(text: str) -> int:
    """Argument type: a whole number from 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


def positive_number(text: str) -> float:
    """Argument type: a finite number above 0."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def interrupt_on_termination() -> None:
    """Let SIGTERM end a command like Ctrl-C does, so that workers end with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def table(title: str | None, *headings: str) -> Table:
    """Return an empty table: names to the left, numbers to the right, nothing of them wrapped or cut."""
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, heading in enumerate(headings):
        made.add_column(heading, justify="right" if index else "left", no_wrap=True)
    return made


def print_table(shown: Table) -> None:
    """Print a table as wide as it is: what is narrower wraps lines, and cuts no name."""
    console = Console()
    console.width = max(console.width, console.measure(shown, options=console.options.update(max_width=10_000)).maximum)
    console.print(shown, crop=False, no_wrap=True)
