"""How theory and finite networks are drawn over each other, in every figure of the theory.

The limit is dashed black and lies on top; infinite width at finite depth is a line in the depth's colour; finite
networks are markers with error bars in that colour, one marker a width.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from depthtransfer.figures import style
from depthtransfer.figures.legends import Group
from depthtransfer.figures.study_table import exact, limit, networks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

LIMIT_LINE: dict[str, Any] = {"color": "black", "linestyle": (0, (4, 2.2)), "linewidth": 1.2, "zorder": 6}


def widths_of(rows: "DataFrame") -> tuple[int, ...]:
    """Widths of the finite networks, widest first: their ranks give the markers."""
    return tuple(sorted({int(width) for width in networks(rows)["width"]}, reverse=True))


def depths_of(rows: "DataFrame") -> tuple[int, ...]:
    """All finite depths in order."""
    return tuple(sorted({int(depth) for depth in rows["depth"] if np.isfinite(depth)}))


def draw_limit(axes: "Axes", rows: "DataFrame", x: str) -> None:
    """Values of the limit against a column, dashed black."""
    line = limit(rows).sort_values(x)
    axes.plot(line[x], line["value"], **LIMIT_LINE)


def draw_exact(axes: "Axes", rows: "DataFrame", x: str) -> None:
    """Values at infinite width against a column, a line for each depth."""
    for depth, line in exact(rows).groupby("depth", sort=True):
        ordered = line.sort_values(x)
        axes.plot(ordered[x], ordered["value"], color=style.depth_colour(float(str(depth))), linewidth=1.0, zorder=2)


def draw_networks(axes: "Axes", rows: "DataFrame", x: str, widths: Sequence[int], size: float = 3.0) -> None:
    """Means over networks against a column, with error bars of one standard error."""
    group: Any
    for group, points in networks(rows).groupby(["depth", "width"], sort=True):
        depth, width = group
        error_bars(
            axes, points[x], points["value"], points["standard_error"], depth, widths.index(int(width)), size=size
        )


def error_bars(axes: "Axes", x: Any, y: Any, error: Any, depth: float, rank: int, size: float = 3.0) -> None:
    """Markers of one depth and one rank of width with error bars."""
    axes.errorbar(
        x,
        y,
        yerror_of(y, error, axes),
        color=style.depth_colour(depth),
        linestyle="none",
        marker=style.width_marker(rank),
        markersize=size,
        markeredgewidth=0.0,
        elinewidth=0.8,
        zorder=4,
    )


def yerror_of(y: Any, error: Any, axes: "Axes") -> np.ndarray:
    """Lengths of error bars below and above; on a logarithmic axis a bar that reaches zero stops short of it."""
    values, errors = np.asarray(y, dtype=float), np.asarray(error, dtype=float)
    below = np.minimum(errors, 0.95 * np.abs(values)) if axes.get_yscale() == "log" else errors
    return np.stack([below, errors])


def groups(rows: "DataFrame", *, with_exact: bool = True, limit_label: str = "limit $N, L\\to\\infty$") -> list[Group]:
    """Legend: depths by colour, widths by marker, and what the kinds of line are."""
    from matplotlib.lines import Line2D

    depths, widths = depths_of(rows), widths_of(rows)
    colours = [Line2D([], [], color=style.depth_colour(depth), linewidth=2.2) for depth in depths]
    markers = [
        Line2D([], [], color=style.INK, linestyle="none", marker=style.width_marker(rank), markersize=3.6)
        for rank in range(len(widths))
    ]
    lines: list[Any] = [Line2D([], [], **LIMIT_LINE)]
    names = [limit_label]
    if with_exact:
        lines.append(Line2D([], [], color=style.FAINT, linewidth=1.0))
        names.append("theory at depth $L$")
    return [
        Group("depth $L$", list(colours), [str(depth) for depth in depths]),
        Group("networks of width $N$", list(markers), [str(width) for width in widths]),
        Group("", lines, names),
    ]


def seeds_of(rows: "DataFrame") -> str:
    """Numbers of networks behind the points, in words."""
    counts = sorted({int(count) for count in networks(rows)["seeds"]})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def listed(values: Iterable[float]) -> str:
    """Distinct numbers in order, written short."""
    return ", ".join(f"{value:.4g}" for value in sorted(set(values)))
