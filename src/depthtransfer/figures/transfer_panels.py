"""Figures of hyperparameter transfer: loss against a hyperparameter, panel by panel, and its optimum
against depth.

This module measures and arranges; ``loss_panel`` and ``optimum_panel`` draw into the axes that it hands them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from depthtransfer.analysis import curves, estimates, optima
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.errors import FigureError
from depthtransfer.figures.experiment_tables import ExperimentTables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STRIP_ROW = 0.085  # inches a row of diverged runs
_STRIP_LABEL = 0.12  # inches a depth at least, for its label
_PANEL = 2.55  # inches of a panel's height
_LOWER_PANEL = 1.9  # the same where there are several rows
_LEFT, _RIGHT, _GAP, _TOP = 0.62, 0.12, 0.30, 0.34
_WIDE = 2  # columns of losses that leave room for a long title
_OPTIMUM_GAP = 0.72  # room for the tick labels of the optimum panel
_XLABEL = 0.48


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel of losses.

    Attributes:
        name: what the panel shows, as its title.
        scheme: its scheme, whose colour it has where panels are compared.
        experiment: the tables that its runs come from.
        runs: the runs it shows, all of one scheme.
        hyperparameter: the swept column.
        colour: its colour where panels are compared; that of its scheme if empty.
    """

    name: str
    scheme: str
    experiment: ExperimentTables
    runs: pd.DataFrame
    hyperparameter: str = "learning_rate"
    colour: str = ""


@dataclass(frozen=True, eq=False)
class Measured:
    """A panel with what was computed from its runs: averaged curves and optima."""

    panel: Panel
    curves: pd.DataFrame
    optima: pd.DataFrame

    @property
    def colour(self) -> str:
        """Colour of the panel's optima."""
        return self.panel.colour or style.scheme_colour(self.panel.scheme)


