"""Transfer on the way to the end of a schedule: losses early and in the middle of the same runs, a row for each."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.analysis import during
from depthtransfer.figures import style
from depthtransfer.figures.panels import panel_of
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.figures.transfer import draw_rows
from depthtransfer.registry import FigureEntry

MOMENTS = {"early": 1 / 4, "middle": 1 / 2}
"""Share of the steps at which each window ends, by name."""
_COLOURS = (style.COLOURS[3], style.COLOURS[1])


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Losses of the first variant averaged over windows that end at each of the moments, and their optima."""
    end = chosen(tables, entry.experiments[0])
    variant = str(end.runs["variant"].iloc[0])
    rows = []
    for (name, share), colour in zip(MOMENTS.items(), _COLOURS, strict=True):
        runs = during(end.runs, end.steps, share)
        rows.append([panel_of(replace(end, runs=runs, optima=None), variant, name, colour)])
    shares = ", ".join(f"{name}: up to {share:.0%} of the steps" for name, share in MOMENTS.items())
    return draw_rows(f"{entry.title}. Means over a window, {shares}", rows)
