"""`depthtransfer report`: one HTML page on a preset: claims, figures, runs, cost, environment."""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depthtransfer.configuration import DEFAULT_PRESET, figure_path, refinement_path, results_folder, table_folder

if TYPE_CHECKING:
    import pandas as pd

    from depthtransfer.configuration import Grid, Preset
    from depthtransfer.report import Page, Sheet, Shown

_COMPARED = ("dataset", "widths", "depths", "seeds", "epochs", "steps", "batch_size", "precision")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose results (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the HTML file (default: report.html beside the results)")


def run(arguments: argparse.Namespace) -> int:
    """Read the table of claims, the figures and the tables of runs that are there, and write the page."""
    from depthtransfer.files import write_atomic
    from depthtransfer.report import render

    page = _page(arguments.preset)
    output = arguments.output or results_folder(arguments.preset) / "report.html"
    write_atomic(output, render(page).encode())
    return 0


def _page(preset: str) -> "Page":
    from depthtransfer.configuration import load_preset
    from depthtransfer.report import Page
    from depthtransfer.report.runs import cost_sheet, origin_sheet, runs_sheet
    from depthtransfer.tables.columns import CLAIMS, PROVENANCE, RUNS
    from depthtransfer.tables.frames import read_table

    scale = load_preset(preset)
    claims = read_table(results_folder(preset) / "claims.parquet", CLAIMS)
    present = [name for name in scale.experiments if (table_folder(preset, name) / "runs.parquet").exists()]
    runs = {name: read_table(table_folder(preset, name) / "runs.parquet", RUNS) for name in present}
    origins = {name: read_table(table_folder(preset, name) / "provenance.parquet", PROVENANCE) for name in present}
    counts = claims["verdict"].value_counts()
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    sheets = [("Differences from the paper's scale", *_differences(preset, scale))]
    if runs:
        sheets = [
            ("Runs", "", runs_sheet(runs)),
            ("Cost", "A run that diverged stopped early and cost less than was planned.", cost_sheet(runs, origins)),
            *sheets,
            ("Data", "", _data(runs)),
            ("Environment", "", origin_sheet(origins)),
        ]
    sheets += _refinement(preset, scale)
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in claims.to_dict("records")]
    return Page(preset, f"Preset {preset}: {verdicts}.", rows, list(_figures(preset, runs, rows)), tuple(sheets))


def _figures(preset: str, runs: "dict[str, pd.DataFrame]", claims: Sequence[dict[str, Any]]) -> "Iterable[Shown]":
    from depthtransfer import figures
    from depthtransfer.report import Shown

    for name in figures.names():
        png, csv = (figure_path(name, preset).with_suffix(suffix) for suffix in (".png", ".csv"))
        if not (png.exists() and csv.exists()):
            continue
        module = figures.load(name)
        caption = " ".join(
            _caption(runs[experiment], preset, experiment)
            for experiment in getattr(module, "EXPERIMENTS", ())
            if experiment in runs
        )
        shown = tuple(str(claim["claim"]) for claim in claims if claim["figure"] == name)
        picture = png.read_bytes()
        caption = f"{caption} {_makers(picture, png)}".strip()
        yield Shown(name, module.TITLE, caption, picture, csv.read_bytes(), shown)


def _makers(picture: bytes, path: Path) -> str:
    """Commits of a picture's runs and solutions, from its own record; nothing if it has none."""
    from depthtransfer.errors import StoreError
    from depthtransfer.figures import FigureError
    from depthtransfer.figures.sealed_files import read_sealed

    try:
        sealed = read_sealed(picture, str(path))
    except (FigureError, StoreError):
        return ""
    if not sealed.intact:
        return "The picture was changed after it was drawn."
    counts: Counter[str] = Counter()
    for origin in (*sealed.record.experiments.values(), *sealed.record.studies.values()):
        for maker in origin.made_by:
            counts[f"{maker.commit[:12]}{' with uncommitted changes' if maker.dirty else ''}"] += maker.count
    return f"Made by commits {', '.join(f'{commit} ({count})' for commit, count in counts.most_common())}."


def _caption(runs: "pd.DataFrame", preset: str, experiment: str) -> str:
    from depthtransfer.configuration import load_experiment
    from depthtransfer.figures import ExperimentTables
    from depthtransfer.figures.captions import caption

    return caption([ExperimentTables(runs=runs, preset=preset)], load_experiment(experiment).sweep)


def _refinement(preset: str, scale: "Preset") -> "list[tuple[str, str, Sheet]]":
    """Values that were added to grids, if the preset refines and any were."""
    from depthtransfer.report import Sheet
    from depthtransfer.sweeps.refinement import read_additions

    tables = {name: refinement_path(preset, name) for name in scale.experiments if scale.refine}
    added = {name: read_additions(path) for name, path in tables.items() if path.exists()}
    rows = [
        (name, each.variant, str(each.width), str(each.depth), f"{each.value:.6g}", str(each.round), each.reason)
        for name, additions in added.items()
        for each in additions
    ]
    text = "Values added to the grids of networks whose optimum was at the edge or poorly known, and trained."
    sheet = Sheet(("Experiment", "Scheme", "Width", "Depth", "Value", "Round", "Why"), tuple(rows))
    return [("Refinement", text, sheet)] if rows else []


def _data(runs: "dict[str, pd.DataFrame]") -> "Sheet":
    from depthtransfer.data import load_declarations
    from depthtransfer.report import Sheet

    declared = load_declarations(Path("config/datasets.yaml"))
    used = sorted({name for table in runs.values() for name in table["dataset"].unique()})
    rows = [
        (name, declared[name].description, f"{declared[name].fingerprint or 'none'}")
        for name in used
        if name in declared
    ]
    return Sheet(("Data set", "What", "Fingerprint"), tuple(rows))


def _differences(preset: str, scale: "Preset") -> "tuple[str, Sheet]":
    """What a preset does on another scale than the preset named paper, experiment by experiment."""
    from depthtransfer.configuration import load_preset
    from depthtransfer.report import Sheet

    rows = []
    reference = load_preset("paper")
    for experiment, grids in scale.experiments.items():
        theirs = reference.experiments.get(experiment)
        if theirs is None:
            rows.append((experiment, "all", "as below", "not in the preset paper"))
            continue
        for name in _COMPARED:
            here, there = _setting(grids, name), _setting(theirs, name)
            if here != there:
                rows.append((experiment, name.replace("_", " "), here, there))
    text = (
        "The paper's scale is known in part only; docs/provenance.md says how each value is known, docs/limitations.md "
        "what else differs."
    )
    return text, Sheet(("Experiment", "What", preset, "paper"), tuple(rows))


def _setting(grids: "Iterable[Grid]", name: str) -> str:
    """A setting of all grids of an experiment as text."""
    values: set[object] = set()
    for grid in grids:
        value = getattr(grid, name)
        values |= set(value) if isinstance(value, tuple) else {value}
    kept = sorted((value for value in values if value is not None), key=lambda value: (str(type(value)), value))
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in kept) or "-"
