"""Nonlinear networks that learn features against the sampled theory, over training time and over size."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthtransfer.analysis import AnalysisError, fit_slope
from depthtransfer.figures import style
from depthtransfer.figures.layout import finish, note, page, title
from depthtransfer.figures.tables import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_panels import (
    DEEPEST,
    GUIDE,
    draw_points,
    draw_power_laws,
    draw_theory,
    listed,
    seeds_of,
    slopes_note,
    theory_keys,
    widths_of,
)
from depthtransfer.registry import FigureEntry

_NAMES = {"relu": "ReLU", "tanh": "tanh", "erf": "erf", "abs": "absolute value", "linear": "linear"}
_QUANTITIES = {"loss": "loss", "H": r"$H(\tau=1/2)$", "ntk": "tangent kernel $K$"}
_PARTS = (*_QUANTITIES, "width", "depth")


def draw(entry: FigureEntry, tables: Mapping[str, StudyTable]) -> tuple[Figure, pd.DataFrame]:
    """For each activation loss and kernels over training time, and the distance to the theory over N and over L.

    Returns:
        The figure and its table: rows of kind "training", "distance" (of the predictor, over training) and "slope".
    """
    table = chosen_study(tables, entry.studies[0])
    rows = table.part("training")
    order = [name for name in _NAMES if name in set(rows["activation"])]
    widths = widths_of(rows)
    behind = [rows.assign(kind="training")]
    with style.context():
        mosaic = [[f"{name} {part}" for part in _PARTS] for name in order]
        figure, axes = page(mosaic, 14.0, [2.6] * len(order))
        for row, name in enumerate(order):
            own = rows[rows["activation"] == name]
            for column, (quantity, label) in enumerate(_QUANTITIES.items()):
                panel = axes[f"{name} {quantity}"]
                _draw_over_time(panel, own[own["quantity"] == quantity], widths)
                panel.set_ylabel(label)
                title(panel, len(_PARTS) * row + column, f"{_NAMES[name]}: {label.split(' $')[0]}")
            away = _distances(own[own["quantity"] == "f"])
            slopes = [
                *_draw_over_width(axes[f"{name} width"], networks(away), widths),
                *_draw_over_depth(axes[f"{name} depth"], exact(away)),
            ]
            title(axes[f"{name} width"], len(_PARTS) * row + 3, f"{_NAMES[name]}: finite width")
            title(axes[f"{name} depth"], len(_PARTS) * row + 4, f"{_NAMES[name]}: finite depth")
            behind += [away.assign(kind="distance"), pd.DataFrame(slopes).assign(kind="slope", activation=name)]
        finish(figure, theory_keys(rows), f"{entry.title}. {_caption(table, rows)}")
    return figure, pd.concat(behind, ignore_index=True)


def _draw_over_time(axes: Axes, rows: pd.DataFrame, widths: tuple[int, ...]) -> None:
    if set(rows["quantity"]) == {"loss"}:
        axes.set_yscale("log")
        axes.set_ylim(limit(rows)["value"].min() / 3, 2 * limit(rows)["value"].max())
    draw_theory(axes, rows, "t", widths, size=3.2)
    axes.set_xlabel(r"training time $\eta_0 t$")
    axes.grid(axis="y")


def _distances(rows: pd.DataFrame) -> pd.DataFrame:
    """Root mean square over the updates of the difference to what each size tends to, and its standard error.

    Networks tend to the theory of their depth, the theory of a depth to the limit; the errors of both sides add up, and
    those of different updates, of the same networks, are taken to be the same error.
    """
    errors = rows[rows["width"] == np.inf].set_index(["depth", "updates"])["standard_error"]
    trained = rows[(rows["updates"] > 0) & np.isfinite(rows["depth"])].copy()
    goals = np.where(np.isinf(trained["width"]), np.inf, trained["depth"])
    of_goal = [errors.get(place, np.nan) for place in zip(goals, trained["updates"], strict=True)]
    trained["away"] = trained["value"] - trained["theory"]
    trained["error"] = np.hypot(trained["standard_error"], of_goal)
    found = []
    sizes: Any
    for sizes, own in trained.groupby(["width", "depth"], sort=True):
        size = float(np.sqrt(np.mean(own["away"] ** 2)))
        error = float(np.mean(own["away"].abs() * own["error"]) / size)
        found.append({"width": sizes[0], "depth": sizes[1], "distance": size, "standard_error": error})
    return pd.DataFrame(found).assign(activation=rows["activation"].iloc[0])


def _draw_over_width(axes: Axes, away: pd.DataFrame, widths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Distance of networks against width, with the power law of each depth that has several."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    several = away.groupby("depth")["width"].transform("nunique") > 1
    slopes = draw_power_laws(axes, away[several], "distance", "standard_error", widths) if several.any() else []
    draw_points(axes, away[~several], "width", "distance", "standard_error", widths)
    _labelled(axes, sorted(widths), "width $N$", r"distance of $f$ from $N\to\infty$")
    if slopes:
        note(axes, slopes_note(slopes))
    return [{"over": "width", **slope} for slope in slopes]


def _draw_over_depth(axes: Axes, away: pd.DataFrame) -> list[dict[str, Any]]:
    """Distance of the theory of a depth from the limit against depth, and its slope."""
    axes.set_yscale("log")
    line = away.sort_values("depth")
    colours = [style.depth_colour(depth) for depth in line["depth"]]
    axes.plot(line["depth"], line["distance"], color="black", linewidth=1.0, zorder=2)
    error = np.minimum(line["standard_error"], 0.95 * line["distance"])
    axes.vlines(line["depth"], line["distance"] - error, line["distance"] + line["standard_error"], colours, zorder=3)
    axes.scatter(line["depth"], line["distance"], s=18, color=colours, linewidths=0, zorder=4)
    depths = line["depth"].to_numpy(dtype=float)
    axes.plot(depths, 0.6 * line["distance"].iloc[0] * depths[0] / depths, **GUIDE)
    _labelled(axes, list(depths), "depth $L$", r"distance of $f$ from $L\to\infty$")
    deepest = line.nlargest(DEEPEST, "depth")
    try:
        slope = fit_slope(deepest["depth"], deepest["distance"], deepest["standard_error"])
    except AnalysisError:
        return []
    note(axes, f"slope {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}]\ndotted: $1/L$")
    return [{"over": "depth", "depth": float("nan"), **vars(slope)}]


def _labelled(axes: Axes, sizes: list[Any], x: str, y: str) -> None:
    style.label_sizes(axes, sizes, x)
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** 0.3, high)  # room for the note
    style.label_log(axes)
    axes.set_ylabel(y)
    axes.grid(axis="y")


def _caption(table: StudyTable, rows: pd.DataFrame) -> str:
    found = networks(rows)
    gamma0, rate = (rows[name].iloc[0] for name in ("gamma0", "learning_rate"))
    return (
        f"One datum with |x|² = D, γ₀ = {gamma0:g}, all weights trained, gradient descent with steps of η₀t = "
        f"{rate:g}. Markers: networks of width {listed(found['width'])} and depth {listed(found['depth'])}, means over "
        f"{seeds_of(rows)} seeds (each with both signs of its readout) and one standard error; the loss is that of the "
        "mean predictor. Lines: theory of infinite width at finite depth, sampled neuron by neuron; dashed: its limit "
        "of infinite depth, extrapolated; bands: two standard errors. Last columns: root mean square over training of "
        "the distance of the mean predictor from the theory of its depth, and of that theory from its limit; brackets: "
        f"95% intervals. Preset {table.preset}."
    )
