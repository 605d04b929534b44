"""The limit predicts the best learning rate: predicted curves and optima against those of finite networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthtransfer.figures import style
from depthtransfer.figures.layout import finish, page, title
from depthtransfer.figures.tables import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_panels import (
    LIMIT,
    draw_points,
    draw_theory,
    listed,
    seeds_of,
    theory_keys,
    widths_of,
)
from depthtransfer.registry import FigureEntry, hyperparameter

_STAR: dict[str, Any] = {"marker": style.OPTIMUM, "markeredgecolor": "black", "markeredgewidth": 0.5, "markersize": 8}


def draw(entry: FigureEntry, tables: Mapping[str, StudyTable]) -> tuple[Figure, pd.DataFrame]:
    """Loss against learning rate, optimum against depth, and how the limit's optimum moves with gamma_0 and beta."""
    table = chosen_study(tables, entry.studies[0])
    curve, motion = table.part("curve"), table.part("motion")
    motion = pd.concat([motion, limit(curve)]).drop_duplicates(["quantity", "gamma0", "beta"])
    motion = motion[motion["quantity"] != "loss"]
    widths, base = widths_of(curve), curve.iloc[0]
    with style.context():
        figure, axes = page([["loss", "optimum", "gamma0", "beta"]], 11.6, [3.0])
        _draw_curves(axes["loss"], curve, widths)
        title(axes["loss"], 0, "loss after training")
        _draw_optima(axes["optimum"], curve[curve["quantity"] == "optimum"], widths)
        title(axes["optimum"], 1, "optimum")
        for index, (name, held) in enumerate((("gamma0", "beta"), ("beta", "gamma0"))):
            _draw_motion(axes[name], motion[motion[held] == base[held]], name)
            axes[name].set_xlabel(style.axis_label(name))
            title(axes[name], 2 + index, f"limit's optimum over ${hyperparameter(name).symbol}$")
        finish(figure, theory_keys(curve), f"{entry.title}. {_caption(table, curve)}")
    return figure, pd.concat([curve.assign(kind="curve"), motion.assign(kind="motion")], ignore_index=True)


def _draw_curves(axes: Axes, curve: pd.DataFrame, widths: tuple[int, ...]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    draw_theory(axes, curve[curve["quantity"] == "loss"], "learning_rate", widths, size=2.8)
    best = curve[curve["quantity"] == "optimum_loss"]
    row: Any
    for row in best[best["width"] == float("inf")].itertuples():
        colour = style.depth_colour(row.depth) if row.depth < float("inf") else "white"
        axes.plot(row.learning_rate, row.value, color=colour, zorder=7, **_STAR)
    axes.set_xlabel(style.axis_label("learning_rate"))
    axes.set_ylabel("loss of the mean predictor")
    style.label_log(axes)
    axes.grid(axis="y")


def _draw_optima(axes: Axes, optima: pd.DataFrame, widths: tuple[int, ...]) -> None:
    axes.set_xscale("log", base=2)
    axes.axhline(limit(optima)["value"].iloc[0], **LIMIT)
    line = exact(optima).sort_values("depth")
    axes.plot(line["depth"], line["value"], color=style.FAINT, linewidth=1.0, zorder=2)
    row: Any
    for row in line.itertuples():
        axes.plot(row.depth, row.value, color=style.depth_colour(row.depth), zorder=3, **_STAR)
    found = networks(optima)
    shift = 2 ** (0.12 * (found["width"].map(widths.index) + 1))
    found = found.assign(x=found["depth"] * shift, interval=1.96 * found["standard_error"])
    draw_points(axes, found, "x", "value", "interval", widths, size=3.8)
    style.label_sizes(axes, sorted(line["depth"]), "depth $L$")
    axes.set_ylabel(style.optimum_label("learning_rate"))
    axes.grid(axis="y")


def _draw_motion(axes: Axes, motion: pd.DataFrame, name: str) -> None:
    """The limit's optimum against a constant, and its tangents by automatic differentiation."""
    line = motion[motion["quantity"] == "optimum"].sort_values(name)
    slopes = motion[motion["quantity"] == f"d_log_optimum_d_{name}"].set_index(name)["value"]
    x = line[name].to_numpy()
    axes.plot(x, line["value"], **LIMIT, **_STAR, markerfacecolor="white")
    reach = 0.11 * (x.max() - x.min() if len(x) > 1 else 1.0)
    along = np.linspace(-reach, reach, 9)
    for place, value in zip(x, line["value"], strict=True):
        axes.plot(
            place + along, value * np.exp(slopes[place] * along), color=style.COLOURS[2], linewidth=1.8, alpha=0.8
        )
    axes.set_ylabel(style.optimum_label("learning_rate"))
    axes.grid(axis="y")


def _caption(table: StudyTable, curve: pd.DataFrame) -> str:
    found = networks(curve)
    base = curve.iloc[0]
    return (
        f"Gradient descent of {base['updates']} updates, γ₀ = {base['gamma0']:g}, β = {base['beta']:g} unless "
        f"shown. Markers: loss of the predictor averaged over {seeds_of(curve)} networks of width "
        f"{listed(found['width'])} (one standard error), and its optimum with a 95% interval over seeds. Stars: "
        "optimum of the theory of infinite width. Green: tangents, by automatic differentiation of the limit. "
        f"Preset {table.preset}."
    )
