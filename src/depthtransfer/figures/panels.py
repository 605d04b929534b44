"""Panels of trained networks: loss against a hyperparameter with what diverged above it, optimum against depth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from depthtransfer.analysis import curves, estimates, optima
from depthtransfer.figures import style
from depthtransfer.figures.layout import Key, depth_key, mark, width_key
from depthtransfer.figures.tables import ExperimentTables, FigureError

_DODGE = 0.09  # octaves of depth between curves that would cover each other
_REFERENCE: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.9, "linestyle": (0, (2, 2))}


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel of losses, with what was computed from its runs.

    Attributes:
        name: what the panel shows, as its title.
        colour: its colour where panels are compared.
        experiment: the tables that its runs come from.
        runs: the runs it shows, all of one variant.
        hyperparameter: the swept column.
        curves: averaged losses; see ``analysis.curves``.
        optima: see ``analysis.optima``.
    """

    name: str
    colour: str
    experiment: ExperimentTables
    runs: pd.DataFrame
    hyperparameter: str
    curves: pd.DataFrame
    optima: pd.DataFrame


@dataclass(frozen=True)
class Shared:
    """What the panels of a figure have in common.

    Attributes:
        ranges: smallest and largest coordinate (log2) of each hyperparameter that is swept.
        depths, widths: all that occur; widths from the widest, whose rank 0 is drawn most plainly.
        limits: of the loss axis, in nats.
        logarithmic: whether the loss axis is.
        reference: a loss above which nothing was learned, and what to call it.
    """

    ranges: Mapping[str, tuple[float, float]]
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    limits: tuple[float, float]
    logarithmic: bool
    reference: tuple[float, str]


def panel_of(experiment: ExperimentTables, variant: str, name: str, colour: str) -> Panel:
    """Average the curves of one variant of an experiment; its optima are looked up, or found where there are none.

    Raises:
        FigureError: if the table has no run of it.
    """
    runs = experiment.runs[experiment.runs["variant"] == variant]
    if runs.empty:
        present = ", ".join(sorted(set(experiment.runs["variant"].astype(str))))
        raise FigureError(f"the runs table has no run of scheme '{variant}' (it has: {present})", "run it first")
    swept = experiment.swept
    known = experiment.optima
    best = optima(estimates(runs, swept)) if known is None else known[known["scheme"] == variant]
    return Panel(name, colour, experiment, runs, swept, curves(runs, swept), best.reset_index(drop=True))


def shown(panels: Sequence[Panel]) -> list[ExperimentTables]:
    """The experiments behind these panels, each with the runs that its panel shows: what a caption is read off."""
    return [replace(panel.experiment, runs=panel.runs) for panel in panels]


def behind(panels: Sequence[Panel]) -> pd.DataFrame:
    """The table behind the panels: rows of kind "curve" and "optimum", with the name of their panel."""
    kinds = [panel.curves.assign(kind="curve", panel=panel.name) for panel in panels]
    kinds += [panel.optima.assign(kind="optimum", panel=panel.name) for panel in panels]
    table = pd.concat(kinds, ignore_index=True)
    first = ["kind", "panel"]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def shared_by(panels: Sequence[Panel]) -> Shared:
    """What these panels have in common."""
    points = pd.concat([panel.curves for panel in panels])
    values = points.groupby("hyperparameter")["log2_value"]
    reference = _reference(panels)
    lowest = points["low"].min()
    lowest = float(lowest) if np.isfinite(lowest) and lowest > 0 else reference[0] / 10
    logarithmic = lowest < reference[0] / 20
    span = reference[0] - min(lowest, 0.9 * reference[0])
    if logarithmic:
        limits = (lowest / 1.5, reference[0] * 1.35)
    else:
        limits = (max(lowest - 0.08 * span, 0.0), reference[0] + 0.07 * span)
    return Shared(
        {str(name): (float(group.min()), float(group.max())) for name, group in values},
        tuple(sorted({int(depth) for depth in points["depth"]})),
        tuple(sorted({int(width) for width in points["width"]}, reverse=True)),
        limits,
        logarithmic,
        reference,
    )


def _reference(panels: Sequence[Panel]) -> tuple[float, str]:
    """Chance level if the number of classes is known, else the loss before training, else the largest."""
    classes = [panel.experiment.classes for panel in panels if panel.experiment.classes]
    if classes:
        return float(np.log(max(classes))), f"chance (ln {max(classes)})"
    runs = pd.concat([panel.runs for panel in panels])
    if "initial_loss" in runs.columns and runs["initial_loss"].notna().any():
        medians = runs.groupby(["scheme", "width", "depth"], observed=True)["initial_loss"].median()
        return float(medians.min()), "before training"
    losses = runs["loss"].dropna()
    return (float(losses.max()), "largest loss") if len(losses) else (1.0, "")


