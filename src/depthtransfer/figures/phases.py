"""The phase diagram of depth exponents, measured: a tile for each pair (alpha, gamma), paper B's lines on top."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from depthtransfer.analysis.phases import EXPLODES, FROZEN, LEARNS, PHASES, UNSTABLE, powers, rows, sizes
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import Key, finish, mark, page, title
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.registry import FigureEntry

_COLOURS = {EXPLODES: "#d9d9d9", UNSTABLE: "#f6c9a8", LEARNS: "#a6dcc8", FROZEN: "#b5d3ea"}


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Tiles by their measured phase, with the measured powers of the depth in them; of the widest networks."""
    experiment = chosen(tables, entry.experiments[0])
    runs = experiment.runs[experiment.runs["width"] == experiment.runs["width"].max()]
    table = rows(powers(sizes(runs, experiment.probes, experiment.updates)))
    step = float(np.diff(np.unique(table["alpha"])).min())
    quantities = {"start": "function before training", "learned": "what all blocks learn"}
    with style.context():
        figure, axes = page([list(quantities)], 9.6, [4.0])
        for place, (quantity, words) in enumerate(quantities.items()):
            panel = axes[quantity]
            columns = (table[name] for name in ("alpha", "gamma", quantity, "phase"))
            for alpha, gamma, value, phase in zip(*columns, strict=True):
                corner = (float(alpha) - step / 2, float(gamma) - step / 2)
                panel.add_patch(Rectangle(corner, step, step, facecolor=_COLOURS[str(phase)], edgecolor="white"))
                panel.text(alpha + 0.24 * step, gamma + 0.3 * step, f"{value:+.2f}", ha="center", va="center")
            panel.axvline(0.5, color=style.INK, linewidth=1.0)
            panel.plot([0.5, 1.0], [0.5, 0.0], color=style.INK, linewidth=1.0)
            panel.plot([0.5], [0.5], marker=style.OPTIMUM, color="black", markersize=7)
            panel.set_xticks(np.unique(table["alpha"]))
            panel.set_yticks(np.unique(table["gamma"]))
            panel.set_xlim(-step / 2, 1 + step / 2)
            panel.set_ylim(-step / 2, 1 + step / 2)
            panel.set_xlabel(r"exponent of the branches $\alpha$")
            panel.set_ylabel("" if place else r"exponent of the updates $\gamma$")
            title(panel, place, f"{words}: power of the depth")
        keys = [
            Key("measured phase", [Patch(color=_COLOURS[phase]) for phase in PHASES], list(PHASES)),
            Key("paper", [Line2D([], [], color=style.INK), mark(style.OPTIMUM, size=7)], ["boundaries", "Depth-μP"]),
        ]
        text = (
            f"{entry.title}. Numbers: the measured power of L in (a) the root mean square of the logits before "
            "training and (b) in how far all blocks together have moved the last stream, everything else put back. "
            f"{caption([experiment])}"
        )
        finish(figure, keys, text)
    return figure, table
