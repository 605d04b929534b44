"""Transfer over depth at several lengths of training: losses a column for each length, and the optima of all."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.figures import style
from depthtransfer.figures.panels import panel_of
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.figures.transfer import draw_rows
from depthtransfer.registry import FigureEntry


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """A row for each variant of the experiment, in it the runs of each number of steps, the shortest first."""
    whole = chosen(tables, entry.experiments[0])
    rows = []
    for variant in [str(name) for name in whole.runs["variant"].unique()]:
        lengths = sorted(set(whole.runs.loc[whole.runs["variant"] == variant, "steps"]))
        rows.append(
            [
                panel_of(_of_length(whole, steps), variant, f"{style.variant_label(variant)}, {steps} steps", colour)
                for steps, colour in zip(
                    lengths, (*reversed(style.COLOURS[: len(lengths) - 1]), style.INK), strict=True
                )
            ]
        )
    rows.sort(key=len, reverse=True)
    return draw_rows(entry.title, rows)


def _of_length(whole: ExperimentTables, steps: int) -> ExperimentTables:
    optima = whole.optima
    return replace(
        whole,
        runs=whole.runs[whole.runs["steps"] == steps],
        optima=None if optima is None else optima[optima["steps"] == steps],
    )