def strip_height(shared: Shared) -> float:
    """Height in inches of the strip of diverged runs above a panel, with its title."""
    return 0.34 + max(0.09 * len(shared.widths), 0.13) * len(shared.depths)


def draw_losses(axes: Axes, panel: Panel, shared: Shared, *, labelled: bool) -> None:
    """Averaged loss with the range over seeds; the optimum of each curve marked at its fitted place."""
    axes.axhline(shared.reference[0], zorder=1, **_REFERENCE)
    if shared.logarithmic:
        axes.set_yscale("log")
    axes.set_ylim(*shared.limits)
    _powers_of_two(axes, shared.ranges[panel.hyperparameter])
    points = panel.curves.assign(x=np.exp2(panel.curves["log2_value"]))
    style.draw_lines(axes, points, "x", "loss", widths=shared.widths)
    best = panel.optima[np.isfinite(panel.optima["loss"])]
    if len(best):
        sns.scatterplot(
            best.assign(x=np.exp2(best["log2_optimum"])), x="x", y="loss", hue="depth", size="width",
            palette=style.depth_palette(best["depth"].unique()), marker=style.OPTIMUM, edgecolor="black", linewidth=0.5,
            sizes={width: 80.0 if width == shared.widths[0] else 50.0 for width in shared.widths}, zorder=5,
            legend=False, ax=axes,
        )  # fmt: skip
    axes.set_xlabel(style.axis_label(panel.hyperparameter))
    axes.grid(axis="y")
    axes.set_ylabel("training loss (nats)" if labelled else "")
    if shared.logarithmic:
        style.label_log(axes)
    axes.tick_params(labelleft=labelled)


def _powers_of_two(axes: Axes, range_: tuple[float, float]) -> None:
    """A logarithmic x axis over a range of log2."""
    low, high = range_
    margin = 0.045 * max(high - low, 0.5)
    axes.set_xscale("log", base=2)
    axes.set_xlim(2 ** (low - margin), 2 ** (high + margin))
    axes.xaxis.set_major_locator(LogLocator(base=2, numticks=8))
    axes.xaxis.set_minor_locator(NullLocator())


