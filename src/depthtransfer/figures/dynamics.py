"""The figure of the dynamics' consistency: loss curves by depth beside distances to the proxy."""

from typing import TYPE_CHECKING

import pandas as pd

from depthtransfer.analysis import distances, loss_gaps, mean_curves
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.experiment_tables import ExperimentTables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BLOCKS = 20  # points of a loss curve
_LEFT, _RIGHT, _GAP, _TOP, _PANEL, _XLABEL = 0.66, 0.15, 0.75, 0.34, 2.7, 0.48  # inches


def draw_dynamics(title: str, experiment: ExperimentTables) -> "tuple[Figure, pd.DataFrame]":
    """Draw the figure; return it with its table: rows of kind "loss", "gap" and "distance"."""
    runs = experiment.runs
    smooth = max(1, int(runs["steps"].max()) // _BLOCKS)
    curves = mean_curves(runs, experiment.steps, smooth=smooth)
    apart = distances(runs, experiment.probes)
    shown = _widest_complete(curves)
    table = pd.concat(
        [
            curves.assign(kind="loss"),
            loss_gaps(curves).assign(kind="gap"),
            apart.assign(kind="distance"),
        ],
        ignore_index=True,
    )
    last = apart[apart["step"] == apart["step"].max()]
    with style.context():
        figure = _arranged(title, experiment, shown, last)
    return figure, table[["kind", *(name for name in table.columns if name != "kind")]]


def _widest_complete(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves of the largest width that was trained at the most depths."""
    depths = curves.groupby("width")["depth"].nunique()
    widest = depths[depths == depths.max()].index.max()
    complete: pd.DataFrame = curves[curves["width"] == widest]
    return complete


def _arranged(title: str, experiment: ExperimentTables, curves: pd.DataFrame, apart: pd.DataFrame) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from depthtransfer.figures.distance_panel import distance_handles, draw_distances
    from depthtransfer.figures.legends import Group, caption_lines, draw_caption, legend_row
    from depthtransfer.figures.step_panel import draw_curves

    width = style.TEXT_WIDTH
    first = apart.iloc[0]
    about = (
        f"{title}. (a) Width {int(curves['width'].iloc[0])}, mean and range over seeds. (b) Root mean square over "
        f"probe images and outputs after {int(first['step'])} steps; the proxy is the mean of "
        f"{int(first['proxy_seeds'])} networks of width {int(first['proxy_width'])} and depth "
        f"{int(first['proxy_depth'])}; bars are standard errors over seeds. {caption([experiment])}"
    )
    lines = caption_lines(about, width - 0.3)
    depths = sorted(curves["depth"].unique())
    by_depth = [Line2D([], [], color=style.depth_colour(depth), linewidth=2.2) for depth in depths]
    groups = [Group("(a) depth $L$", by_depth, [str(depth) for depth in depths]), *distance_handles(apart)]
    figure = Figure(figsize=(width, 1.0))
    legend = legend_row(figure, groups, width, None)
    below = legend.height + legend.line * (len(lines) + 0.8)
    height = _TOP + _PANEL + _XLABEL + below
    figure.set_size_inches(width, height)
    across = (width - _LEFT - _RIGHT - _GAP) / 2
    bottom = (below + _XLABEL) / height
    left = figure.add_axes((_LEFT / width, bottom, across / width, _PANEL / height))
    draw_curves(left, curves, labelled=True)
    left.set_title("(a) training loss", loc="left", pad=6)
    right = figure.add_axes(((_LEFT + across + _GAP) / width, bottom, across / width, _PANEL / height))
    draw_distances(right, apart)
    right.set_title("(b) distance to the proxy", loc="left", pad=6)
    legend_row(figure, groups, width, below)
    draw_caption(figure, lines, legend.line * (len(lines) + 0.4))
    return figure
