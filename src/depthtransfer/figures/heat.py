"""Heat maps of the loss over two hyperparameters, the swept one and the branches' constant, one for each depth."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.analysis import curves, ridges
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import Key, finish, note, page, title
from depthtransfer.figures.tables import ExperimentTables, FigureError, chosen
from depthtransfer.registry import FigureEntry, hyperparameter

_LEVEL = 0.95


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Log of the loss, the optimum of each row, and the slope of that ridge; of the widest networks.

    Returns:
        The figure and the table behind it: rows of kind "point" (a loss) and "ridge" (a slope).
    """
    experiment = chosen(tables, entry.experiments[0])
    if experiment.optima is None:
        raise FigureError("the table of optima was not given", "read optima.parquet beside runs.parquet")
    runs = experiment.runs.assign(scheme=experiment.runs["variant"])
    runs = runs[runs["width"] == runs["width"].max()]
    betas = {str(name): float(beta) for name, beta in runs.groupby("scheme")["beta"].first().items()}
    points = curves(runs, experiment.swept)
    points = points.assign(beta=points["scheme"].map(betas), log_loss=np.log(points["loss"]))
    best = experiment.optima[experiment.optima["width"] == runs["width"].max()]
    slopes = {depth: slope for (_, depth, _), slope in ridges(best, betas).items()}
    depths = sorted(slopes)
    swept = hyperparameter(experiment.swept)
    top = np.log(np.log(experiment.classes)) if experiment.classes else points["log_loss"].max()
    lowest = points["log_loss"].min()
    rows = []
    with style.context():
        figure, axes = page([depths], 2.5 * len(depths) + 1.6, [2.9])
        for place, depth in enumerate(depths):
            panel = axes[depth]
            table = points[points["depth"] == depth].pivot(index="beta", columns="value", values="log_loss")
            panel.pcolormesh(
                np.log2(table.columns), np.log2(table.index), table.clip(upper=top), vmin=lowest, vmax=top,
                cmap="mako", shading="nearest", rasterized=True,
            )  # fmt: skip
            ridge = best[(best["depth"] == depth) & np.isfinite(best["log2_optimum"])]
            panel.plot(ridge["log2_optimum"], np.log2(ridge["scheme"].map(betas)), style.OPTIMUM, color="white",
                       markeredgecolor="black", markersize=8, markeredgewidth=0.5, clip_on=False)  # fmt: skip
            low, high = slopes[depth].interval(_LEVEL)
            note(panel, f"slope {slopes[depth].value:+.2f}\n({low:+.2f} to {high:+.2f})", place="upper right")
            panel.set_xlabel(rf"$\log_2 {swept.symbol}$")
            panel.set_ylabel("" if place else rf"$\log_2 {hyperparameter('beta').symbol}$")
            title(panel, place, f"$L = {depth}$")
            rows.append({"kind": "ridge", "depth": depth, "slope": slopes[depth].value, "low": low, "high": high})
        colours = sns.color_palette("mako", 3).as_hex()
        handles = [Line2D([], [], marker="s", linestyle="none", color=colour) for colour in colours]
        labels = [f"{np.exp(value):.2g}" for value in np.linspace(lowest, top, 3)]
        marks = [Line2D([], [], marker=style.OPTIMUM, linestyle="none", color="white", markeredgecolor="black")]
        text = (
            f"{entry.title}. Stars: the best {swept.label} at each constant; slope: of its log2 over that of the "
            f"constant, with its 95% interval. {caption([experiment])}"
        )
        finish(figure, [Key("loss (nats)", handles, labels), Key("", marks, ["optimum"])], text)
    return figure, pd.concat([points.assign(kind="point"), pd.DataFrame(rows)], ignore_index=True)
