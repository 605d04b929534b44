"""Variants of a network against each other: losses of each, and below them optimum and best loss against depth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import finish, page, title
from depthtransfer.figures.panels import (
    Panel,
    Shared,
    behind,
    draw_losses,
    draw_optima,
    draw_strip,
    loss_keys,
    optimum_key,
    panel_of,
    shared_by,
    shown,
    strip_height,
)
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.registry import FigureEntry, hyperparameter


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """A column for each experiment and variant, named by the options in which they differ."""
    panels: list[Panel] = []
    for name in entry.experiments:
        experiment = chosen(tables, name)
        present = set(experiment.runs["variant"])
        for variant in (each for each in entry.variants if each in present):
            colour = (style.INK, *style.COLOURS)[len(panels)]
            panels.append(panel_of(experiment, variant, style.variant_label(variant), colour))
    names = _names(panels)
    panels = [replace(panel, name=name) for panel, name in zip(panels, names, strict=True)]
    shared, columns = shared_by(panels), range(len(panels))
    half = max(1, len(panels) // 2)
    lower = ["optimum"] * half + ["best"] * (len(panels) - half) if len(panels) > 1 else ["optimum"]
    mosaic = [[f"{row} {column}" for column in columns] for row in ("strip", "loss")] + [lower]
    with style.context():
        figure, axes = page(mosaic, 3.2 * len(panels) + 1.6, [strip_height(shared), 2.4, 2.3])
        for column, panel in enumerate(panels):
            draw_losses(axes[f"loss {column}"], panel, shared, labelled=column == 0)
            draw_strip(axes[f"strip {column}"], panel, shared, labelled=column == 0)
            title(axes[f"strip {column}"], column, panel.name)
        draw_optima(axes["optimum"], panels, shared)
        title(axes["optimum"], len(panels), "optimum")
        _draw_best(axes["best"], panels, shared)
        title(axes["best"], len(panels) + 1, "best loss")
        letters = [chr(97 + index) for index in range(len(panels) + 2)]
        swept = hyperparameter(panels[0].hyperparameter).label
        about = (
            f"({letters[0]}) to ({letters[-3]}): loss against {swept}, above it what diverged; ({letters[-2]}): "
            f"optimum against depth with 95% intervals; ({letters[-1]}): best loss with one standard error."
        )
        keys = [*loss_keys(shared, panels), optimum_key(panels, f"{letters[-2]}, {letters[-1]}")]
        finish(figure, keys, f"{entry.title}. {about} {caption(shown(panels))}")
    return figure, behind(panels)


def _names(panels: Sequence[Panel]) -> list[str]:
    """Options in which the experiments differ, and the variant where one experiment has several."""
    options = [json.loads(panel.runs["options"].iloc[0]) for panel in panels]
    differing = [name for name in options[0] if len({str(each.get(name)) for each in options}) > 1]
    several = len({panel.name for panel in panels}) > 1
    return [
        ", ".join(
            [_written(name, each[name]) for name in differing] + ([panel.name] if several or not differing else [])
        )
        for panel, each in zip(panels, options, strict=True)
    ]


def _written(option: str, value: object) -> str:
    words = {"nonlinearity": f"{value}-nonlinearity", "block_depth": f"{value} layers a block"}
    return words.get(option, f"no {option}" if value == "none" else str(value).replace("_", " "))


def _draw_best(axes: Axes, panels: Sequence[Panel], shared: Shared) -> None:
    """Best averaged loss of every network of the panels, in the panel's colour."""
    parts = [panel.optima.assign(panel=index) for index, panel in enumerate(panels)]
    table = pd.concat(parts, ignore_index=True).dropna(subset=["log_loss"])
    error = table["log_loss_error"].where(np.isfinite(table["log_loss_error"]), 0.0)
    table = table.assign(
        best=np.exp(table["log_loss"]),
        bottom=np.exp(table["log_loss"] - error),
        top=np.exp(table["log_loss"] + error),
    )
    table = table[table["best"] < shared.reference[0]]
    axes.set_yscale("log")
    style.draw_lines(
        axes, table, "depth", "best", widths=shared.widths, spread=("bottom", "top"), hue="panel",
        palette={index: panel.colour for index, panel in enumerate(panels)}, bars=True,
    )  # fmt: skip
    style.label_log(axes)
    style.label_sizes(axes, shared.depths, "depth $L$ (residual branches)")
    axes.set_ylabel("best loss (nats)")
    axes.grid(axis="y")
