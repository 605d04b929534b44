"""Training loss over steps, a curve for each depth."""

import math
from typing import TYPE_CHECKING, Any

from depthtransfer.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

_MANTISSAS = (
    tuple(1 + 0.05 * step for step in range(180)),
    tuple(1 + 0.1 * step for step in range(90)),
    tuple(1 + 0.2 * step for step in range(45)),
    (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0),
    (1.0, 2.0, 4.0),
    (1.0, 3.0),
    (1.0,),
)
"""Ticks of a decade, from the finest to the coarsest."""


def draw_curves(axes: "Axes", curves: "DataFrame", *, labelled: bool) -> None:
    """Draw averaged loss curves with their range over seeds, the widest network most plainly.

    Args:
        axes: to draw into.
        curves: columns width, depth, step, loss, low, high, as made by ``analysis.mean_curves``.
        labelled: whether the loss axis has its label.
    """
    widths = sorted(curves["width"].unique(), reverse=True)
    width: Any
    depth: Any
    for (width, depth), group in curves.groupby(["width", "depth"], sort=True):
        colour = style.depth_colour(depth)
        axes.plot(group["step"], group["loss"], color=colour, linestyle=style.width_line(widths.index(width)), zorder=3)
        if (group["seeds"] > 1).any():
            axes.fill_between(group["step"], group["low"], group["high"], color=colour, alpha=0.15, linewidth=0)
    axes.set_yscale("log")
    axes.margins(x=0.02)
    axes.set_xlabel("step")
    axes.grid(axis="y")
    plain_logarithm(axes)
    if labelled:
        axes.set_ylabel("training loss (nats)")


def plain_logarithm(axes: "Axes", *, room: int = 6) -> None:
    """Label a logarithmic loss axis with a few plain numbers within its limits, also where it spans little."""
    from matplotlib.ticker import NullLocator

    low, high = axes.get_ylim()
    ticks: list[float] = []
    for mantissas in _MANTISSAS:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [value for decade in decades for m in mantissas if low <= (value := m * 10.0**decade) <= high]
        if len(ticks) <= room:
            break
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