@dataclass(frozen=True)
class Shared:
    """What the panels of a figure have in common.

    Attributes:
        ranges: smallest and largest log2 of each hyperparameter that is swept.
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


def panel_of(
    experiment: ExperimentTables,
    variant: str,
    name: str,
    *,
    hyperparameter: str = "learning_rate",
    colour: str = "",
) -> Panel:
    """The panel of one variant of an experiment.

    Raises:
        FigureError: if the table has no run of it.
    """
    runs = experiment.runs[experiment.runs["variant"] == variant]
    if runs.empty:
        present = ", ".join(sorted(set(experiment.runs["variant"].astype(str))))
        raise FigureError(f"the runs table has no run of scheme '{variant}' (it has: {present})", "run it first")
    return Panel(name, str(runs["scheme"].iloc[0]), experiment, runs, hyperparameter, colour)


def scheme_panels(
    experiment: ExperimentTables, schemes: Sequence[str], hyperparameter: str = "learning_rate"
) -> tuple[Panel, ...]:
    """One panel for each scheme of one experiment.

    Raises:
        FigureError: if the table has no run of a scheme.
    """
    return tuple(
        panel_of(experiment, scheme, style.scheme_label(scheme), hyperparameter=hyperparameter) for scheme in schemes
    )


def draw_transfer(
    title: str, *rows: Sequence[Panel], resamples: int = 1000, seed: int = 0
) -> "tuple[Figure, pd.DataFrame]":
    """Draw rows of panels, each with its optima against depth at the right, and a caption below.

    Args:
        title: first words of the caption.
        rows: at least one, of at least one panel each; all share the loss axis and the axes of their hyperparameters.
        resamples, seed: of the bootstrap of the optima.

    Returns:
        The figure and the table behind it: rows of kind "curve" (one point of an averaged curve) and
        "optimum".
    """
    measured = [[measure(panel, resamples, seed) for panel in row] for row in rows]
    flat = [part for row in measured for part in row]
    with style.context():
        figure = _arranged(title, measured, shared_by(flat))
    return figure, behind(flat)


def measure(panel: Panel, resamples: int, seed: int) -> Measured:
    """Average the curves of a panel and find their optima."""
    return Measured(
        panel,
        curves(panel.runs, panel.hyperparameter),
        optima(estimates(panel.runs, panel.hyperparameter, resamples=resamples, seed=seed)),
    )


def behind(measured: Sequence[Measured]) -> pd.DataFrame:
    """The table behind the panels: rows of kind "curve" and "optimum", with the name of their panel."""
    kinds = [part.curves.assign(kind="curve", panel=part.panel.name) for part in measured]
    kinds += [part.optima.assign(kind="optimum", panel=part.panel.name) for part in measured]
    table = pd.concat(kinds, ignore_index=True)
    first = ["kind", "panel"]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def _ranges(measured: Sequence[Measured]) -> dict[str, tuple[float, float]]:
    points = pd.concat([part.curves for part in measured])
    values = points.groupby("hyperparameter")["log2_value"]
    return {str(name): (float(group.min()), float(group.max())) for name, group in values}


def shared_by(measured: Sequence[Measured]) -> Shared:
    """What these panels have in common."""
    points = pd.concat([part.curves for part in measured])
    reference = _reference(measured)
    lowest = points["low"].min()
    lowest = float(lowest) if np.isfinite(lowest) and lowest > 0 else reference[0] / 10
    logarithmic = lowest < reference[0] / 20
    span = reference[0] - min(lowest, 0.9 * reference[0])
    if logarithmic:
        limits = (lowest / 1.5, reference[0] * 1.35)
    else:
        limits = (max(lowest - 0.08 * span, 0.0), reference[0] + 0.07 * span)
    return Shared(
        _ranges(measured),
        tuple(sorted({int(depth) for depth in points["depth"]})),
        tuple(sorted({int(width) for width in points["width"]}, reverse=True)),
        limits,
        logarithmic,
        reference,
    )


def _reference(measured: Sequence[Measured]) -> tuple[float, str]:
    """Chance level if the number of classes is known, else the loss before training, else the largest."""
    classes = [part.panel.experiment.classes for part in measured if part.panel.experiment.classes]
    if classes:
        return float(np.log(max(classes))), f"chance (ln {max(classes)})"
    runs = pd.concat([part.panel.runs for part in measured])
    if "initial_loss" in runs.columns and runs["initial_loss"].notna().any():
        medians = runs.groupby(["scheme", "width", "depth"], observed=True)["initial_loss"].median()
        return float(medians.min()), "before training"
    losses = runs["loss"].dropna()
    return (float(losses.max()), "largest loss") if len(losses) else (1.0, "")


def caption_of(measured: Sequence[Measured]) -> str:
    """Caption of the runs that these panels show."""
    shown = [replace(part.panel.experiment, runs=part.panel.runs) for part in measured]
    return caption(shown, measured[0].panel.hyperparameter)


def strip_height(shared: Shared) -> float:
    """Height in inches of the strip of diverged runs above a panel."""
    return max(_STRIP_ROW * len(shared.widths), _STRIP_LABEL) * len(shared.depths)


def _arranged(title: str, rows: Sequence[Sequence[Measured]], shared: Shared) -> "Figure":
    from matplotlib.figure import Figure

    from depthtransfer.figures.legends import caption_lines, draw_caption, legend_row
    from depthtransfer.figures.loss_panel import loss_handles
    from depthtransfer.figures.optimum_panel import optimum_handles

    columns = max(map(len, rows))
    width = style.TEXT_WIDTH * {1: 0.74, 2: 1.0, 3: 1.0}.get(columns, 1.2)
    flat = [part for row in rows for part in row]
    lines = caption_lines(f"{title}. {caption_of(flat)}", width - 0.3)
    strip, panel = strip_height(shared), _PANEL if len(rows) == 1 else _LOWER_PANEL
    groups = [*loss_handles(shared, flat)]
    groups += [optimum_handles(row, _letter(rows, index, len(row))) for index, row in enumerate(rows)]
    figure = Figure(figsize=(width, 1.0))
    legend = legend_row(figure, groups, width, None)
    below = legend.height + legend.line * (len(lines) + 0.8)
    band = _TOP + strip + 0.05 + panel + _XLABEL
    height = band * len(rows) + below
    figure.set_size_inches(width, height)
    for index, row in enumerate(rows):
        bottom = below + band * (len(rows) - 1 - index) + _XLABEL
        letters = [_letter(rows, index, place) for place in range(len(row) + 1)]
        _draw_row(figure, row, shared, letters, _Place(bottom, panel, strip, columns))
    legend_row(figure, groups, width, below)
    draw_caption(figure, lines, legend.line * (len(lines) + 0.4))
    return figure


@dataclass(frozen=True)
class _Place:
    """Where a row lies, in inches: lower edge and height of its panels, height of the strip; columns of losses."""

    bottom: float
    panel: float
    strip: float
    columns: int


def _letter(rows: Sequence[Sequence[Measured]], row: int, place: int) -> str:
    return chr(97 + sum(len(earlier) + 1 for earlier in rows[:row]) + place)


def _draw_row(figure: "Figure", row: Sequence[Measured], shared: Shared, letters: Sequence[str], place: _Place) -> None:
    from depthtransfer.figures.optimum_panel import draw_optima

    width, height = (float(size) for size in figure.get_size_inches())
    optimum_share = 0.8
    inner = width - _LEFT - _RIGHT - _GAP * (place.columns - 1) - _OPTIMUM_GAP
    unit = inner / (place.columns + optimum_share)
    for index, part in enumerate(row):
        box = (_LEFT + index * (unit + _GAP), place.bottom, unit, place.panel)
        draw_cell(figure, part, shared, box, f"({letters[index]}) {part.panel.name}", labelled=index == 0)
    left = 1.0 - (_RIGHT + unit * optimum_share) / width
    whole = (place.panel + 0.05 + place.strip) / height
    axes = figure.add_axes((left, place.bottom / height, unit * optimum_share / width, whole))
    title = "optimum against depth" if place.columns <= _WIDE else "optimum"
    draw_optima(axes, row, shared, f"({letters[-1]}) {title}")


def draw_cell(
    figure: "Figure",
    part: Measured,
    shared: Shared,
    box: tuple[float, float, float, float],
    title: str,
    *,
    labelled: bool,
) -> None:
    """Draw one panel of losses with its strip of diverged runs above.

    Args:
        figure: to draw into.
        part: what it shows.
        shared: what it has in common with the figure's other panels.
        box: left and lower edge, width and height of the panel without its strip, in inches.
        title: of the panel.
        labelled: whether the axes at the left have labels.
    """
    from depthtransfer.figures.loss_panel import draw_losses, draw_strip

    width, height = (float(size) for size in figure.get_size_inches())
    left, bottom, across, panel = box
    axes = figure.add_axes((left / width, bottom / height, across / width, panel / height))
    upper = (bottom + panel + 0.05) / height
    above = figure.add_axes((left / width, upper, across / width, strip_height(shared) / height), sharex=axes)
    draw_losses(axes, part, shared, labelled=labelled)
    draw_strip(above, part, shared, title, labelled=labelled)
