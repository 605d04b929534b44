"""Figure B.3: is the optimum found early in the training of a vision transformer the one at its end?"""

# ruff: noqa: N999  (the figure is called B.3)

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ("vit_learning_rate",)
TITLE = "Tuning a vision transformer after a third of its training and at the end, μP with 1/√L branches"

_FRACTION = 1 / 3
_COLOURS = ("#d55e00", "#009e73")


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Losses after a third and at the end of the same runs, their optima, and what tuning small and early saves."""
    from dataclasses import replace

    import pandas as pd

    from depthtransfer.analysis import savings, stopped
    from depthtransfer.figures.transfer_panels import draw_transfer, panel_of

    experiment = chosen(tables, EXPERIMENTS[0])
    early = replace(experiment, runs=stopped(experiment.runs, experiment.steps, _FRACTION))
    panels = [
        panel_of(each, "mup_sqrt_depth", name, colour=colour)
        for each, name, colour in zip((early, experiment), ("after a third", "at the end"), _COLOURS, strict=True)
    ]
    saved = savings(panels[-1].runs, _FRACTION)
    row = saved.iloc[0]
    title = (
        f"{TITLE}. Training the largest network (width {row['largest_width']:.0f}, depth {row['largest_depth']:.0f}) "
        f"costs {row['ratio']:.3g} times the operations of the smallest (width {row['smallest_width']:.0f}, depth "
        f"{row['smallest_depth']:.0f}), {row['early_ratio']:.3g} times those of its first third"
    )
    figure, table = draw_transfer(title, panels, resamples=resamples, seed=seed)
    return figure, pd.concat([table, saved.assign(kind="cost")], ignore_index=True)
