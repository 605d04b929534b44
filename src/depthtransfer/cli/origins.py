"""A figure's record, and what would run again, in plain words."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depthtransfer.cli.pending import Now
    from depthtransfer.cli.why import Reading
    from depthtransfer.figures.origin import FigureRecord, Maker, Origin

_WIDTH = 110


def lines(reading: "Reading") -> Iterator[str]:
    """Everything that a figure's file says, what is not printable made visible."""
    for line in _lines(reading):
        yield "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)


def _lines(reading: "Reading") -> Iterator[str]:
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


def _origin(origin: "Origin", noun: str) -> Iterator[str]:
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


def _maker(maker: "Maker") -> str:
    dirty = " and uncommitted changes" if maker.dirty else ""
    versions = ", ".join(f"{name} {version}" for name, version in maker.versions.items())
    return f"commit {maker.commit}{dirty}, on {maker.machine} ({maker.device}); {versions}"


def lines_now(record: "FigureRecord", present: "Now | None") -> Iterator[str]:
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
