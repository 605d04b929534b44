"""Figures of several hyperparameters: loss against each, and the course of training at the best value below it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from depthtransfer.analysis import mean_curves
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.transfer_panels import (
    Measured,
    Panel,
    Shared,
    behind,
    draw_cell,
    measure,
    shared_by,
    strip_height,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLOCKS = 20  # points of a loss curve
_LEFT, _RIGHT, _GAP, _TOP = 0.66, 0.15, 0.34, 0.34  # inches
_PANEL, _LOWER, _XLABEL, _BETWEEN = 2.1, 1.7, 0.48, 0.3


def draw_hyperparameters(
    title: str, panels: Sequence[Panel], *, resamples: int = 1000, seed: int = 0
) -> "tuple[Figure, pd.DataFrame]":
    """Draw a column for each panel; all share the loss axis of their row.

    Returns:
        The figure and the table behind it: rows of kind "curve", "optimum" and "course" (loss over steps at the best
        value of the grid, for each width and depth).
    """
    measured = [measure(panel, resamples, seed) for panel in panels]
    courses = [_courses(part) for part in measured]
    course_rows = [
        course.assign(kind="course", panel=part.panel.name) for course, part in zip(courses, measured, strict=True)
    ]
    table = pd.concat([behind(measured), *course_rows], ignore_index=True)
    with style.context():
        figure = _arranged(title, measured, courses, shared_by(measured))
    return figure, table


def _courses(part: Measured) -> pd.DataFrame:
    """Loss over steps at the best value on the grid, for each width and depth; none where everything diverged."""
    runs, swept = part.panel.runs, part.panel.hyperparameter
    stable = part.curves[np.isfinite(part.curves["loss"])]
    best = stable.loc[stable.groupby(["width", "depth"])["loss"].idxmin(), ["width", "depth", "value"]]
    kept = []
    for width, depth, value in best.itertuples(index=False):
        same = (runs["width"] == width) & (runs["depth"] == depth) & np.isclose(runs[swept], value)
        smooth = max(1, int(runs.loc[same, "steps"].max()) // _BLOCKS)
        kept.append(mean_curves(runs[same], part.panel.experiment.steps, smooth=smooth).assign(value=value))
    return pd.concat(kept, ignore_index=True)


def _arranged(title: str, measured: Sequence[Measured], courses: Sequence[pd.DataFrame], shared: Shared) -> "Figure":
    from matplotlib.figure import Figure

    from depthtransfer.figures.legends import caption_lines, draw_caption, legend_row
    from depthtransfer.figures.loss_panel import loss_handles

    width, columns = style.TEXT_WIDTH, len(measured)
    experiments = [part.panel.experiment for part in measured]
    about = " ".join(
        f"({chr(97 + index)}) {caption([experiment], part.panel.hyperparameter)}"
        for index, (experiment, part) in enumerate(zip(experiments, measured, strict=True))
    )
    below_each = f"({chr(97 + columns)}) to ({chr(96 + 2 * columns)}): training at the best value of the grid."
    lines = caption_lines(f"{title}. {about} {below_each}", width - 0.3)
    groups = loss_handles(shared, measured)
    figure = Figure(figsize=(width, 1.0))
    legend = legend_row(figure, groups, width, None)
    below = legend.height + legend.line * (len(lines) + 0.8)
    strip = strip_height(shared)
    lower, upper = below + _XLABEL, below + 2 * _XLABEL + _LOWER + _BETWEEN
    figure.set_size_inches(width, upper + _PANEL + 0.05 + strip + _TOP)
    height = float(figure.get_size_inches()[1])
    unit = (width - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns
    limits = _limits(courses)
    for index, (part, course) in enumerate(zip(measured, courses, strict=True)):
        left = _LEFT + index * (unit + _GAP)
        name = f"({chr(97 + index)}) {part.panel.name}"
        draw_cell(figure, part, shared, (left, upper, unit, _PANEL), name, labelled=index == 0)
        axes = figure.add_axes((left / width, lower / height, unit / width, _LOWER / height))
        _draw_course(axes, course, limits, chr(97 + columns + index), labelled=index == 0)
    legend_row(figure, groups, width, below)
    draw_caption(figure, lines, legend.line * (len(lines) + 0.4))
    return figure


def _limits(courses: Sequence[pd.DataFrame]) -> tuple[float, float]:
    together = pd.concat(courses)
    return float(together["low"].min()) / 1.1, float(together["high"].max()) * 1.1


def _draw_course(
    axes: "Axes", course: pd.DataFrame, limits: tuple[float, float], letter: str, *, labelled: bool
) -> None:
    from depthtransfer.figures.step_panel import draw_curves, plain_logarithm

    draw_curves(axes, course, labelled=labelled)
    axes.set_ylim(*limits)
    plain_logarithm(axes)
    axes.set_title(f"({letter}) at the best value", loc="left", pad=4)
    if not labelled:
        axes.tick_params(labelleft=False)
