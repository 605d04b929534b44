"""The limit predicts the best learning rate: predicted curves and optima against those of finite networks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from depthtransfer.figures import style
from depthtransfer.figures.panel_grid import Cell, label_log, panel_grid, title
from depthtransfer.figures.study_table import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_marks import (
    LIMIT_LINE,
    draw_exact,
    draw_limit,
    draw_networks,
    error_bars,
    groups,
    listed,
    seeds_of,
    widths_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ()
STUDIES: tuple[str, ...] = ("optimum",)
TITLE = "The best learning rate, predicted by the limit and measured on linear networks"

_LABEL = r"learning rate $\eta_0$"


def draw(tables: Mapping[str, StudyTable], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Loss against learning rate, optimum against depth, and how the limit's optimum moves with gamma_0 and beta."""
    import pandas as pd

    table = chosen_study(tables, STUDIES[0])
    curve, motion = table.part("curve"), table.part("motion")
    motion = pd.concat([motion, limit(curve)]).drop_duplicates(["quantity", "gamma0", "beta"])
    motion = motion[motion["quantity"] != "loss"]
    with style.context():
        cells = [Cell(0, column) for column in range(4)]
        figure, panels = panel_grid(cells, 4, 1, 2.3, groups(curve), _caption(table, curve))
        _draw_curves(panels[0], curve, widths_of(curve))
        title(panels[0], 0, "loss after training")
        _draw_optima(panels[1], curve[curve["quantity"] == "optimum"], widths_of(curve))
        title(panels[1], 1, "optimum")
        base = curve.iloc[0]
        for index, (name, held, label) in enumerate(
            (("gamma0", "beta", style.HYPERPARAMETER_LABELS["gamma0"]), ("beta", "gamma0", "branch constant $\\beta$"))
        ):
            _draw_motion(panels[2 + index], motion[motion[held] == base[held]], name)
            panels[2 + index].set_xlabel(label)
            title(panels[2 + index], 2 + index, f"limit's optimum over ${_symbol(name)}$")
    return figure, pd.concat([curve.assign(kind="curve"), motion.assign(kind="motion")], ignore_index=True)


def _symbol(name: str) -> str:
    return {"gamma0": r"\gamma_0", "beta": r"\beta"}[name]


def _draw_curves(axes: "Axes", curve: "DataFrame", widths: tuple[int, ...]) -> None:
    losses = curve[curve["quantity"] == "loss"]
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    draw_exact(axes, losses, "learning_rate")
    draw_networks(axes, losses, "learning_rate", widths, size=2.8)
    draw_limit(axes, losses, "learning_rate")
    best = curve[curve["quantity"] == "optimum_loss"]
    row: Any
    for row in best[best["width"] == float("inf")].itertuples():
        colour = style.depth_colour(row.depth) if row.depth < float("inf") else "white"
        axes.plot(row.learning_rate, row.value, style.OPTIMUM, color=colour, markeredgecolor="black",
                  markeredgewidth=0.5, markersize=8, zorder=7)  # fmt: skip
    axes.set_xlabel(_LABEL)
    axes.set_ylabel("loss of the mean predictor")
    label_log(axes)


def _draw_optima(axes: "Axes", optima: "DataFrame", widths: tuple[int, ...]) -> None:
    axes.set_xscale("log", base=2)
    axes.axhline(limit(optima)["value"].iloc[0], **LIMIT_LINE)
    line = exact(optima).sort_values("depth")
    axes.plot(line["depth"], line["value"], color=style.FAINT, linewidth=1.0, zorder=2)
    row: Any
    for row in line.itertuples():
        axes.plot(row.depth, row.value, style.OPTIMUM, color=style.depth_colour(row.depth), markeredgecolor="black",
                  markeredgewidth=0.5, markersize=8, zorder=3)  # fmt: skip
    for row in networks(optima).itertuples():
        rank = widths.index(int(row.width))
        shift = 2 ** (0.12 * (rank + 1))
        error_bars(axes, [row.depth * shift], [row.value], [1.96 * row.standard_error], row.depth, rank, size=3.6)
    depths = sorted(line["depth"])
    axes.set_xticks(depths, [f"{depth:.0f}" for depth in depths])
    axes.minorticks_off()
    axes.set_xlabel("depth $L$")
    axes.set_ylabel(r"optimum $\eta_0^*$")


def _draw_motion(axes: "Axes", motion: "DataFrame", name: str) -> None:
    """The limit's optimum against a constant, and its tangents by automatic differentiation."""
    import numpy as np

    line = motion[motion["quantity"] == "optimum"].sort_values(name)
    slopes = motion[motion["quantity"] == f"d_log_optimum_d_{name}"].set_index(name)["value"]
    x = line[name].to_numpy()
    axes.plot(x, line["value"], **{**LIMIT_LINE, "marker": style.OPTIMUM, "markersize": 7, "markerfacecolor": "white",
                                   "markeredgewidth": 0.6})  # fmt: skip
    reach = 0.11 * (x.max() - x.min() if len(x) > 1 else 1.0)
    for place, value in zip(x, line["value"], strict=True):
        along = np.linspace(-reach, reach, 9)
        colour = style.SCHEME_COLOURS["mup_sqrt_depth"]
        axes.plot(place + along, value * np.exp(slopes[place] * along), color=colour, linewidth=1.8, alpha=0.8)
    axes.set_ylabel(r"optimum $\eta_0^*$")


def _caption(table: StudyTable, curve: "DataFrame") -> str:
    found = networks(curve)
    base = curve.iloc[0]
    return (
        f"{TITLE}. Gradient descent of {base['updates']} updates, γ₀ = {base['gamma0']:g}, β = {base['beta']:g} unless "
        f"shown. Markers: loss of the predictor averaged over {seeds_of(curve)} networks of width "
        f"{listed(found['width'])} (one standard error), and its optimum with a 95% interval over seeds. Stars: "
        f"optimum of the theory of infinite width. Green: tangents, by automatic differentiation of the limit. Preset "
        f"{table.preset}."
    )
