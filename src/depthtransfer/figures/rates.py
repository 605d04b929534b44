"""How fast finite networks approach the limit: bias and variance against width, bias against depth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthtransfer.analysis import fit_slope
from depthtransfer.figures import style
from depthtransfer.figures.layout import depth_key, finish, note, page, title, width_key
from depthtransfer.figures.tables import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_panels import (
    DEEPEST,
    draw_points,
    draw_power_laws,
    listed,
    seeds_of,
    slopes_note,
    widths_of,
)
from depthtransfer.registry import FigureEntry

_QUANTITIES = {"f": "predictor $f$", "H": r"kernel $H(\tau=1/2)$", "ntk": "tangent kernel $K$"}
_OVER_WIDTH = {
    "bias": ("standard_error", "|bias| of the mean"),
    "variance": ("variance_error", "variance of a network"),
}


def draw(entry: FigureEntry, tables: Mapping[str, StudyTable]) -> tuple[Figure, pd.DataFrame]:
    """Bias and variance over width for each depth, and the bias of finite depth."""
    table = chosen_study(tables, entry.studies[0])
    rows = table.part("final")
    rows = rows.assign(bias=rows["value"] - rows["theory"])
    widths = widths_of(rows)
    found: list[dict[str, Any]] = []
    with style.context():
        mosaic = [[f"{quantity} {part}" for part in (*_OVER_WIDTH, "depth")] for quantity in _QUANTITIES]
        figure, axes = page(mosaic, 10.2, [2.15] * len(_QUANTITIES))
        for row, (quantity, name) in enumerate(_QUANTITIES.items()):
            own = rows[rows["quantity"] == quantity]
            for column, (value, (error, label)) in enumerate(_OVER_WIDTH.items()):
                panel = axes[f"{quantity} {value}"]
                slopes = draw_power_laws(panel, own, value, error, widths)
                found += [{"quantity": quantity, "over": "width", "of": value, **slope} for slope in slopes]
                low, high = panel.get_ylim()
                panel.set_ylim(low / (high / low) ** (0.16 * len(slopes)), high)  # room for the note
                note(panel, slopes_note(slopes))
                _label(panel, label)
                title(panel, 3 * row + column, name)
            found.append({"quantity": quantity, **_draw_depth(axes[f"{quantity} depth"], own, widths)})
            title(axes[f"{quantity} depth"], 3 * row + 2, name)
        keys = [depth_key(sorted(networks(rows)["depth"].unique())), width_key(widths, "width $N$", lines=False)]
        finish(figure, keys, f"{entry.title}. {_caption(table, rows)}")
    behind = [rows.assign(kind="value"), pd.DataFrame(found).assign(kind="slope")]
    return figure, pd.concat(behind, ignore_index=True)


def _draw_depth(axes: Axes, rows: pd.DataFrame, widths: tuple[int, ...]) -> dict[str, Any]:
    """Distance from the limit against depth: infinite width exactly, finite networks as far as they reach."""
    axes.set_yscale("log")
    goal = limit(rows)["value"].iloc[0]
    line = exact(rows).sort_values("depth")
    axes.plot(line["depth"], (line["value"] - goal).abs(), color="black", linewidth=1.1, marker=".", zorder=3)
    away = networks(rows).assign(away=lambda own: (own["value"] - goal).abs())
    draw_points(axes, away, "depth", "away", "standard_error", widths)
    deepest = line.nlargest(DEEPEST, "depth")
    slope = fit_slope(deepest["depth"], deepest["value"] - goal, 0 * deepest["value"])
    note(axes, f"$N=\\infty$: slope {slope.value:.2f}")
    style.label_sizes(axes, sorted(line["depth"]), "depth $L$")
    _label(axes, "|value − limit|")
    return {"over": "depth", "of": "bias", "depth": float("nan"), **vars(slope)}


def _label(axes: Axes, label: str) -> None:
    style.label_log(axes)
    axes.set_ylabel(label)
    axes.grid(axis="y")


def _caption(table: StudyTable, rows: pd.DataFrame) -> str:
    found = networks(rows)
    updates, rate, gamma0 = (rows[name].iloc[0] for name in ("updates", "learning_rate", "gamma0"))
    return (
        f"One datum, γ₀ = {gamma0:g}, after {updates} updates of η₀t = {rate:g}; widths {listed(found['width'])}; "
        f"depths {listed(found['depth'])}; {seeds_of(rows)} seeds (each with both signs of its readout). Left: "
        "difference of the mean from the exact theory of infinite width at the same depth, freed of what the initial "
        "kernels explain. Middle: variance between single networks. Right: distance from infinite depth, black at "
        f"infinite width; slope from the {DEEPEST} deepest. Bars: one standard error; brackets: 95% intervals. Preset "
        f"{table.preset}."
    )
