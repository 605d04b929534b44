"""Blocks of several layers against blocks of one: best loss over learning rate and constant, against all layers."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.analysis import best_of_variants
from depthtransfer.analysis.early import stopped
from depthtransfer.analysis.summary import statistics
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import Key, finish, page, title, width_key
from depthtransfer.figures.tables import ExperimentTables, FigureError, chosen
from depthtransfer.registry import FigureEntry

_COLOURS = {1: style.COLOURS[2], 2: style.COLOURS[3], 3: style.COLOURS[0]}


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Half way through training and at its end, a curve for each number of layers in a block."""
    experiments = [chosen(tables, name) for name in entry.experiments]
    moments = {"half way": 0.5, "at the end": 1.0}
    table = pd.concat(
        [_best(each, fraction).assign(moment=name) for name, fraction in moments.items() for each in experiments],
        ignore_index=True,
    )
    widths = sorted({int(width) for width in table["width"]}, reverse=True)
    layers = sorted({int(count) for count in table["layers"]})
    with style.context():
        figure, axes = page([list(moments)], 7.4, [3.0])
        for place, name in enumerate(moments):
            panel = axes[name]
            style.draw_lines(
                panel, table[table["moment"] == name], "layers", "best", widths=widths, spread=("low", "high"),
                hue="block_depth", palette={k: _COLOURS[k] for k in sorted(set(table["block_depth"]))}, bars=True,
            )  # fmt: skip
            panel.set_yscale("log")
            style.label_log(panel)
            style.label_sizes(panel, layers, "layers in all blocks")
            panel.set_ylabel("" if place else "best loss (nats)")
            panel.grid(axis="y")
            title(panel, place, name)
        keys = [
            Key("layers a block", [Line2D([], [], color=_COLOURS[k]) for k in sorted(set(table["block_depth"]))],
                [str(k) for k in sorted(set(table["block_depth"]))]),
            width_key(widths),
        ]  # fmt: skip
        text = (
            f"{entry.title}. Best loss over the learning rate and the branches' constant, with one standard error, "
            f"(a) half way through the training and (b) at its end. {caption(experiments)}"
        )
        finish(figure, keys, text)
    return figure, table


def _best(experiment: ExperimentTables, fraction: float) -> pd.DataFrame:
    """Best networks of an experiment after a share of its steps, by all their layers."""
    runs = experiment.runs.assign(scheme=experiment.runs["variant"])
    if fraction < 1:
        found = statistics(stopped(runs, experiment.steps, fraction), experiment.swept, resamples=100)["optima"]
    elif experiment.optima is None:
        raise FigureError("the table of optima was not given", "read optima.parquet beside runs.parquet")
    else:
        found = experiment.optima
    best = best_of_variants(found)
    count = int(json.loads(runs["options"].iloc[0])["block_depth"])
    error = best["log_loss_error"].where(np.isfinite(best["log_loss_error"]), 0.0)
    return pd.DataFrame(
        {
            "width": best["width"],
            "depth": best["depth"],
            "block_depth": count,
            "layers": best["depth"] * count,
            "variant": best["scheme"],
            "log2_optimum": best["log2_optimum"],
            "best": np.exp(best["log_loss"]),
            "low": np.exp(best["log_loss"] - error),
            "high": np.exp(best["log_loss"] + error),
        }
    )
