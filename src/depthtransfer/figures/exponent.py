"""Branches scaled by 1/sqrt(L) against 1/L: optimum and best loss over depth, for short and for long training."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.analysis import during, statistics
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import Key, finish, page, title
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.registry import FigureEntry

LENGTHS = {"short": 0.1, "long": 1.0}
"""Share of the steps, by name; the rate is constant, so that a short run would end with the same losses."""
_LINES: dict[str, dict[str, Any]] = {
    "short": {"linestyle": ":", "marker": "o"},
    "long": {"linestyle": "-", "marker": "s"},
}
_COLOURS = (style.COLOURS[2], style.COLOURS[3])
_NETWORKS = {
    "exponent_cnn": "CNN, 1 layer",
    "exponent_resnet": "ResNet18, 2 layers",
    "exponent_mlp": "MLP, 1 layer",
    "exponent_mlp_two": "MLP, 2 layers",
}
_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}
_DODGE = 0.06  # octaves of depth between lines


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """A row for each network; optimum and best loss, with SGD and with Adam.

    Returns:
        The figure and the table behind it: a row for each experiment, exponent, depth and length of training.
    """
    experiments = {name: chosen(tables, name) for name in entry.experiments}
    table = pd.concat([_optima(name, each) for name, each in experiments.items()], ignore_index=True)
    exponents = list(dict.fromkeys(table["scheme"]))
    networks = [name for name in _NETWORKS if f"{name}_sgd" in experiments]
    mosaic = [[f"{name}_{how} {what}" for how in _OPTIMIZERS for what in ("optimum", "loss")] for name in networks]
    with style.context():
        figure, axes = page(mosaic, 12.4, [2.3] * len(networks))
        for index, place in enumerate(place for row in mosaic for place in row):
            experiment, _, what = place.partition(" ")
            network, _, how = experiment.rpartition("_")
            rows = table[table["experiment"] == experiment]
            (_draw_optimum if what == "optimum" else _draw_loss)(axes[place], rows, exponents)
            style.label_sizes(axes[place], sorted(set(rows["depth"])), "depth $L$ (residual branches)")
            axes[place].grid(axis="y")
            title(axes[place], index, f"{_NETWORKS[network]}, {_OPTIMIZERS[how]}" if what == "optimum" else "best loss")
        keys = [
            Key("branches", [Line2D([], [], color=colour) for colour in _COLOURS],
                [style.variant_label(each) for each in exponents]),
            Key("training", [Line2D([], [], color=style.INK, markersize=3.5, **_LINES[each]) for each in LENGTHS],
                [f"{each}, {share:.0%} of the steps" for each, share in LENGTHS.items()]),
        ]  # fmt: skip
        text = (
            f"{entry.title}. Titles count the layers of a block. Bars: 95% intervals of the optimum, which end half a "
            "step beyond the grid, and one standard error of the loss; no mark where every value diverged. "
            f"{caption(list(experiments.values()))}"
        )
        finish(figure, keys, text)
    return figure, table


def _optima(name: str, experiment: ExperimentTables) -> pd.DataFrame:
    runs = experiment.runs.assign(scheme=experiment.runs["variant"])
    runs = runs[runs["width"] == runs["width"].max()]
    return pd.concat(
        [
            statistics(during(runs, experiment.steps, share), experiment.swept)["optima"].assign(
                experiment=name, length=length
            )
            for length, share in LENGTHS.items()
        ],
        ignore_index=True,
    )


def _draw_optimum(axes: Axes, rows: pd.DataFrame, exponents: list[str]) -> None:
    low = float(rows["grid_low"].min()) - 0.5 * float(rows["grid_step"].median())
    high = float(rows["grid_high"].max()) + 0.5 * float(rows["grid_step"].median())
    rows = rows.assign(
        y=2 ** rows["log2_optimum"], bottom=2 ** rows["low"].clip(low, high), top=2 ** rows["high"].clip(low, high)
    )
    axes.set_yscale("log", base=2)
    axes.set_ylim(2**low, 2**high)
    axes.set_ylabel(style.optimum_label("learning_rate"), labelpad=2)
    _lines(axes, rows, exponents)


def _draw_loss(axes: Axes, rows: pd.DataFrame, exponents: list[str]) -> None:
    error = rows["log_loss_error"].where(np.isfinite(rows["log_loss_error"]), 0.0)
    rows = rows.assign(
        y=np.exp(rows["log_loss"]),
        bottom=np.exp(rows["log_loss"] - error),
        top=np.exp(rows["log_loss"] + error),
    )
    axes.set_yscale("log")
    axes.set_ylabel("best loss (nats)")
    _lines(axes, rows, exponents)
    style.label_log(axes)


def _lines(axes: Axes, rows: pd.DataFrame, exponents: list[str]) -> None:
    """Lines with bars, beside each other."""
    for place, ((length, exponent), group) in enumerate(rows.groupby(["length", "scheme"], sort=True)):
        shown = group[np.isfinite(group["y"])].sort_values("depth")
        bars = [(shown["y"] - shown["bottom"]).clip(lower=0), (shown["top"] - shown["y"]).clip(lower=0)]
        axes.errorbar(
            shown["depth"] * 2 ** (_DODGE * (place - 1.5)), shown["y"], bars,
            color=_COLOURS[exponents.index(str(exponent))], linewidth=1.2, elinewidth=0.8, markersize=3.5,
            **_LINES[str(length)],
        )  # fmt: skip
