"""Loss against a hyperparameter, and above it the values at which runs diverged."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from depthtransfer.figures import style
from depthtransfer.figures.legends import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from depthtransfer.figures.transfer_panels import Measured, Shared


def draw_losses(axes: "Axes", measured: "Measured", shared: "Shared", *, labelled: bool) -> None:
    """Averaged loss with the range over seeds; the optimum of each curve marked at its fitted place."""
    level, _ = shared.reference
    axes.axhline(level, color=style.FAINT, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    if shared.logarithmic:
        axes.set_yscale("log")
    axes.set_ylim(*shared.limits)
    width: Any
    depth: Any
    for (width, depth), curve in measured.curves.groupby(["width", "depth"], sort=True):
        _draw_curve(axes, curve, shared.widths.index(width), style.depth_colour(depth))
    row: Any
    for row in measured.optima.itertuples():
        if np.isfinite(row.loss):
            axes.plot(
                row.log2_optimum,
                row.loss,
                style.OPTIMUM,
                color=style.depth_colour(row.depth),
                markeredgecolor="black",
                markeredgewidth=0.5,
                markersize=8.5 if row.width == shared.widths[0] else 6.5,
                zorder=5,
            )
    label_powers(axes, np.array(shared.ranges[measured.panel.hyperparameter]), axis="x")
    axes.set_xlabel(style.hyperparameter_label(measured.panel.hyperparameter))
    axes.grid(axis="y")
    if labelled:
        axes.set_ylabel("training loss (nats)")
    else:
        axes.tick_params(labelleft=False)


def _draw_curve(axes: "Axes", curve: "DataFrame", rank: int, colour: str) -> None:
    stable = curve[np.isfinite(curve["loss"])]
    if stable.empty:
        return
    x, y = stable["log2_value"], stable["loss"]
    axes.plot(
        x,
        y,
        color=colour,
        linestyle=style.width_line(rank),
        marker=style.width_marker(rank),
        markersize=3.0,
        markeredgewidth=0.0,
        zorder=3,
    )
    if (stable["seeds"] > 1).any():
        axes.fill_between(x, stable["low"], stable["high"], color=colour, alpha=0.22, linewidth=0, zorder=2)


def draw_strip(axes: "Axes", measured: "Measured", shared: "Shared", title: str, *, labelled: bool) -> None:
    """Mark where runs diverged, a row for each depth (deepest at the top), in it one for each width."""
    rows = [(depth, width) for depth in shared.depths for width in reversed(shared.widths)]
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_title(title, loc="left", pad=6)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelbottom=False, length=0)
    block = len(shared.widths)
    for index, _ in enumerate(shared.depths):
        if index % 2 == 0:
            axes.axhspan(index * block - 0.5, (index + 1) * block - 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    gone = measured.curves[measured.curves["diverged"] > 0]
    row: Any
    for row in gone.itertuples():
        every = row.diverged == row.seeds
        colour = style.depth_colour(row.depth)
        axes.plot(
            row.log2_value,
            rows.index((int(row.depth), int(row.width))),
            style.DIVERGED,
            markersize=4.6,
            color=colour if every else "white",
            markeredgecolor=colour if not every else "none",
            markeredgewidth=0.7 if not every else 0.0,
            zorder=3,
            clip_on=False,
        )
    axes.set_yticks([index * block + (block - 1) / 2 for index in range(len(shared.depths))])
    if labelled:
        axes.set_yticklabels([str(depth) for depth in shared.depths], fontsize=style.FONT_SIZE - 2)
        for tick, depth in zip(axes.get_yticklabels(), shared.depths, strict=True):
            tick.set_color(style.depth_colour(depth))
    else:
        axes.tick_params(labelleft=False)
    size = style.FONT_SIZE - 1.5
    axes.text(
        1,
        1.02,
        "diverged",
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        color=style.FAINT,
        fontsize=size,
    )
    if gone.empty:
        axes.text(
            0.5,
            0.5,
            "no run diverged",
            transform=axes.transAxes,
            ha="center",
            va="center",
            color=style.FAINT,
            fontsize=style.FONT_SIZE - 1,
        )


def label_powers(axes: "Axes", log2_values: np.ndarray, axis: str, *, room: int = 7) -> None:
    """Label an axis that shows log2 by powers of two, whole ones if there are, about ``room`` at most."""
    low, high = float(np.min(log2_values)), float(np.max(log2_values))
    span = max(high - low, 0.5)
    step = next(step for step in (0.25, 0.5, 1, 2, 4, 8, 16, 32) if span / step <= room or step == 32)
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    if not len(ticks):
        ticks = np.array([low])
    labels = [f"$2^{{{tick + 0.0:g}}}$" for tick in ticks]  # adding zero makes -0 a 0
    if axis == "x":
        axes.set_xticks(ticks, labels)
        axes.set_xlim(low - 0.045 * span, high + 0.045 * span)
    else:
        axes.set_yticks(ticks, labels)


def loss_handles(shared: "Shared", measured: Sequence["Measured"]) -> list[Group]:
    """Entries for depth, width and the marks of the loss panels."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    depths = [Line2D([], [], color=style.depth_colour(depth), linewidth=2.2) for depth in shared.depths]
    widths = [
        Line2D(
            [],
            [],
            color=style.INK,
            linestyle=style.width_line(rank),
            marker=style.width_marker(rank),
            markersize=3.2,
        )
        for rank in range(len(shared.widths))
    ]
    marks: list[object] = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=style.OPTIMUM,
            color="white",
            markeredgecolor="black",
            markersize=9,
            markeredgewidth=0.7,
        )
    ]
    names = ["optimum"]
    if any((part.curves["seeds"] > 1).any() for part in measured):
        marks.append(Patch(color=style.FAINT, alpha=0.3, linewidth=0))
        names.append("range over seeds")
    if any((part.curves["diverged"] > 0).any() for part in measured):
        marks.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=style.DIVERGED,
                color=style.INK,
                markeredgewidth=0,
                markersize=5,
            )
        )
        names.append("diverged")
    if any(part.curves["diverged"].between(1, part.curves["seeds"] - 1).any() for part in measured):
        marks.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=style.DIVERGED,
                color="white",
                markeredgecolor=style.INK,
                markeredgewidth=0.7,
                markersize=5,
            )
        )
        names.append("some seeds")
    marks.append(Line2D([], [], color=style.FAINT, linewidth=0.9, linestyle=(0, (2, 2))))
    names.append(shared.reference[1])
    return [
        Group("depth $L$", list(depths), [str(depth) for depth in shared.depths]),
        Group("width", list(widths), [str(width) for width in shared.widths]),
        Group("", marks, names),
    ]
