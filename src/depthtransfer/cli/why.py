"""`depthtransfer why`: where a figure comes from, read from the figure itself, and what would run again now."""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.configuration import figure_path
from depthtransfer.errors import ConfigurationError, UserError

if TYPE_CHECKING:
    from depthtransfer.cli.pending import Now
    from depthtransfer.figures.origin import FigureRecord


class ChangedFigureError(UserError):
    """A figure, or the table behind it, that is not as it was written."""

    exit_code = 4


@dataclass(frozen=True)
class Reading:
    """A figure's file, read.

    Attributes:
        file: the PDF or PNG.
        record: its record.
        intact: whether no byte was changed.
        table: `unchanged`, `changed` or `absent`: the CSV beside it.
    """

    file: Path
    record: "FigureRecord"
    intact: bool
    table: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("file", type=Path, help="a figure: PDF, PNG, or the CSV beside them")
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the record; of a figure in its place in a checkout also what would run again now, and why.

    Raises:
        FigureError: if the file carries no record.
        ChangedFigureError: after printing, if figure or table was changed since it was written.
    """
    from depthtransfer.cli.origins import lines, lines_now
    from depthtransfer.cli.pending import now

    reading = _read(arguments.file)
    place = _place(reading)
    present = now(reading.record, place) if place else None
    if arguments.json:
        print(json.dumps(_content(reading, present), indent=1, ensure_ascii=False))
    else:
        print(*lines(reading), *lines_now(reading.record, present), sep="\n")
    if not reading.intact:
        raise ChangedFigureError(f"{reading.file} was changed after it was written", "draw it again")
    if reading.table == "changed":
        table = reading.file.with_suffix(".csv")
        raise ChangedFigureError(f"{table} is not the table behind {reading.file}", "draw the figure again")
    return 0


def _read(file: Path) -> Reading:
    from depthtransfer.figures import FigureError
    from depthtransfer.figures.sealed_files import read_sealed

    if file.suffix == ".csv":
        file.stat()
        beside = [file.with_suffix(suffix) for suffix in (".png", ".pdf")]
        pictures = [path for path in beside if path.exists()]
        if not pictures:
            raise FigureError(f"{file} holds no record itself, and {beside[0]} is missing", "give the figure")
        file = pictures[0]
    sealed = read_sealed(file.read_bytes(), str(file))
    table = file.with_suffix(".csv")
    state = "absent"
    if table.exists():
        same = hashlib.sha256(table.read_bytes()).hexdigest() == sealed.record.csv
        state = "unchanged" if same else "changed"
    return Reading(file, sealed.record, sealed.intact, state)


def _place(reading: Reading) -> Path | None:
    """The figure's path in the project that this command runs in, if it lies where the workflow would draw it."""
    project = Path.cwd()
    try:
        usual = figure_path(reading.record.figure, reading.record.preset).with_suffix(reading.file.suffix)
    except ConfigurationError:
        return None
    here = (project / "Snakefile").is_file() and reading.file.resolve() == (project / usual).resolve()
    return usual if here else None


def _content(reading: Reading, present: "Now | None") -> dict[str, object]:
    return {
        "file": str(reading.file),
        "intact": reading.intact,
        "table": reading.table,
        "record": reading.record.model_dump(),
        "now": asdict(present) if present else None,
    }
