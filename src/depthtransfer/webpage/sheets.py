"""Tables of the page: what the runs of a preset were and cost, on what they ran, how they differ from the paper's."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from depthtransfer.configuration import Grid, Preset
from depthtransfer.data import Declaration
from depthtransfer.webpage.page import Sheet

_COMPARED = ("dataset", "widths", "depths", "seeds", "epochs", "steps", "batch_size", "precision")


def runs_sheet(tables: Mapping[str, pd.DataFrame]) -> Sheet:
    """One row per experiment: how many runs, how many diverged, and their sizes.

    Args:
        tables: runs by experiment; see ``depthtransfer.tables.columns.RUNS``.
    """
    rows = []
    for experiment, runs in tables.items():
        rows.append(
            (
                experiment,
                f"{len(runs)}",
                f"{int((runs['status'] == 'diverged').sum())}",
                listed(runs["dataset"]),
                listed(runs["width"]),
                listed(runs["depth"]),
                f"{runs['seed'].nunique()}",
                listed(runs["steps"]),
            )
        )
    return Sheet(("Experiment", "Runs", "Diverged", "Data", "Widths", "Depths", "Seeds", "Steps"), tuple(rows))


def cost_sheet(tables: Mapping[str, pd.DataFrame], provenance: Mapping[str, pd.DataFrame]) -> Sheet:
    """One row per experiment and one for all: counted operations and time inside training steps.

    A run that diverged early cost less than its planned operations.
    """
    rows, operations, seconds = [], 0.0, 0.0
    for experiment, runs in tables.items():
        spent, took = float(runs["flops"].sum()), float(provenance[experiment]["seconds"].sum())
        operations, seconds = operations + spent, seconds + took
        rows.append((experiment, f"{spent:.3g}", _duration(took), listed(runs["device"])))
    rows.append(("all", f"{operations:.3g}", _duration(seconds), ""))
    return Sheet(("Experiment", "FLOP planned", "Time in training steps", "Device"), tuple(rows))


def origin_sheet(provenance: Mapping[str, pd.DataFrame]) -> Sheet:
    """Commits, machines and versions that made the runs."""
    every = pd.concat(list(provenance.values()), ignore_index=True)
    rows = [("Made by commit", f"{commit} ({count} runs)") for commit, count in every["commit"].value_counts().items()]
    rows += [("Machine", f"{machine} ({count} runs)") for machine, count in every["machine"].value_counts().items()]
    rows += [
        ("Versions", f"{', '.join(f'{k} {v}' for k, v in sorted(json.loads(str(text)).items()))} ({count} runs)")
        for text, count in every["versions"].value_counts().items()
    ]
    rows.append(("Finished", f"{every['finished'].min()} to {every['finished'].max()}"))
    return Sheet(("What", "Which"), tuple(rows))


def data_sheet(runs: Mapping[str, pd.DataFrame], declared: Mapping[str, Declaration]) -> Sheet:
    """What each data set is, with its fingerprint.

    Args:
        runs: by experiment.
        declared: all data sets; those that are declared no more are left out.
    """
    used = sorted({name for table in runs.values() for name in table["dataset"].unique()} & set(declared))
    rows = [(name, declared[name].description, declared[name].fingerprint or "none") for name in used]
    return Sheet(("Data set", "What", "Fingerprint"), tuple(rows))


def difference_sheet(preset: str, scale: Preset, paper: Preset) -> Sheet:
    """What a preset does on another scale than the preset named paper, experiment by experiment."""
    rows = []
    for experiment, grids in scale.experiments.items():
        theirs = paper.experiments.get(experiment)
        if theirs is None:
            rows.append((experiment, "all", "as below", "not in the preset paper"))
            continue
        for name in _COMPARED:
            here, there = _setting(grids, name), _setting(theirs, name)
            if here != there:
                rows.append((experiment, name.replace("_", " "), here, there))
    return Sheet(("Experiment", "What", preset, "paper"), tuple(rows))


def _setting(grids: Iterable[Grid], name: str) -> str:
    """A setting of all grids of an experiment as text."""
    values: set[object] = set()
    for grid in grids:
        value = getattr(grid, name)
        values |= set(value) if isinstance(value, tuple) else {value}
    kept = sorted((value for value in values if value is not None), key=lambda value: (str(type(value)), value))
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in kept) or "-"


def scale_sentence(runs: Sequence[pd.DataFrame], datasets: Mapping[str, str]) -> str:
    """One sentence on the scale of runs: data, widths, depths and steps.

    Args:
        runs: tables of runs.
        datasets: how each data set is written, by name.
    """
    if not runs:
        return "No networks were trained."
    every = pd.concat(list(runs), ignore_index=True)
    data = ", ".join(datasets.get(name, name) for name in sorted(every["dataset"].unique()))
    steps = _rounded(every["steps"])
    widths, depths = (f"{name}s {listed(every[name])}" for name in ("width", "depth"))
    return f"Networks on {data}, {widths}, {depths}, trained for {steps} steps."


def _rounded(steps: "pd.Series[Any]") -> str:
    low, high = int(steps.min()), int(steps.max())
    return f"{low}" if low == high else f"{low} to {high}"


def listed(values: "pd.Series[Any]") -> str:
    """The distinct values in order."""
    return ", ".join(str(value) for value in sorted(values.dropna().unique()))


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"
