"""How theory and finite networks are drawn over each other, in every figure of the theory.

The limit is dashed black and lies on top; infinite width at finite depth is a line in the depth's colour; finite
networks are markers with error bars in that colour, one marker a width.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from depthtransfer.analysis import fit_slope
from depthtransfer.figures import style
from depthtransfer.figures.layout import Key, depth_key, width_key
from depthtransfer.figures.tables import exact, limit, networks

LIMIT: dict[str, Any] = {"color": "black", "linestyle": (0, (4, 2.2)), "linewidth": 1.2, "zorder": 6}
GUIDE: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.9, "linestyle": (0, (1, 1.4))}
DEEPEST = 4
"""Depths, from the deepest, that a slope over depth is fitted to: shallower ones have corrections of higher order."""


def widths_of(rows: pd.DataFrame) -> tuple[int, ...]:
    """Widths of the finite networks, widest first: their ranks give the markers."""
    return tuple(sorted({int(width) for width in networks(rows)["width"]}, reverse=True))


def draw_theory(axes: Axes, rows: pd.DataFrame, x: str, widths: Sequence[int], *, size: float = 3.0) -> None:
    """Limit, infinite width at finite depth, and networks, each as far as the rows hold it."""
    draw_exact(axes, rows, x)
    draw_networks(axes, rows, x, widths, size=size)
    draw_limit(axes, rows, x)


def draw_limit(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    """Values of the limit against a column, dashed black, with a band of two standard errors where it has any."""
    line = limit(rows).sort_values(x)
    axes.plot(line[x], line["value"], **LIMIT)
    _draw_band(axes, line, x, "black")


def draw_exact(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    """Values at infinite width against a column, a line for each depth, with a band of two standard errors."""
    theory = exact(rows)
    if theory.empty:
        return
    palette = style.depth_palette(theory["depth"].unique())
    sns.lineplot(
        theory, x=x, y="value", hue="depth", palette=palette, estimator=None, linewidth=1.0, legend=False, ax=axes
    )
    for depth, line in theory.groupby("depth", sort=True):
        _draw_band(axes, line.sort_values(x), x, palette[float(str(depth))])


def _draw_band(axes: Axes, line: pd.DataFrame, x: str, colour: str) -> None:
    error = 2 * line["standard_error"]
    if (error > 0).any():
        axes.fill_between(
            line[x], line["value"] - error, line["value"] + error, color=colour, alpha=0.2, linewidth=0, zorder=1
        )


def draw_networks(axes: Axes, rows: pd.DataFrame, x: str, widths: Sequence[int], *, size: float = 3.0) -> None:
    """Means over networks against a column, with error bars of one standard error."""
    draw_points(axes, networks(rows), x, "value", "standard_error", widths, size=size)


def draw_points(
    axes: Axes, points: pd.DataFrame, x: str, y: str, error: str, widths: Sequence[int], *, size: float = 3.0
) -> None:
    """Markers by depth and width with error bars; on a logarithmic axis a bar that reaches zero stops short of it."""
    below: Any = points[error]
    if axes.get_yscale() == "log":
        below = np.minimum(below, 0.95 * points[y].abs())
    style.draw_lines(
        axes, points.assign(low=points[y] - below, high=points[y] + points[error]), x, y, widths=widths, bars=True,
        joined=False, markersize=size, zorder=4,
    )  # fmt: skip


def draw_power_laws(
    axes: Axes, rows: pd.DataFrame, value: str, error: str, widths: Sequence[int]
) -> list[dict[str, Any]]:
    """Size of a column of networks against width, with the power law fitted to each depth.

    Returns:
        For each depth: depth, and value, low and high of its slope.
    """
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    own = networks(rows)
    own = own.assign(size=own[value].abs())
    found: list[dict[str, Any]] = []
    depth: Any
    for depth, line in own.groupby("depth", sort=True):
        slope = fit_slope(line["width"], line[value], line[error])
        found.append({"depth": depth, **vars(slope)})
        x, y, e = (line.sort_values("width")[name].to_numpy(dtype=float) for name in ("width", "size", error))
        level = np.average(np.log(y) - slope.value * np.log(x), weights=(y / e) ** 2)
        axes.plot(x, np.exp(level) * x**slope.value, color=style.depth_colour(depth), linewidth=0.9, zorder=2)
    draw_points(axes, own, "width", "size", error, widths)
    style.label_sizes(axes, sorted(widths), "width $N$")
    return found


def theory_keys(
    rows: pd.DataFrame, *, with_exact: bool = True, limit_label: str = "limit $N, L\\to\\infty$"
) -> list[Key]:
    """Legend: depths by colour, widths by marker, and what the kinds of line are."""
    depths = sorted({float(depth) for depth in rows["depth"] if np.isfinite(depth)})
    lines: list[Any] = [Line2D([], [], **LIMIT)]
    names = [limit_label]
    if with_exact:
        lines.append(Line2D([], [], color=style.FAINT, linewidth=1.0))
        names.append("$N\\to\\infty$ at depth $L$")
    keys = [depth_key(depths), width_key(widths_of(rows), "networks of width $N$", lines=False)]
    return [*keys, Key("theory", lines, names)]


def seeds_of(rows: pd.DataFrame) -> str:
    """Numbers of networks behind the points, in words."""
    counts = sorted({int(count) for count in networks(rows)["seeds"]})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def listed(values: Iterable[float]) -> str:
    """Distinct numbers in order, written short."""
    return ", ".join(f"{value:.4g}" for value in sorted(set(values)))


def slopes_note(found: Sequence[dict[str, Any]]) -> str:
    """Slopes by depth with their intervals, a line each."""
    lines = [f"$L={each['depth']:.0f}$: {each['value']:.2f} [{each['low']:.2f}, {each['high']:.2f}]" for each in found]
    return "slope " + "\n         ".join(lines)
