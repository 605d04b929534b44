"""What the runs of a preset were, what they cost, and on what they ran, as text."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from depthtransfer.report.page import Sheet


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


def listed(values: "pd.Series[Any]") -> str:
    """The distinct values in order."""
    return ", ".join(str(value) for value in sorted(values.dropna().unique()))


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"
