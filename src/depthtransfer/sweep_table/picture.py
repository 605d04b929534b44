"""The picture of a sweep: losses of each scheme with what diverged, and the optimum over size."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from depthtransfer.analysis.coordinates import coordinate
from depthtransfer.figures import style
from depthtransfer.figures.layout import Key, finish, mark, page, title
from depthtransfer.sweep_table.verdict import Verdict

_COLUMNS, _MOST_PANELS, _MOST_LINES = 3, 8, 24
_PANEL = (3.1, 2.9)  # inches: width, height


def draw(verdict: Verdict) -> Figure:
    """Loss against the swept value, a panel for each scheme, a line for each size; and the optimum over size."""
    by = ["scheme", *verdict.splits]
    axis = _axis(verdict)
    panels = list(verdict.optima.groupby(by, sort=True, dropna=False))
    shown = panels[:_MOST_PANELS]
    sizes = sorted(verdict.optima[axis].dropna().unique()) if axis else []
    names = [f"losses {place}" for place in range(len(shown))] + (["optimum"] if len(sizes) > 1 else [])
    mosaic = [[*names[at : at + _COLUMNS]] for at in range(0, len(names), _COLUMNS)]
    width = max(map(len, mosaic))
    mosaic = [[*row, *(["."] * (width - len(row)))] for row in mosaic]
    with style.context():
        figure, axes = page(mosaic, _PANEL[0] * width + 1.2, [_PANEL[1]] * len(mosaic))
        for place, (key, best) in enumerate(shown):
            _losses(axes[f"losses {place}"], verdict, best, by, axis, sizes)
            title(axes[f"losses {place}"], place, _panel_name(key, by) or "loss")
        if len(sizes) > 1:
            _optima(axes["optimum"], verdict, shown, str(axis), by)
            title(axes["optimum"], len(shown), "optimum")
        finish(figure, _keys(verdict, axis, sizes, shown, by), _caption(verdict, len(panels)))
    return figure


def _axis(verdict: Verdict) -> str | None:
    """The size that lines are coloured by: the one with the most values."""
    counts = {size: verdict.optima[size].nunique() for size in verdict.sizes}
    return max(counts, key=lambda size: counts[size]) if counts else None


def _panel_name(key: Any, by: list[str]) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    words = [str(part) if name == "scheme" else f"{name} {part}" for name, part in zip(by, parts, strict=True)]
    return ", ".join(word for word in words if word)


def _colour(size: float, sizes: list[Any]) -> Any:
    return mpl.colormaps["plasma"](0.85 - 0.78 * sizes.index(size) / max(len(sizes) - 1, 1) if sizes else 0.3)


def _losses(
    axes: Axes, verdict: Verdict, best: pd.DataFrame, by: list[str], axis: str | None, sizes: list[Any]
) -> None:
    same = verdict.curves[by].eq(best[by].iloc[0]).all(axis="columns")
    curves = verdict.curves[same]
    back = coordinate(verdict.hyperparameter).back
    finite = curves["loss"][np.isfinite(curves["loss"])]
    axes.set_xscale("log", base=2)
    if len(finite) and finite.min() > 0 and finite.max() > 20 * finite.min():
        axes.set_yscale("log")
    identity = list(verdict.sizes)
    groups = list(curves.groupby(identity, sort=True, dropna=False)) if identity else [((), curves)]
    for _, group in groups[:_MOST_LINES]:
        colour = _colour(group[axis].iloc[0], sizes) if axis else style.INK
        stable = group[np.isfinite(group["loss"])]
        axes.plot(stable["value"], stable["loss"], color=colour, marker="o", markersize=2.6, linewidth=1.1)
        if (stable["seeds"] > 1).any():
            axes.fill_between(stable["value"], stable["low"], stable["high"], color=colour, alpha=0.2, linewidth=0)
        gone = group[~np.isfinite(group["loss"])]
        axes.scatter(
            gone["value"], np.full(len(gone), 1.0), marker=style.DIVERGED, s=14, color=colour, linewidths=0,
            transform=axes.get_xaxis_transform(), clip_on=False, zorder=3,
        )  # fmt: skip
    known = best[np.isfinite(best["log2_optimum"])]
    colours = [_colour(size, sizes) for size in known[axis]] if axis else style.INK
    axes.scatter(
        back(known["log2_optimum"].to_numpy(dtype=float)), known["loss"], marker=style.OPTIMUM, s=60, c=colours,
        edgecolors="black", linewidths=0.5, zorder=5,
    )  # fmt: skip
    axes.xaxis.set_major_locator(LogLocator(base=2, numticks=6))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(style.axis_label(verdict.hyperparameter))
    axes.set_ylabel("loss")


def _optima(axes: Axes, verdict: Verdict, shown: list[Any], axis: str, by: list[str]) -> None:
    axes.set_xscale("log", base=2)
    every = pd.concat([best for _, best in shown])
    ends = every[["low", "high", "log2_optimum"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends)]
    floor, top = (ends.min() - 0.5, ends.max() + 0.5) if len(ends) else (-1.0, 1.0)
    for place, (_, best) in enumerate(shown):
        colour = _scheme_colour(place)
        held = [size for size in verdict.sizes if size != axis]
        groups = list(best.groupby(held, sort=True, dropna=False)) if held else [((), best)]
        for _, group in groups[:_MOST_LINES]:
            known = group[np.isfinite(group["log2_optimum"])].sort_values(axis)
            y = known["log2_optimum"].to_numpy(dtype=float)
            low, high = (np.clip(known[name].to_numpy(dtype=float), floor, top) for name in ("low", "high"))
            bars = np.maximum(np.stack([y - low, high - y]), 0.0)
            nudge = 2.0 ** (0.06 * (place - (len(shown) - 1) / 2))
            x = known[axis].to_numpy(dtype=float) * nudge
            axes.errorbar(x, y, yerr=bars, color=colour, marker="o", markersize=3.5, linewidth=1.1, elinewidth=0.8)
            for ends_open, marker, height in (
                (np.isneginf(known["low"]), "v", floor),
                (np.isposinf(known["high"]), "^", top),
            ):
                axes.scatter(x[ends_open], np.full(int(ends_open.sum()), height), marker=marker, color=colour, s=16)
    axes.set_ylim(floor, top)
    style.label_sizes(axes, sorted(every[axis].dropna().unique()), axis.replace("_", " "))
    axes.set_ylabel(rf"$\log_2$ of {style.optimum_label(verdict.hyperparameter)}")
    axes.grid(axis="y")


def _scheme_colour(place: int) -> str:
    palette = (style.INK, *style.COLOURS)
    return palette[place % len(palette)]


def _keys(verdict: Verdict, axis: str | None, sizes: list[Any], shown: list[Any], by: list[str]) -> list[Key]:
    from matplotlib.lines import Line2D

    keys = []
    if axis and len(sizes) <= _MOST_LINES:
        lines = [Line2D([], [], color=_colour(size, sizes), linewidth=2.0) for size in sizes]
        keys.append(Key(axis.replace("_", " "), lines, [f"{size:g}" for size in sizes]))
    marks, words = [mark(style.OPTIMUM, size=9, filled=False, edge=0.7)], ["optimum"]
    if (verdict.optima["diverged"] > 0).any():
        marks.append(mark(style.DIVERGED))
        words.append("diverged")
    keys.append(Key("", marks, words))
    if len(sizes) > 1 and len(shown) > 1:
        lines = [Line2D([], [], color=_scheme_colour(place), linewidth=1.6) for place in range(len(shown))]
        keys.append(Key("optimum", lines, [_panel_name(key, by) for key, _ in shown]))
    return keys


def _caption(verdict: Verdict, panels: int) -> str:
    swept = verdict.hyperparameter.replace("_", " ")
    left = f" {panels - _MOST_PANELS} further panels are not drawn." if panels > _MOST_PANELS else ""
    seeds = " (bands: range over seeds)" if (verdict.curves["seeds"] > 1).any() else ""
    return f"Loss against {swept}{seeds}, and its optimum with 95% intervals; arrows: intervals without an end.{left}"
