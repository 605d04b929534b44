"""Feature diversity of residual MLPs: distances of streams over their distance in layer time, a colour a depth."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.analysis.diversity import LARGEST, distances, exponent
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import Key, depth_key, finish, note, page, title
from depthtransfer.figures.tables import ExperimentTables, FigureError, chosen
from depthtransfer.figures.theory_panels import GUIDE
from depthtransfer.registry import FigureEntry

_NAMES = {"mlp_diversity": "ReLU", "mlp_diversity_abs": "absolute value"}


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """A row for each of the entry's variants and experiments, a column for each probed step after the first.

    With several variants only the last step is shown, a column each (Figure 17).

    Returns:
        The figure and its table: experiment, variant, depth, step, epsilon, and the mean over seeds of ``distance``
        divided by that at the largest epsilon; with ``power``, fitted for each depth.
    """
    shown = []
    for experiment in entry.experiments:
        given = chosen(tables, experiment)
        found = distances(given.runs, given.streams)
        shown.append(found[found["variant"].isin(entry.variants) & (found["step"] > 0)].assign(experiment=experiment))
    table = pd.concat(shown, ignore_index=True)
    if table.empty:
        raise FigureError("no network of the schemes shown has 16 blocks or more", "add deeper ones to the preset")
    panels = _panels(entry, sorted(set(table["step"])))
    behind = []
    with style.context():
        figure, axes = page(_mosaic(panels), 3.1 * len(panels[0]) + 1.6, [2.7] * len(panels))
        for index, (name, (experiment, variant, step)) in enumerate(
            (str(panel), panel) for row in panels for panel in row
        ):
            own = table[(table["experiment"] == experiment) & (table["variant"] == variant) & (table["step"] == step)]
            behind.append(_draw_panel(axes[name], own).assign(experiment=experiment, variant=variant, step=step))
            words = _NAMES.get(experiment, experiment) if len(entry.experiments) > 1 else variant
            title(axes[name], index, f"{words.replace('-muP', '-μP')}, {step} steps")
        guides = [Line2D([], [], **GUIDE), Line2D([], [], **{**GUIDE, "linestyle": (0, (5, 2))})]
        keys = [
            depth_key(sorted(set(table["depth"])), "blocks $L$"),
            Key("powers", guides, [r"$\epsilon^{1/2}$", r"$\epsilon$"]),
        ]
        finish(figure, keys, f"{entry.title}. {_caption(entry, tables)}")
    return figure, pd.concat(behind, ignore_index=True)


def _panels(entry: FigureEntry, steps: list[int]) -> list[list[tuple[str, str, int]]]:
    rows = [(experiment, variant) for experiment in entry.experiments for variant in entry.variants]
    if len(entry.variants) > 1:
        return [[(*row, steps[-1]) for row in rows]]
    return [[(*row, step) for step in steps] for row in rows]


def _mosaic(panels: list[list[tuple[str, str, int]]]) -> list[list[str]]:
    return [[str(panel) for panel in row] for row in panels]


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, each depth divided by its own value at the largest epsilon that all of them have."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    drawn = []
    for depth, own in rows.groupby("depth", sort=True):
        line = np.exp2(np.log2(own["distance"]).groupby(own["epsilon"]).mean()).rename("distance").reset_index()
        line["distance"] /= line["distance"].iloc[-1]
        drawn.append(line.assign(depth=depth, power=exponent(own, sorted(set(own["seed"])))))
    table = (
        pd.concat(drawn, ignore_index=True)
        if drawn
        else pd.DataFrame(columns=["epsilon", "distance", "depth", "power"])
    )
    if table.empty:
        note(axes, "every run diverged")
        return table
    palette = style.depth_palette(table["depth"].unique())
    sns.lineplot(
        table, x="epsilon", y="distance", hue="depth", palette=palette, marker="o", markersize=4, markeredgewidth=0,
        linewidth=1.1, estimator=None, legend=False, ax=axes,
    )  # fmt: skip
    reach = np.array([table["epsilon"].min(), LARGEST])
    axes.plot(reach, np.sqrt(reach / LARGEST), **GUIDE)
    axes.plot(reach, reach / LARGEST, **{**GUIDE, "linestyle": (0, (5, 2))})
    powers = table.drop_duplicates("depth")[["depth", "power"]].dropna()
    note(axes, "\n".join(f"$L={depth:.0f}$: {power:.2f}" for depth, power in powers.to_numpy()), place="upper left")
    axes.set_xlabel(r"distance in layer time $\epsilon$")
    axes.set_ylabel("distance of streams")
    axes.grid(axis="y")
    return table


def _caption(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> str:
    return (
        "Root mean square of x^(l + εL) − x^l over images, coordinates and all l, widest networks, mean over seeds, "
        "divided by its value at ε = 1/16; numbers: fitted power of ε. The paper looks from one layer and divides by "
        f"the value at ε = 1/256. {caption([tables[name] for name in entry.experiments])}"
    )
