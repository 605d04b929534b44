"""Transfer at two moments of the same runs: losses early and late in training, a row for each scheme."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.analysis import stopped
from depthtransfer.figures import style
from depthtransfer.figures.panels import panel_of
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.figures.transfer import draw_rows
from depthtransfer.registry import FigureEntry

_EARLY, _LATE = style.COLOURS[3], style.COLOURS[2]


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Losses averaged over the first and over the last window of the same runs, and the optima of both."""
    late = chosen(tables, entry.experiments[0])
    late = replace(late, runs=late.runs[late.runs["variant"].isin(entry.variants)])
    window = (late.runs["window"] / late.runs["steps"]).max()
    early = replace(late, runs=stopped(late.runs, late.steps, float(window)), optima=None)
    rows = [
        [
            panel_of(at, variant, f"{style.variant_label(variant)} {when}", colour)
            for at, when, colour in ((early, "early", _EARLY), (late, "late", _LATE))
        ]
        for variant in entry.variants
    ]
    return draw_rows(f"{entry.title}. Early: mean over the first so many steps as late over the last", rows)
