"""Distance of networks to the proxy of the infinite one, against depth."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from depthtransfer.figures import style
from depthtransfer.figures.legends import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


def draw_distances(axes: "Axes", table: "DataFrame") -> None:
    """Single networks with error bars, ensembles dashed, and the slope 1/L as a guide; log-log.

    Args:
        axes: to draw into.
        table: rows of one step, as made by ``analysis.distances``.
    """
    widths = sorted(table["width"].unique(), reverse=True)
    width: Any
    for width, group in table.groupby("width", sort=True):
        rank = widths.index(width)
        colour = style.width_colour(rank)
        axes.errorbar(
            group["depth"],
            group["distance"],
            yerr=group["standard_error"],
            color=colour,
            marker=style.width_marker(rank),
            markersize=4,
            elinewidth=0.9,
            zorder=3,
        )
        seen = group[group["bias"] > 0]
        axes.plot(
            seen["depth"],
            seen["bias"],
            color=colour,
            linestyle=(0, (4, 2)),
            marker=style.width_marker(rank),
            markerfacecolor="white",
            markersize=4,
            zorder=3,
        )
    depths = np.array(sorted(table["depth"].unique()), dtype=float)
    start = float(table.loc[table["depth"] == depths[0], ["distance", "bias"]].max().max())
    axes.plot(depths, 0.8 * start * depths[0] / depths, color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 1.5)))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(depths, [f"{depth:g}" for depth in depths])
    axes.minorticks_off()
    axes.set_xlabel("depth $L$ (residual branches)")
    axes.set_ylabel("relative distance of logits to the proxy")
    axes.grid(axis="y")


def distance_handles(table: "DataFrame") -> list[Group]:
    """Entries for widths, the two kinds of curves, and the guide."""
    from matplotlib.lines import Line2D

    widths = sorted(table["width"].unique(), reverse=True)
    by_width = [
        Line2D([], [], color=style.width_colour(rank), marker=style.width_marker(rank), markersize=4)
        for rank in range(len(widths))
    ]
    kinds: Sequence[Any] = [
        Line2D([], [], color=style.INK, marker="o", markersize=4),
        Line2D([], [], color=style.INK, marker="o", markersize=4, markerfacecolor="white", linestyle=(0, (4, 2))),
        Line2D([], [], color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 1.5))),
    ]
    return [
        Group("(b) width", by_width, [str(width) for width in widths]),
        Group("", list(kinds), ["single networks", "ensemble, noise removed", "$1/L$"]),
    ]
