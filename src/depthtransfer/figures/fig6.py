"""Figure 6: kernels before training over layer time, at several depths against the limit of infinite depth."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from depthtransfer.figures import style
from depthtransfer.figures.panel_grid import Cell, label_log, note, panel_grid, title
from depthtransfer.figures.study_table import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_marks import (
    draw_exact,
    draw_limit,
    draw_networks,
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
STUDIES: tuple[str, ...] = ("fig6",)
TITLE = "Kernels before training over layer time: finite depth and finite width against the limit"

_NAMES = {"linear": "linear", "relu": "ReLU", "abs": "absolute value", "erf": "erf", "tanh": "tanh"}
_LABELS = {
    "H": r"$H(\tau)=\langle h\,h\rangle$",
    "G": r"$G(\tau)=\langle g\,g\rangle$",
}
_ERRORS = {"H": ("o", "#0072b2"), "G": ("s", "#d55e00"), "ntk": ("^", "#009e73")}
_DEEPEST = 4
"""Depths, from the deepest, that the slope is fitted to: shallower ones have corrections of higher order."""


def draw(tables: Mapping[str, StudyTable], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Kernels H and G of both data points, and how fast finite depth approaches the limit."""
    import pandas as pd

    table = chosen_study(tables, STUDIES[0])
    rows = table.part("kernels")
    order = [name for name in _NAMES if name in set(rows["activation"])]
    errors = {name: _errors(rows[rows["activation"] == name]) for name in order}
    with style.context():
        cells = [Cell(row, column) for row in range(len(order)) for column in range(3)]
        figure, panels = panel_grid(cells, 3, len(order), 1.9, groups(rows), _caption(table, rows))
        for index, name in enumerate(order):
            own = rows[rows["activation"] == name]
            for column, quantity in enumerate(("H", "G")):
                axes = panels[3 * index + column]
                _draw_kernels(axes, own[own["quantity"] == quantity], widths_of(rows))
                axes.set_ylabel(_LABELS[quantity])
                title(axes, 3 * index + column, f"{_NAMES[name]}: kernel ${quantity}$")
            axes = panels[3 * index + 2]
            slopes = _draw_errors(axes, errors[name])
            title(axes, 3 * index + 2, f"{_NAMES[name]}: error of finite depth")
            errors[name] = errors[name].merge(slopes, on="quantity")
    behind = [rows.assign(kind="kernel"), *(e.assign(kind="error", activation=n) for n, e in errors.items())]
    return figure, pd.concat(behind, ignore_index=True)


def _draw_kernels(axes: "Axes", rows: "DataFrame", widths: tuple[int, ...]) -> None:
    pair: Any
    for pair, own in rows.groupby(["mu", "nu"], sort=True):
        if pair == (1, 1):
            continue  # the same as the first point's
        draw_exact(axes, own, "tau")
        draw_networks(axes, own, "tau", widths)
        draw_limit(axes, own, "tau")
    axes.set_xlabel(r"layer time $\tau$")
    axes.set_ylim(bottom=0)
    _annotate(axes, limit(rows))


def _annotate(axes: "Axes", line: "DataFrame") -> None:
    """Say which pair of inputs a curve belongs to, where the two differ."""
    middle = line[line["tau"] == 0.5].set_index(["mu", "nu"])["value"]
    apart = abs(middle[0, 0] - middle[0, 1]) > 0.05 * middle[0, 0]
    for index, text in (((0, 0), "$(x, x)$"), ((0, 1), "$(x, x')$")):
        if apart:
            size = style.FONT_SIZE - 1
            axes.annotate(text, (0.5, middle[index]), xytext=(0, -13), textcoords="offset points", fontsize=size)


def _errors(rows: "DataFrame") -> "DataFrame":
    """Largest error over layer time and pairs, relative to the limit's largest value, by quantity and depth."""
    own = exact(rows)
    own = own.assign(error=(own["value"] - own["theory"]).abs())
    largest = limit(rows).groupby("quantity")["value"].max().rename("scale")
    found = own.groupby(["quantity", "depth"])["error"].max().reset_index().merge(largest, on="quantity")
    return found.assign(error=found["error"] / found["scale"]).drop(columns="scale")


def _draw_errors(axes: "Axes", errors: "DataFrame") -> "DataFrame":
    import pandas as pd

    from depthtransfer.analysis import fit_slope

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    slopes = []
    for quantity, own in errors.groupby("quantity", sort=True):
        marker, colour = _ERRORS[str(quantity)]
        deepest = own.nlargest(_DEEPEST, "depth")
        slope = fit_slope(deepest["depth"], deepest["error"], 0 * deepest["error"]).value
        name = {"ntk": "tangent kernel"}.get(str(quantity), f"${quantity}$")
        axes.plot(
            own["depth"], own["error"], marker=marker, color=colour, markersize=3.4, linewidth=1.0,
            label=f"{name}: slope {slope:.2f}",
        )  # fmt: skip
        slopes.append({"quantity": quantity, "slope": slope})
    depths = sorted(errors["depth"].unique())
    guide = errors["error"].min() * depths[-1] / 1.6
    axes.plot(depths, [guide / depth for depth in depths], color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 1.4)))
    axes.set_xticks(depths, [f"{depth:.0f}" for depth in depths])
    axes.minorticks_off()
    axes.set_xlabel("depth $L$")
    axes.set_ylabel("relative error, largest over $\\tau$")
    axes.legend(loc="upper right", fontsize=style.FONT_SIZE - 1.5, handlelength=1.6, borderpad=0.1, labelspacing=0.3)
    note(axes, "dotted: $1/L$")
    label_log(axes)
    return pd.DataFrame(slopes)


def _caption(table: StudyTable, rows: "DataFrame") -> str:
    found = networks(rows)
    inputs = limit(rows[(rows["quantity"] == "H") & (rows["tau"] == 0)])
    correlation = inputs[(inputs["mu"] == 0) & (inputs["nu"] == 1)]["value"].iloc[0]
    return (
        f"{TITLE}. Two inputs with |x|² = D and x·x′/D = {correlation:g}. Lines: exact recursion at infinite width. "
        f"Markers: means over {seeds_of(rows)} networks of width {listed(found['width'])} and depth "
        f"{listed(found['depth'])}, with one standard error. Dashed: the limit of infinite width and depth, an ODE in "
        f"layer time. Right: error at infinite width; slopes from the {_DEEPEST} deepest. Preset {table.preset}."
    )
