"""Features of linear networks with frozen ends over width, or over depth, on top of what they tend to (paper B)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.analysis import fit_slope
from depthtransfer.analysis.recursion import distances
from depthtransfer.figures import style
from depthtransfer.figures.layout import Key, finish, note, page, title
from depthtransfer.figures.tables import FigureError, StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_panels import LIMIT, listed, seeds_of
from depthtransfer.registry import FigureEntry

_SHOWN_UPDATES = (1, 5, 10)
_SYMBOLS = {"width": "N", "depth": "L"}


def draw(entry: FigureEntry, tables: Mapping[str, StudyTable]) -> tuple[Figure, pd.DataFrame]:
    """Size of the features after some updates at each quarter of the depth, and the distance from their limit.

    The entry's variant says over which size: "width" at one depth, against infinite width (Figure 8), or "depth" at
    infinite width, against infinite depth (Figure 9).

    Returns:
        The figure and its table: rows of kind "features" (``rms``, and ``low`` and ``high`` where networks were drawn),
        "distance" and "slope".
    """
    (over,) = entry.variants
    table = chosen_study(tables, entry.studies[0])
    rows = table.part("features", quantity="H")
    chosen = networks(rows) if over == "width" else exact(rows)
    if over == "width":
        chosen = chosen[chosen["depth"] == chosen["depth"].max()]
    goals = _goals(rows, chosen, over)
    updates = [update for update in _SHOWN_UPDATES if update in set(chosen["updates"])]
    if not updates:
        raise FigureError("no update is among 1, 5 and 10", "give the study `linear` at least one update")
    features = pd.concat([_rms(own).assign(kind="features") for own in (chosen, goals)], ignore_index=True)
    away = distances(rows, over)
    slope = fit_slope(away[over], away["distance"], away["standard_error"])
    with style.context():
        figure, axes = page([[*updates, "distance"]], 11.0, [2.6])
        for index, update in enumerate(updates):
            _draw_features(axes[update], features[features["updates"] == update], over)
            title(axes[update], index, "after one update" if update == 1 else f"after {update} updates")
        _draw_distances(axes["distance"], away, over)
        interval = f" [{slope.low:.2f}, {slope.high:.2f}]" if over == "width" else ""
        note(axes["distance"], f"slope {slope.value:.2f}{interval}")
        title(axes["distance"], len(updates), "distance from the limit")
        finish(figure, _keys(features, over), f"{entry.title}. {_caption(table, rows, chosen, over)}")
    behind = [features, away.assign(kind="distance"), pd.DataFrame([vars(slope)]).assign(kind="slope", over=over)]
    return figure, pd.concat(behind, ignore_index=True)


def _goals(rows: pd.DataFrame, chosen: pd.DataFrame, over: str) -> pd.DataFrame:
    """What the chosen rows tend to: infinite width at their depth, or infinite width and depth."""
    return exact(rows)[exact(rows)["depth"] == chosen["depth"].iloc[0]] if over == "width" else limit(rows)


def _rms(rows: pd.DataFrame) -> pd.DataFrame:
    """Root mean square of a feature, the root of H, and the range of single networks where they vary."""
    spread = np.sqrt(rows["variance"])
    return rows.assign(
        rms=np.sqrt(rows["value"]),
        low=np.sqrt(np.maximum(rows["value"] - spread, 0.0)),
        high=np.sqrt(rows["value"] + spread),
    )


def _draw_features(axes: Axes, rows: pd.DataFrame, over: str) -> None:
    palette = _palette(rows)
    goals, sizes = rows[np.isinf(rows[over])], rows[np.isfinite(rows[over])]
    for _, goal in goals.iterrows():
        axes.axhline(goal["rms"], **{**LIMIT, "color": palette[goal["tau"]], "zorder": 2})
    sns.lineplot(
        sizes, x=over, y="rms", hue="tau", palette=palette, marker="o", markersize=4, markeredgewidth=0,
        linewidth=1.0, estimator=None, legend=False, ax=axes,
    )  # fmt: skip
    drawn = sizes.dropna(subset=["low"])
    axes.vlines(drawn[over], drawn["low"], drawn["high"], [palette[tau] for tau in drawn["tau"]], linewidth=0.8)
    style.label_sizes(axes, sorted(set(sizes[over])), f"{over} ${_SYMBOLS[over]}$")
    axes.set_ylabel("RMS of the features")
    axes.grid(axis="y")


def _draw_distances(axes: Axes, away: pd.DataFrame, over: str) -> None:
    axes.set_yscale("log")
    error = np.minimum(away["standard_error"], 0.95 * away["distance"])
    axes.errorbar(
        away[over], away["distance"], [error, away["standard_error"]], color=style.INK, linewidth=1.0,
        marker="o", markersize=4,
    )  # fmt: skip
    style.label_sizes(axes, sorted(away[over]), f"{over} ${_SYMBOLS[over]}$")
    style.label_log(axes)
    axes.set_ylabel(r"relative distance of $\langle h^2 \rangle$")
    axes.grid(axis="y")


def _palette(rows: pd.DataFrame) -> dict[float, Any]:
    places = sorted(set(rows["tau"]))
    return dict(zip(places, sns.color_palette("viridis", len(places)), strict=True))


def _keys(features: pd.DataFrame, over: str) -> list[Key]:
    palette = _palette(features)
    handles = [Line2D([], [], color=colour, marker="o", markersize=4, linewidth=1.0) for colour in palette.values()]
    words = "recursion at $N\\to\\infty$" if over == "width" else "limit $N, L\\to\\infty$"
    return [
        Key(r"layer time $\ell/L$", handles, [f"{tau:g}" for tau in palette]),
        Key("theory", [Line2D([], [], **{**LIMIT, "color": style.INK})], [words]),
    ]


def _caption(table: StudyTable, rows: pd.DataFrame, chosen: pd.DataFrame, over: str) -> str:
    gamma0, rate = (rows[name].iloc[0] for name in ("gamma0", "learning_rate"))
    if over == "width":
        what = (
            f"Networks of depth {chosen['depth'].iloc[0]:g} and widths {listed(chosen['width'])}, means over "
            f"{seeds_of(chosen)} seeds; bars: one standard deviation of single networks. Last panel: root mean square "
            "over layers and updates of a single network's relative distance from infinite width; brackets: 95% "
            "interval of the slope."
        )
    else:
        what = (
            f"Infinite width at depths {listed(chosen['depth'])}, exact. Last panel: root mean square over layers and "
            "updates of the relative distance from infinite depth, which is extrapolated."
        )
    return (
        f"One datum with |x|² = D, squared loss, gradient descent on the blocks alone with steps of η₀ = {rate:g}, "
        f"γ₀ = {gamma0:g}. {what} The paper trains on MNIST. Preset "
        f"{table.preset}."
    )