def draw_strip(axes: Axes, panel: Panel, shared: Shared, *, labelled: bool) -> None:
    """Mark where runs diverged, a row for each depth (deepest at the top), in it one for each width."""
    block = len(shared.widths)
    rows = {
        (depth, width): block * level + place
        for level, depth in enumerate(shared.depths)
        for place, width in enumerate(reversed(shared.widths))
    }
    axes.set_ylim(-0.6, len(rows) - 0.4)
    _powers_of_two(axes, shared.ranges[panel.hyperparameter])
    sns.despine(ax=axes, left=True, bottom=True)
    for level in range(0, len(shared.depths), 2):
        axes.axhspan(level * block - 0.5, (level + 1) * block - 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    gone = panel.curves[panel.curves["diverged"] > 0]
    gone = gone.assign(
        x=np.exp2(gone["log2_value"]), row=[rows[size] for size in zip(gone["depth"], gone["width"], strict=True)]
    )
    every = gone["diverged"] == gone["seeds"]
    for part, filled in ((gone[every], True), (gone[~every], False)):
        colours = [style.depth_colour(depth) for depth in part["depth"]]
        axes.scatter(
            part["x"], part["row"], s=21 if filled else 17, marker=style.DIVERGED, zorder=3, clip_on=False,
            facecolors=colours if filled else "white", edgecolors="none" if filled else colours, linewidths=0.7,
        )  # fmt: skip
    axes.set_yticks(
        [level * block + (block - 1) / 2 for level in range(len(shared.depths))],
        [str(depth) for depth in shared.depths],
    )
    axes.tick_params(labelbottom=False, labelleft=labelled, length=0, labelsize=style.FONT_SIZE - 2)
    for tick, depth in zip(axes.yaxis.get_major_ticks(), shared.depths, strict=False):
        tick.label1.set_color(style.depth_colour(depth))
    axes.set_xlabel("")
    axes.set_title("diverged" if len(gone) else "no run diverged", loc="right", fontsize=style.FONT_SIZE - 1.5,
                   color=style.FAINT, pad=3)  # fmt: skip


def draw_optima(axes: Axes, panels: Sequence[Panel], shared: Shared) -> None:
    """One curve per panel and width; an arrow where an interval has no end; a cross if all diverged."""
    low, high = _limits(pd.concat([panel.optima for panel in panels]))
    axes.set_yscale("log", base=2)
    axes.set_ylim(2**low, 2**high)
    axes.yaxis.set_major_locator(LogLocator(base=2, numticks=8))
    axes.yaxis.set_minor_locator(NullLocator())
    style.label_sizes(axes, shared.depths, "depth $L$ (residual branches)")
    many = len(panels) * len(shared.widths)
    parts = []
    for index, panel in enumerate(panels):
        rank = panel.optima["width"].map(shared.widths.index)
        shift = (index * len(shared.widths) + rank - (many - 1) / 2) * _DODGE
        parts.append(panel.optima.assign(panel=index, x=panel.optima["depth"] * 2**shift))
    table = pd.concat(parts, ignore_index=True)
    ends = table[["low", "high"]].clip(low, high)
    table = table.assign(y=2 ** table["log2_optimum"], bottom=2 ** ends["low"], top=2 ** ends["high"])
    palette = {index: panel.colour for index, panel in enumerate(panels)}
    style.draw_lines(
        axes, table, "x", "y", widths=shared.widths, spread=("bottom", "top"), hue="panel", palette=palette, bars=True,
        linewidth=1.0, markersize=4.5,
    )  # fmt: skip
    colours = np.array([palette[index] for index in table["panel"]])
    found = np.isfinite(table["y"])
    for where, height, marker in (
        (found & np.isneginf(table["low"]), low, "v"),
        (found & np.isposinf(table["high"]), high, "^"),
        (~found, low + 0.035 * (high - low), style.DIVERGED),
    ):
        y = np.full(where.sum(), 2**height)
        axes.scatter(
            table["x"][where], y, s=16 if found.any() and marker != style.DIVERGED else 36, marker=marker,
            color=colours[where], linewidths=0, clip_on=False, zorder=4,
        )  # fmt: skip
    margin = 0.25 + _DODGE * many / 2
    axes.set_xlim(min(shared.depths) * 2**-margin, max(shared.depths) * 2**margin)
    axes.set_xlabel("depth $L$ (residual branches)")
    axes.set_ylabel(style.optimum_label(panels[0].hyperparameter), labelpad=2)
    axes.grid(axis="y")


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Room for all optima and finite intervals, and half a grid step more, in the coordinate."""
    ends = table[["low", "high", "log2_optimum"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends)]
    step = float(np.nanmax([table["grid_step"].median(), 0.25]))
    below = 1.0 if (table["edge"] == "all_diverged").any() else 0.5
    return float(ends.min()) - below * step, float(ends.max()) + 0.5 * step


def draw_courses(axes: Axes, courses: pd.DataFrame, widths: Sequence[int], *, labelled: bool) -> None:
    """Averaged losses over steps with their range over seeds.

    Args:
        axes: to draw into.
        courses: columns width, depth, step, loss, low, high, as made by ``analysis.mean_curves``.
        widths: all of the figure, widest first.
        labelled: whether the loss axis has labels.
    """
    axes.set_yscale("log")
    style.draw_lines(axes, courses, "step", "loss", widths=widths, markers=False)
    axes.margins(x=0.02)
    axes.set_xlabel("step")
    axes.set_ylabel("training loss (nats)" if labelled else "")
    axes.grid(axis="y")
    style.label_log(axes)
    axes.tick_params(labelleft=labelled)


def loss_keys(shared: Shared, panels: Sequence[Panel]) -> list[Key]:
    """Legend of the loss panels: depth, width and the marks that occur."""
    points = pd.concat([panel.curves for panel in panels])
    handles: list[Any] = [mark(style.OPTIMUM, size=9, filled=False, edge=0.7)]
    labels = ["optimum"]
    if (points["seeds"] > 1).any():
        handles.append(Patch(color=style.FAINT, alpha=0.3, linewidth=0))
        labels.append("range over seeds")
    if (points["diverged"] > 0).any():
        handles.append(mark(style.DIVERGED))
        labels.append("diverged")
    if points["diverged"].between(1, points["seeds"] - 1).any():
        handles.append(mark(style.DIVERGED, filled=False, edge=0.7))
        labels.append("some seeds diverged")
    handles.append(Line2D([], [], **_REFERENCE))
    labels.append(shared.reference[1])
    return [depth_key(shared.depths), width_key(shared.widths), Key("", handles, labels)]


def optimum_key(panels: Sequence[Panel], letter: str) -> Key:
    """Legend of an optimum panel: the panels by colour, and what has no place on the axis."""
    handles: list[Any] = []
    labels: list[str] = []
    if len(panels) > 1:
        handles = [Line2D([], [], color=panel.colour, linewidth=1.6) for panel in panels]
        labels = [panel.name for panel in panels]
    edges = pd.concat([panel.optima["edge"] for panel in panels])
    if edges.eq("all_diverged").any():
        handles.append(mark(style.DIVERGED, size=6))
        labels.append("all diverged")
    if edges.isin(["left", "right", "both"]).any():
        handles.append(mark("v", size=4.5))
        labels.append("edge of grid")
    return Key(f"({letter})", handles, labels)
