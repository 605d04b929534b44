"""Figure 6: kernels before training over layer time, at several depths against the limit of infinite depth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthtransfer.analysis import fit_slope
from depthtransfer.figures import style
from depthtransfer.figures.layout import finish, note, page, title
from depthtransfer.figures.tables import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_panels import (
    DEEPEST,
    GUIDE,
    draw_theory,
    listed,
    seeds_of,
    theory_keys,
    widths_of,
)
from depthtransfer.registry import FigureEntry

_NAMES = {"linear": "linear", "relu": "ReLU", "abs": "absolute value", "erf": "erf", "tanh": "tanh"}
_LABELS = {"H": r"$H(\tau)=\langle h\,h\rangle$", "G": r"$G(\tau)=\langle g\,g\rangle$"}
_COLOURS = {"H": style.COLOURS[0], "G": style.COLOURS[3], "ntk": style.COLOURS[2]}
_MARKERS = {"H": "o", "G": "s", "ntk": "^"}


def draw(entry: FigureEntry, tables: Mapping[str, StudyTable]) -> tuple[Figure, pd.DataFrame]:
    """Kernels H and G of both data points, and how fast finite depth approaches the limit."""
    table = chosen_study(tables, entry.studies[0])
    rows = table.part("kernels")
    order = [name for name in _NAMES if name in set(rows["activation"])]
    errors = {name: _errors(rows[rows["activation"] == name]) for name in order}
    with style.context():
        mosaic = [[f"{name} {part}" for part in ("H", "G", "error")] for name in order]
        figure, axes = page(mosaic, 10.2, [2.5] * len(order))
        for row, name in enumerate(order):
            own = rows[rows["activation"] == name]
            for column, quantity in enumerate(_LABELS):
                panel = axes[f"{name} {quantity}"]
                _draw_kernels(panel, own[own["quantity"] == quantity], widths_of(rows))
                panel.set_ylabel(_LABELS[quantity])
                title(panel, 3 * row + column, f"{_NAMES[name]}: kernel ${quantity}$")
            errors[name] = errors[name].merge(_draw_errors(axes[f"{name} error"], errors[name]), on="quantity")
            title(axes[f"{name} error"], 3 * row + 2, f"{_NAMES[name]}: error of finite depth")
        finish(figure, theory_keys(rows), f"{entry.title}. {_caption(table, rows)}")
    behind = [rows.assign(kind="kernel"), *(e.assign(kind="error", activation=n) for n, e in errors.items())]
    return figure, pd.concat(behind, ignore_index=True)


def _draw_kernels(axes: Axes, rows: pd.DataFrame, widths: tuple[int, ...]) -> None:
    for pair in ((0, 0), (0, 1)):  # that of the second point with itself is the same as the first's
        draw_theory(axes, rows[(rows["mu"] == pair[0]) & (rows["nu"] == pair[1])], "tau", widths)
    axes.set_xlabel(r"layer time $\tau$")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    _annotate(axes, limit(rows))


def _annotate(axes: Axes, line: pd.DataFrame) -> None:
    """Say which pair of inputs a curve belongs to, where the two differ."""
    middle = line[line["tau"] == 0.5].set_index(["mu", "nu"])["value"]
    if abs(middle[0, 0] - middle[0, 1]) > 0.05 * middle[0, 0]:
        for index, text in (((0, 0), "$(x, x)$"), ((0, 1), "$(x, x')$")):
            axes.annotate(
                text, (0.5, middle[index]), xytext=(0, -13), textcoords="offset points", fontsize=style.FONT_SIZE - 1
            )


def _errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Largest error over layer time and pairs, relative to the limit's largest value, by quantity and depth."""
    own = exact(rows)
    own = own.assign(error=(own["value"] - own["theory"]).abs())
    largest = limit(rows).groupby("quantity")["value"].max().rename("scale")
    found = own.groupby(["quantity", "depth"])["error"].max().reset_index().merge(largest, on="quantity")
    return found.assign(error=found["error"] / found["scale"]).drop(columns="scale")


def _draw_errors(axes: Axes, errors: pd.DataFrame) -> pd.DataFrame:
    """Errors against depth, log-log; returns the slope of each quantity over its deepest networks."""
    axes.set_yscale("log")
    sns.lineplot(
        errors, x="depth", y="error", hue="quantity", palette=_COLOURS, style="quantity", dashes=False,
        markers=_MARKERS, markeredgewidth=0, markersize=4, linewidth=1.0, errorbar=None, ax=axes,
    )  # fmt: skip
    slopes = {}
    for quantity, own in errors.groupby("quantity", sort=True):
        deepest = own.nlargest(DEEPEST, "depth")
        slopes[str(quantity)] = fit_slope(deepest["depth"], deepest["error"], 0 * deepest["error"]).value
    sns.move_legend(axes, "upper right", title=None, fontsize=style.FONT_SIZE - 1.5, handlelength=1.6)
    legend: Any = axes.get_legend()
    for text in legend.get_texts():
        name = text.get_text()
        shown = "tangent kernel" if name == "ntk" else f"${name}$"
        text.set_text(f"{shown}: slope {slopes[name]:.2f}")
    depths = sorted(errors["depth"].unique())
    guide = errors["error"].min() * depths[-1] / 1.6
    axes.plot(depths, [guide / depth for depth in depths], **GUIDE)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.25)  # room for the legend
    style.label_sizes(axes, depths, "depth $L$")
    axes.set_ylabel("relative error, largest over $\\tau$")
    axes.grid(axis="y")
    note(axes, "dotted: $1/L$")
    style.label_log(axes)
    return pd.DataFrame({"quantity": list(slopes), "slope": list(slopes.values())})


def _caption(table: StudyTable, rows: pd.DataFrame) -> str:
    found = networks(rows)
    inputs = limit(rows[(rows["quantity"] == "H") & (rows["tau"] == 0)])
    correlation = inputs[(inputs["mu"] == 0) & (inputs["nu"] == 1)]["value"].iloc[0]
    return (
        f"Two inputs with |x|² = D and x·x′/D = {correlation:g}. Lines: exact recursion at infinite width. "
        f"Markers: means over {seeds_of(rows)} networks of width {listed(found['width'])} and depth "
        f"{listed(found['depth'])}, with one standard error. Dashed: the limit of infinite width and depth, an ODE in "
        f"layer time. Right: error at infinite width; slopes from the {DEEPEST} deepest. Preset {table.preset}."
    )
