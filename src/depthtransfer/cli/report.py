"""`depthtransfer report`: one HTML page on a preset: claims, figures, runs, cost, environment."""

import argparse
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from depthtransfer.configuration import (
    DEFAULT_PRESET,
    Preset,
    figure_path,
    load_preset,
    refinement_path,
    results_folder,
    table_folder,
)
from depthtransfer.data import load_declarations
from depthtransfer.errors import StoreError
from depthtransfer.figures.origin import PNG_DPI, read
from depthtransfer.figures.tables import FigureError
from depthtransfer.files import write_atomic
from depthtransfer.registry import FIGURES
from depthtransfer.store.provenance import commit
from depthtransfer.sweeps.refinement import read_additions
from depthtransfer.tables.columns import CLAIMS, PROVENANCE, RUNS
from depthtransfer.tables.frames import read_table
from depthtransfer.webpage import Page, Sheet, Shown, render
from depthtransfer.webpage.sheets import (
    cost_sheet,
    data_sheet,
    difference_sheet,
    origin_sheet,
    runs_sheet,
    scale_sentence,
)

_CSS_PIXELS_AN_INCH = 96


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose results (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the HTML file (default: report.html beside the results)")


def run(arguments: argparse.Namespace) -> int:
    """Read the table of claims, the figures and the tables of runs that are there, and write the page."""
    output = arguments.output or results_folder(arguments.preset) / "report.html"
    write_atomic(output, render(_page(arguments.preset)).encode())
    return 0


def _page(preset: str) -> Page:
    scale, declared = load_preset(preset), load_declarations(Path("config/datasets.yaml"))
    claims = read_table(results_folder(preset) / "claims.parquet", CLAIMS)
    present = [name for name in scale.experiments if (table_folder(preset, name) / "runs.parquet").exists()]
    runs = {name: read_table(table_folder(preset, name) / "runs.parquet", RUNS) for name in present}
    origins = {name: read_table(table_folder(preset, name) / "provenance.parquet", PROVENANCE) for name in present}
    differs = (
        "The paper's scale is known in part only; docs/provenance.md says how each value is known, docs/limitations.md "
        "what else differs."
    )
    sheets = [("Differences from the paper's scale", differs, difference_sheet(preset, scale, load_preset("paper")))]
    if runs:
        stopped = "A run that diverged stopped early and cost less than was planned."
        sheets = [
            ("Runs", "", runs_sheet(runs)),
            ("Cost", stopped, cost_sheet(runs, origins)),
            *sheets,
            ("Data", "", data_sheet(runs, declared)),
            ("Environment", "", origin_sheet(origins)),
        ]
    sheets += _refinement(preset, scale)
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in claims.to_dict("records")]
    labels = {name: each.label or each.description for name, each in declared.items()}
    return Page(
        preset=preset,
        summary=_summary(preset, rows),
        scale=scale_sentence(list(runs.values()), labels),
        made=f"Written by commit {commit()[:12]} on {datetime.now(UTC):%Y-%m-%d}.",
        claims=rows,
        figures=list(_figures(preset, rows)),
        sheets=tuple(sheets),
    )


def _refinement(preset: str, scale: Preset) -> list[tuple[str, str, Sheet]]:
    """Values that were added to grids, if the preset refines and any were."""
    tables = {name: refinement_path(preset, name) for name in scale.experiments if scale.refine}
    rows = [
        (name, each.variant, str(each.width), str(each.depth), f"{each.value:.6g}", str(each.round), each.reason)
        for name, path in tables.items()
        if path.exists()
        for each in read_additions(path)
    ]
    text = "Values added to the grids of networks whose optimum was at the edge or poorly known, and trained."
    sheet = Sheet(("Experiment", "Scheme", "Width", "Depth", "Value", "Round", "Why"), tuple(rows))
    return [("Refinement", text, sheet)] if rows else []


def _summary(preset: str, claims: Sequence[dict[str, Any]]) -> str:
    """How many claims are reproduced, and what became of the others."""
    counts = Counter(str(claim["verdict"]) for claim in claims)
    reproduced = counts.pop("reproduced", 0)
    others = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    return f"Preset {preset}: {reproduced} of {len(claims)} reproduced{f', {others}' if others else ''}."


def _figures(preset: str, claims: Sequence[dict[str, Any]]) -> Iterator[Shown]:
    for name, entry in FIGURES.items():
        png, csv = (figure_path(name, preset).with_suffix(suffix) for suffix in (".png", ".csv"))
        if not (png.exists() and csv.exists()):
            continue
        picture = png.read_bytes()
        with Image.open(io.BytesIO(picture)) as image:
            width = round(image.width / PNG_DPI * _CSS_PIXELS_AN_INCH)
        shown = tuple(str(claim["claim"]) for claim in claims if claim["figure"] == name)
        yield Shown(name, entry.title, _makers(png), picture, width, csv.read_bytes(), shown)


def _makers(png: Path) -> str:
    """Commits of a picture's runs and solutions, from its own record; nothing if it has none."""
    try:
        reading = read(png)
    except (FigureError, StoreError):
        return ""
    if not reading.intact:
        return "The picture was changed after it was drawn."
    counts: Counter[str] = Counter()
    for origin in (*reading.record.experiments.values(), *reading.record.studies.values()):
        for maker in origin.made_by:
            counts[f"{maker.commit[:12]}{' with uncommitted changes' if maker.dirty else ''}"] += maker.count
    return f"Made by commits {', '.join(f'{commit} ({count})' for commit, count in counts.most_common())}."
