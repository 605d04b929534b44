"""`depthtransfer why`: where a figure comes from, read from its files, and what would run again now."""

import argparse
import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from depthtransfer.cli.pending import Now, now
from depthtransfer.configuration import figure_path
from depthtransfer.errors import ConfigurationError, UserError
from depthtransfer.figures.origin import FigureRecord, Maker, Origin, Reading, read

_WIDTH = 110


class ChangedFigureError(UserError):
    """A figure, or the table behind it, that is not as it was written."""

    exit_code = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("file", type=Path, help="a figure's PNG, or the PDF or CSV beside it")
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the record; of a figure in its place in a checkout also what would run again now, and why.

    Raises:
        FigureError: if there is no record.
        ChangedFigureError: after printing, if figure or table was changed since it was written.
    """
    reading = read(arguments.file)
    place = _place(reading)
    present = now(reading.record, place) if place else None
    if arguments.json:
        print(json.dumps(_content(reading, present), indent=1, ensure_ascii=False))
    else:
        for line in (*_lines(reading), *_lines_now(reading.record, present)):
            print("".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line))
    if not reading.intact:
        raise ChangedFigureError(f"{reading.file} was changed after it was written", "draw it again")
    if reading.table == "changed":
        table = reading.file.with_suffix(".csv")
        raise ChangedFigureError(f"{table} is not the table behind {reading.file}", "draw the figure again")
    return 0


def _place(reading: Reading) -> Path | None:
    """The figure's path in the project that this command runs in, if it lies where the workflow would draw it."""
    project = Path.cwd()
    try:
        usual = figure_path(reading.record.figure, reading.record.preset).with_suffix(reading.file.suffix)
    except ConfigurationError:
        return None
    here = (project / "Snakefile").is_file() and reading.file.resolve() == (project / usual).resolve()
    return usual if here else None


def _content(reading: Reading, present: Now | None) -> dict[str, object]:
    return {
        "file": str(reading.file),
        "intact": reading.intact,
        "table": reading.table,
        "record": reading.record.model_dump(),
        "now": asdict(present) if present else None,
    }


def _lines(reading: Reading) -> Iterator[str]:
    """Everything that a figure's record says."""
    record = reading.record
    drawn = ", ".join(f"{name} {version}" for name, version in record.drawn_with.items())
    yield f"{reading.file}: {record.figure} of the preset {record.preset}"
    yield f"file    {'intact' if reading.intact else 'CHANGED after it was written'}"
    yield f"drawn   by code {record.code} with {drawn}"
    table = {"absent": "not beside it", "unchanged": "beside it, unchanged", "changed": "beside it, CHANGED"}
    yield f"table   SHA-256 {record.csv}; {table[reading.table]}"
    for noun, origins in (("runs", record.experiments), ("solutions", record.studies)):
        for name, origin in origins.items():
            yield ""
            yield f"{name}: {len(origin.results)} {noun}, engine {', '.join(map(str, origin.engines))}"
            yield from (f"    {line}" for line in _origin(origin, noun))


def _origin(origin: Origin, noun: str) -> Iterator[str]:
    if origin.seeds:
        yield f"seeds {', '.join(map(str, origin.seeds))}"
    for name, fingerprint in origin.data.items():
        yield f"data {name} {fingerprint}"
    yield f"keys SHA-256 {origin.keys}"
    for place, maker in enumerate(origin.made_by):
        yield f"{maker.count} {noun} by {_maker(maker)}"
        own = [(key, what) for key, what, by in origin.results if by == place]
        if origin.seeds:
            for seed in sorted({what for _, what in own}, key=str):
                keys = " ".join(key for key, what in own if what == seed)
                yield from textwrap.wrap(keys, _WIDTH, initial_indent=f"  seed {seed}: ", subsequent_indent="    ")
        else:
            yield from (f"  {key} {what}" for key, what in own)


def _maker(maker: Maker) -> str:
    dirty = " and uncommitted changes" if maker.dirty else ""
    versions = ", ".join(f"{name} {version}" for name, version in maker.versions.items())
    return f"commit {maker.commit}{dirty}, on {maker.machine} ({maker.device}); {versions}"


def _lines_now(record: FigureRecord, present: Now | None) -> Iterator[str]:
    """What would run again, and why."""
    yield ""
    if present is None:
        yield "This file is not a figure of a project in this folder: what would run again now cannot be said."
        return
    for name, asked in present.asked.items():
        noun = "runs" if name in record.experiments else "solutions"
        changed = f", {asked.added} new and {asked.dropped} dropped since" if asked.added or asked.dropped else ""
        stored = f"{asked.missing} would be computed" if asked.missing else "all stored"
        yield f"now     {name}: {asked.results} {noun} asked for{changed}; {stored}"
    yield f"now     code of the figure: {'changed since' if present.code_changed else 'the same'}"
    if not present.jobs:
        yield "now     nothing would be made again"
    for job in present.jobs:
        more = f" and {len(job.output) - 1} more" if len(job.output) > 1 else ""
        yield f"now     {job.rule} would make {job.output[0]}{more}: {job.because}"
