"""How fast finite networks approach the limit: bias and variance against width, bias against depth."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from depthtransfer.figures import style
from depthtransfer.figures.panel_grid import Cell, label_log, note, panel_grid, title
from depthtransfer.figures.study_table import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_marks import error_bars, groups, listed, seeds_of, widths_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ()
STUDIES: tuple[str, ...] = ("rates",)
TITLE = "Finite-size rates of linear networks that learn features"

_QUANTITIES = (("f", "predictor $f$"), ("H", r"kernel $H(\tau=1/2)$"), ("ntk", "tangent kernel $K$"))
_DEEPEST = 4
"""Depths, from the deepest, that the slope over depth is fitted to."""


def draw(tables: Mapping[str, StudyTable], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Bias and variance over width for each depth, and the bias of finite depth."""
    import pandas as pd

    table = chosen_study(tables, STUDIES[0])
    rows = table.part("final")
    rows = rows.assign(bias=rows["value"] - rows["theory"])
    found = []
    with style.context():
        cells = [Cell(row, column) for row in range(3) for column in range(3)]
        shown = groups(networks(rows), with_exact=False)[:2]
        figure, panels = panel_grid(cells, 3, 3, 1.55, shown, _caption(table, rows))
        for index, (quantity, name) in enumerate(_QUANTITIES):
            own = rows[rows["quantity"] == quantity]
            for column, (draw_panel, label) in enumerate(_COLUMNS):
                axes = panels[3 * index + column]
                found += [{"quantity": quantity, **slope} for slope in draw_panel(axes, own, widths_of(rows))]
                axes.set_ylabel(label)
                title(axes, 3 * index + column, name)
    behind = [rows.assign(kind="value"), pd.DataFrame(found).assign(kind="slope")]
    return figure, pd.concat(behind, ignore_index=True)


def _over_width(
    axes: "Axes", rows: "DataFrame", widths: tuple[int, ...], value: str, error: str
) -> list[dict[str, Any]]:
    """Size of a column against width, with the power law fitted to each depth."""
    import numpy as np

    from depthtransfer.analysis import fit_slope

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    found, lines = [], []
    depth: Any
    row: Any
    for depth, own in networks(rows).groupby("depth", sort=True):
        slope = fit_slope(own["width"], own[value], own[error])
        found.append({"over": "width", "of": value, "depth": depth, **vars(slope)})
        lines.append(f"$L={depth:.0f}$: {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}]")
        for row in own.itertuples():
            rank = widths.index(int(row.width))
            error_bars(axes, [row.width], [abs(getattr(row, value))], [getattr(row, error)], depth, rank)
        ordered = own.sort_values("width")
        x, y, e = (ordered[name].to_numpy() for name in ("width", value, error))
        level = np.average(np.log(np.abs(y)) - slope.value * np.log(x), weights=(y / e) ** 2)
        axes.plot(x, np.exp(level) * x**slope.value, color=style.depth_colour(depth), linewidth=0.9, zorder=2)
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** (0.16 * len(lines)), high)
    note(axes, "slope " + "\n         ".join(lines))
    _label_sizes(axes, sorted(widths), "width $N$")
    return found


def _draw_bias(axes: "Axes", rows: "DataFrame", widths: tuple[int, ...]) -> list[dict[str, Any]]:
    return _over_width(axes, rows, widths, "bias", "standard_error")


def _draw_variance(axes: "Axes", rows: "DataFrame", widths: tuple[int, ...]) -> list[dict[str, Any]]:
    return _over_width(axes, rows, widths, "variance", "variance_error")


def _draw_depth(axes: "Axes", rows: "DataFrame", widths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Distance from the limit against depth: infinite width exactly, finite networks as far as they reach."""
    from depthtransfer.analysis import fit_slope

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    goal = limit(rows)["value"].iloc[0]
    line = exact(rows).sort_values("depth")
    axes.plot(line["depth"], (line["value"] - goal).abs(), color="black", linewidth=1.1, marker=".", zorder=3)
    depth: Any
    row: Any
    for depth, own in networks(rows).groupby("depth", sort=True):
        for row in own.itertuples():
            rank = widths.index(int(row.width))
            error_bars(axes, [depth], [abs(row.value - goal)], [row.standard_error], depth, rank)
    deepest = line.nlargest(_DEEPEST, "depth")
    slope = fit_slope(deepest["depth"], deepest["value"] - goal, 0 * deepest["value"])
    note(axes, f"$N=\\infty$: slope {slope.value:.2f}")
    _label_sizes(axes, sorted(line["depth"]), "depth $L$")
    return [{"over": "depth", "of": "bias", "depth": float("nan"), **vars(slope)}]


def _label_sizes(axes: "Axes", sizes: list[Any], label: str) -> None:
    axes.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    axes.minorticks_off()
    label_log(axes)
    axes.set_xlabel(label)


def _caption(table: StudyTable, rows: "DataFrame") -> str:
    found = networks(rows)
    updates, rate, gamma0 = (rows[name].iloc[0] for name in ("updates", "learning_rate", "gamma0"))
    return (
        f"{TITLE}. One datum, γ₀ = {gamma0:g}, after {updates} updates of η₀t = {rate:g}; widths "
        f"{listed(found['width'])}; depths {listed(found['depth'])}; {seeds_of(rows)} seeds (each with both signs of "
        f"its readout). Left: difference of the mean from the exact theory of infinite width at the same depth, freed "
        f"of what the initial kernels explain. Middle: variance between single networks. Right: distance from infinite "
        f"depth, black at infinite width; slope from the {_DEEPEST} deepest. Bars: one standard error; brackets: 95% "
        f"intervals. Preset {table.preset}."
    )


_COLUMNS = (
    (_draw_bias, "|bias| of the mean"),
    (_draw_variance, "variance of one network"),
    (_draw_depth, "|value − limit|"),
)
"""What is drawn in each column, and its axis."""
