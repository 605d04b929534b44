"""Figure B.3: is the optimum found early in the training of a vision transformer the one at its end?"""

# ruff: noqa: N999  (the figure is called B.3)

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.analysis import savings, stopped
from depthtransfer.figures import style
from depthtransfer.figures.panels import panel_of
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.figures.transfer import draw_rows
from depthtransfer.registry import FigureEntry

_FRACTION = 1 / 3


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Losses after a third and at the end of the same runs, their optima, and what tuning small and early saves."""
    experiment = chosen(tables, entry.experiments[0])
    early = replace(experiment, runs=stopped(experiment.runs, experiment.steps, _FRACTION), optima=None)
    panels = [
        panel_of(each, "mup_sqrt_depth", name, colour)
        for each, name, colour in zip(
            (early, experiment), ("after a third", "at the end"), (style.COLOURS[3], style.COLOURS[2]), strict=True
        )
    ]
    saved = savings(panels[-1].runs, _FRACTION)
    row = saved.iloc[0]
    text = (
        f"{entry.title}. Training the largest network (width {row['largest_width']:.0f}, depth "
        f"{row['largest_depth']:.0f}) costs {row['ratio']:.3g} times the operations of the smallest (width "
        f"{row['smallest_width']:.0f}, depth {row['smallest_depth']:.0f}), {row['early_ratio']:.3g} times those of its "
        "first third"
    )
    figure, table = draw_rows(text, [panels])
    return figure, pd.concat([table, saved.assign(kind="cost")], ignore_index=True)
