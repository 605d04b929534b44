"""Figure 4: do momentum, feature-learning strength and weight decay transfer over depth?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.analysis import mean_curves
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import finish, page, title
from depthtransfer.figures.panels import (
    Panel,
    behind,
    draw_courses,
    draw_losses,
    draw_strip,
    loss_keys,
    panel_of,
    shared_by,
    shown,
    strip_height,
)
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.registry import FigureEntry, hyperparameter

_BLOCKS = 20  # points of a loss curve
_SCHEME = "mup_sqrt_depth"


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Training loss against each hyperparameter, and below it the course of training at the best value.

    Returns:
        The figure and the table behind it: rows of kind "curve", "optimum" and "course" (loss over steps at the best
        value of the grid, for each width and depth).
    """
    experiments = [chosen(tables, name) for name in entry.experiments]
    names = [hyperparameter(experiment.swept).label for experiment in experiments]
    panels = [
        panel_of(experiment, _SCHEME, name, style.scheme_colour(_SCHEME))
        for experiment, name in zip(experiments, names, strict=True)
    ]
    courses = [_courses(panel) for panel in panels]
    shared, columns = shared_by(panels), range(len(panels))
    mosaic = [[f"{row} {column}" for column in columns] for row in ("strip", "loss", "course")]
    with style.context():
        figure, axes = page(mosaic, 9.6, [strip_height(shared), 2.5, 2.4])
        for column, (panel, course) in enumerate(zip(panels, courses, strict=True)):
            draw_losses(axes[f"loss {column}"], panel, shared, labelled=column == 0)
            draw_strip(axes[f"strip {column}"], panel, shared, labelled=column == 0)
            title(axes[f"strip {column}"], column, panel.name)
            lower = axes[f"course {column}"]
            lower.set_ylim(_limits(courses))
            draw_courses(lower, course, shared.widths, labelled=column == 0)
            title(lower, len(panels) + column, "at the best value")
        about = " ".join(f"({chr(97 + column)}) {caption([shown(panels)[column]])}" for column in columns)
        lower_panels = f"({chr(97 + len(panels))}) to ({chr(96 + 2 * len(panels))})"
        text = f"{entry.title}. {about} {lower_panels}: training at the best value of the grid."
        finish(figure, loss_keys(shared, panels), text)
    rows = [course.assign(kind="course", panel=panel.name) for course, panel in zip(courses, panels, strict=True)]
    return figure, pd.concat([behind(panels), *rows], ignore_index=True)


def _courses(panel: Panel) -> pd.DataFrame:
    """Loss over steps at the best value on the grid, for each width and depth; none where everything diverged."""
    runs, swept = panel.runs, panel.hyperparameter
    stable = panel.curves[np.isfinite(panel.curves["loss"])]
    best = stable.loc[stable.groupby(["width", "depth"])["loss"].idxmin(), ["width", "depth", "value"]]
    kept = []
    for width, depth, value in best.itertuples(index=False):
        same = (runs["width"] == width) & (runs["depth"] == depth) & np.isclose(runs[swept], value)
        smooth = max(1, int(runs.loc[same, "steps"].max()) // _BLOCKS)
        kept.append(mean_curves(runs[same], panel.experiment.steps, smooth=smooth).assign(value=value))
    return pd.concat(kept, ignore_index=True)


def _limits(courses: list[pd.DataFrame]) -> tuple[float, float]:
    together = pd.concat(courses)
    return float(together["low"].min()) / 1.1, float(together["high"].max()) * 1.1
