"""Figures of hyperparameter transfer: loss against a hyperparameter, panel by panel, and its optimum
against depth.

This module measures and arranges; ``loss_panel`` and ``optimum_panel`` draw into the axes that it hands them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from depthtransfer.analysis import curves, optima
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.errors import FigureError
from depthtransfer.figures.experiment_tables import ExperimentTables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STRIP_ROW = 0.085  # inches a row of diverged runs
_STRIP_LABEL = 0.12  # inches a depth at least, for its label
_PANEL = 2.55  # inches of a panel's height
_LEFT, _RIGHT, _GAP, _TOP = 0.62, 0.12, 0.30, 0.34
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
    """

    name: str
    scheme: str
    experiment: ExperimentTables
    runs: pd.DataFrame
    hyperparameter: str = "learning_rate"


@dataclass(frozen=True, eq=False)
class Measured:
    """A panel with what was computed from its runs: averaged curves and optima."""

    panel: Panel
    curves: pd.DataFrame
    optima: pd.DataFrame


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


def scheme_panels(
    experiment: ExperimentTables, schemes: Sequence[str], hyperparameter: str = "learning_rate"
) -> tuple[Panel, ...]:
    """One panel for each scheme of one experiment.

    Raises:
        FigureError: if the table has no run of a scheme.
    """
    panels = []
    for scheme in schemes:
        runs = experiment.runs[experiment.runs["scheme"] == scheme]
        if runs.empty:
            present = ", ".join(sorted(set(experiment.runs["scheme"].astype(str))))
            what = f"the runs table has no run of scheme '{scheme}' (it has: {present})"
            raise FigureError(what, "run it first")
        panels.append(Panel(style.scheme_label(scheme), scheme, experiment, runs, hyperparameter))
    return tuple(panels)


def draw_transfer(
    title: str, panels: Sequence[Panel], *, resamples: int = 1000, seed: int = 0
) -> "tuple[Figure, pd.DataFrame]":
    """Draw the panels side by side, with the optimum against depth at their right and a caption below.

    Args:
        title: first words of the caption.
        panels: at least one; they share the loss axis.
        resamples, seed: of the bootstrap of the optima.

    Returns:
        The figure and the table behind it: rows of kind "curve" (one point of an averaged curve) and
        "optimum".
    """
    measured = [_measure(panel, resamples, seed) for panel in panels]
    with style.context():
        figure = _arranged(title, measured, _shared(measured))
    return figure, _behind(measured)


def _measure(panel: Panel, resamples: int, seed: int) -> Measured:
    return Measured(
        panel,
        curves(panel.runs, panel.hyperparameter),
        optima(panel.runs, panel.hyperparameter, resamples=resamples, seed=seed),
    )


def _behind(measured: Sequence[Measured]) -> pd.DataFrame:
    kinds = [part.curves.assign(kind="curve") for part in measured]
    kinds += [part.optima.assign(kind="optimum") for part in measured]
    table = pd.concat(kinds, ignore_index=True)
    return table[["kind", *(name for name in table.columns if name != "kind")]]


def _ranges(measured: Sequence[Measured]) -> dict[str, tuple[float, float]]:
    points = pd.concat([part.curves for part in measured])
    values = points.groupby("hyperparameter")["log2_value"]
    return {str(name): (float(group.min()), float(group.max())) for name, group in values}


def _shared(measured: Sequence[Measured]) -> Shared:
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


def _caption(measured: Sequence[Measured]) -> str:
    shown = [replace(part.panel.experiment, runs=part.panel.runs) for part in measured]
    return caption(shown, measured[0].panel.hyperparameter)


def _arranged(title: str, measured: Sequence[Measured], shared: Shared) -> "Figure":
    from matplotlib.figure import Figure

    from depthtransfer.figures.legends import caption_lines, draw_caption, legend_row
    from depthtransfer.figures.loss_panel import draw_losses, draw_strip, loss_handles
    from depthtransfer.figures.optimum_panel import draw_optima, optimum_handles

    N = len(measured)
    width = style.TEXT_WIDTH if N > 1 else 0.74 * style.TEXT_WIDTH
    lines = caption_lines(f"{title}. {_caption(measured)}", width - 0.3)
    strip = max(_STRIP_ROW * len(shared.widths), _STRIP_LABEL) * len(shared.depths)
    groups = [*loss_handles(shared, measured), optimum_handles(measured)]
    figure = Figure(figsize=(width, 1.0))
    rows = legend_row(figure, groups, width, None)
    below = _XLABEL + rows.height + rows.line * (len(lines) + 0.8)
    height = _TOP + strip + 0.05 + _PANEL + below
    figure.set_size_inches(width, height)

    optimum_share = 0.8
    inner = width - _LEFT - _RIGHT - _GAP * (N - 1) - _OPTIMUM_GAP
    unit = inner / (N + optimum_share)
    bottom = below / height
    for index, part in enumerate(measured):
        left = (_LEFT + index * (unit + _GAP)) / width
        axes = figure.add_axes((left, bottom, unit / width, _PANEL / height))
        above = figure.add_axes((left, bottom + (_PANEL + 0.05) / height, unit / width, strip / height), sharex=axes)
        draw_losses(axes, part, shared, labelled=index == 0)
        draw_strip(above, part, shared, f"({chr(97 + index)}) {part.panel.name}", labelled=index == 0)
    left = 1.0 - (_RIGHT + unit * optimum_share) / width
    axes = figure.add_axes((left, bottom, unit * optimum_share / width, (_PANEL + 0.05 + strip) / height))
    draw_optima(axes, measured, shared, f"({chr(97 + N)}) optimum against depth")
    legend_row(figure, groups, width, height - (_TOP + strip + 0.05 + _PANEL + _XLABEL))
    draw_caption(figure, lines, rows.line * (len(lines) + 0.4))
    return figure
