"""The optimum of a hyperparameter against depth, with intervals, for every panel of a figure together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from depthtransfer.figures import style
from depthtransfer.figures.legends import Group
from depthtransfer.figures.loss_panel import label_powers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from depthtransfer.figures.transfer_panels import Measured, Shared

_DODGE = 0.09  # octaves of depth between curves that would cover each other


def draw_optima(axes: "Axes", measured: Sequence["Measured"], shared: "Shared", title: str) -> None:
    """One curve per panel and width; an arrow where an interval has no end; a cross if all diverged."""
    table = pd.concat([part.optima for part in measured])
    low, high = _limits(table)
    axes.set_ylim(low, high)
    many = len(measured) * len(shared.widths)
    for index, part in enumerate(measured):
        colour = part.colour
        for width, group in part.optima.groupby("width", sort=True):
            rank = shared.widths.index(width)
            place = index * len(shared.widths) + rank - (many - 1) / 2
            _draw_width(axes, group.sort_values("depth"), rank, colour, place * _DODGE, (low, high))
    x = np.log2(shared.depths)
    axes.set_xticks(x, [str(depth) for depth in shared.depths])
    margin = 0.25 + _DODGE * many / 2
    axes.set_xlim(x.min() - margin, x.max() + margin)
    label_powers(axes, np.array([low, high]), axis="y")
    symbol = style.optimum_symbol(measured[0].panel.hyperparameter)
    axes.set_ylabel(f"optimum ${symbol}$", labelpad=2)
    axes.set_xlabel("depth $L$ (residual branches)")
    axes.set_title(title, loc="left", pad=6)
    axes.grid(axis="y")


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Room for all optima and finite intervals, and half a grid step more, on the grid's scale."""
    ends = table[["low", "high", "log2_optimum"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends)]
    step = float(np.nanmax([table["grid_step"].median(), 0.25]))
    below = 1.0 if (table["edge"] == "all_diverged").any() else 0.5
    return float(ends.min()) - below * step, float(ends.max()) + 0.5 * step


def _draw_width(
    axes: "Axes", group: pd.DataFrame, rank: int, colour: str, shift: float, limits: tuple[float, float]
) -> None:
    x = np.log2(group["depth"].to_numpy(dtype=float)) + shift
    y = group["log2_optimum"].to_numpy(dtype=float)
    low, high = (group[name].to_numpy(dtype=float) for name in ("low", "high"))
    found = np.isfinite(y)
    axes.plot(x[found], y[found], color=colour, linestyle=style.width_line(rank), linewidth=1.0, zorder=2)
    axes.vlines(
        x[found],
        np.maximum(low[found], limits[0]),
        np.minimum(high[found], limits[1]),
        color=colour,
        linewidth=0.9,
        zorder=2,
    )
    axes.plot(
        x[found],
        y[found],
        style.width_marker(rank),
        color=colour,
        markersize=4.2,
        markeredgewidth=0.0,
        zorder=3,
    )
    for ends, limit, arrow in ((low, limits[0], "v"), (high, limits[1], "^")):
        open_ended = found & np.isinf(ends)
        axes.plot(
            x[open_ended],
            np.full(open_ended.sum(), limit),
            arrow,
            color=colour,
            markersize=4,
            markeredgewidth=0.0,
            clip_on=False,
            zorder=4,
        )
    floor = limits[0] + 0.035 * (limits[1] - limits[0])
    axes.plot(
        x[~found],
        np.full((~found).sum(), floor),
        style.DIVERGED,
        color=colour,
        markersize=6,
        markeredgewidth=0.0,
        zorder=3,
    )


def optimum_handles(measured: Sequence["Measured"], letter: str) -> Group:
    """Entries for the schemes and for what has no place on the axis."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=part.colour, linewidth=1.6) for part in measured]
    labels = [part.panel.name for part in measured]
    if len(measured) == 1:
        handles, labels = [], []
    edges = pd.concat([part.optima["edge"] for part in measured])
    if edges.eq("all_diverged").any():
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=style.DIVERGED,
                color=style.INK,
                markeredgewidth=0,
                markersize=6,
            )
        )
        labels.append("all diverged")
    if edges.isin(["left", "right", "both"]).any():
        handles.append(Line2D([], [], linestyle="none", marker="v", color=style.INK, markeredgewidth=0, markersize=4.5))
        labels.append("edge of grid")
    return Group(f"({letter})", handles, labels)
