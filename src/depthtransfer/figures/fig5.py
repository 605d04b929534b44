"""Figure 5: do the dynamics converge as networks get wider and deeper?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.analysis import distances, loss_gaps, mean_curves
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import Key, depth_key, finish, page, title
from depthtransfer.figures.panels import draw_courses
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.registry import FigureEntry

_BLOCKS = 20  # points of a loss curve
_GUIDE: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.9, "linestyle": (0, (1, 1.5))}
_ENSEMBLE: dict[str, Any] = {"linestyle": (0, (4, 2)), "markerfacecolor": "white", "markersize": 4}


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Loss curves of the widest networks that were trained at every depth, and distances to the proxy.

    Returns:
        The figure and its table: rows of kind "loss", "gap" and "distance".
    """
    experiment = chosen(tables, entry.experiments[0])
    runs = experiment.runs
    smooth = max(1, int(runs["steps"].max()) // _BLOCKS)
    curves = mean_curves(runs, experiment.steps, smooth=smooth)
    apart = distances(runs, experiment.probes)
    gaps = loss_gaps(curves)
    kinds = {"loss": curves, "gap": gaps, "distance": apart}
    table = pd.concat([part.assign(kind=kind) for kind, part in kinds.items()], ignore_index=True)
    last, shown = apart[apart["step"] == apart["step"].max()], _widest_complete(curves)
    first = last.iloc[0]
    about = (
        f"{entry.title}. (a) Width {int(shown['width'].iloc[0])}, mean and range over seeds. (b) Root mean square over "
        f"probe images and outputs after {int(first['step'])} steps; the proxy is the mean of "
        f"{int(first['proxy_seeds'])} networks of width {int(first['proxy_width'])} and depth "
        f"{int(first['proxy_depth'])}; bars are standard errors over seeds. {caption([experiment])}"
    )
    widths = sorted((int(width) for width in last["width"].unique()), reverse=True)
    with style.context():
        figure, axes = page([["losses", "distances"]], 9.6, [3.3])
        draw_courses(axes["losses"], shown, [int(shown["width"].iloc[0])], labelled=True)
        title(axes["losses"], 0, "training loss")
        _draw_distances(axes["distances"], last, widths)
        title(axes["distances"], 1, "distance to the proxy")
        finish(figure, _keys(shown, widths), about)
    return figure, table[["kind", *(name for name in table.columns if name != "kind")]]


def _widest_complete(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves of the largest width that was trained at the most depths."""
    depths = curves.groupby("width")["depth"].nunique()
    complete: pd.DataFrame = curves[curves["width"] == depths[depths == depths.max()].index.max()]
    return complete


def _draw_distances(axes: Axes, table: pd.DataFrame, widths: Sequence[int]) -> None:
    """Single networks with error bars, ensembles dashed, and the slope 1/L as a guide; log-log."""
    axes.set_yscale("log")
    palette = style.width_palette(widths)
    error = table["standard_error"].fillna(0.0)
    table = table.assign(low=table["distance"] - error, high=table["distance"] + error)
    style.draw_lines(
        axes, table, "depth", "distance", widths=widths, hue="width", palette=palette, bars=True, linestyle="-"
    )
    for width, group in table[table["bias"] > 0].groupby("width", sort=True):
        marker = style.width_marker(widths.index(int(str(width))))
        axes.plot(group["depth"], group["bias"], color=palette[int(str(width))], marker=marker, **_ENSEMBLE)
    depths = np.array(sorted(table["depth"].unique()), dtype=float)
    start = float(table.loc[table["depth"] == depths[0], ["distance", "bias"]].max().max())
    axes.plot(depths, 0.8 * start * depths[0] / depths, **_GUIDE)
    style.label_sizes(axes, depths.tolist(), "depth $L$ (residual branches)")
    style.label_log(axes)
    axes.set_ylabel("relative distance of logits to the proxy")
    axes.grid(axis="y")


def _keys(curves: pd.DataFrame, widths: Sequence[int]) -> list[Key]:
    palette = style.width_palette(widths)
    by_width = [
        Line2D([], [], color=palette[width], marker=style.width_marker(rank), markersize=4)
        for rank, width in enumerate(widths)
    ]
    kinds = [
        Line2D([], [], color=style.INK, marker="o", markersize=4),
        Line2D([], [], color=style.INK, marker="o", **_ENSEMBLE),
        Line2D([], [], **_GUIDE),
    ]
    return [
        depth_key(sorted(curves["depth"].unique()), "(a) depth $L$"),
        Key("(b) width", by_width, [str(width) for width in widths]),
        Key("", kinds, ["single networks", "ensemble,\nnoise removed", "$1/L$"]),
    ]
