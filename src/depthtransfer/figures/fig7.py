"""Figure 7: linear networks that learn features, against the limit: over training time, and after one update."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from depthtransfer.figures import style
from depthtransfer.figures.panel_grid import Cell, note, panel_grid, title
from depthtransfer.figures.study_table import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_marks import (
    draw_exact,
    draw_limit,
    draw_networks,
    groups,
    listed,
    seeds_of,
    widths_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ()
STUDIES: tuple[str, ...] = ("fig7",)
TITLE = "Linear networks that learn features: finite width and depth against the limit"

_ROWS = (
    ("loss", "loss"),
    ("H", r"$H(\tau=1/2)$"),
    ("ntk", r"tangent kernel $K$"),
)


def draw(tables: Mapping[str, StudyTable], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Loss and kernels over training time for each gamma_0, and the change of H after one update."""
    import pandas as pd

    table = chosen_study(tables, STUDIES[0])
    training, step = table.part("training"), table.part("one_step", quantity="dH")
    shown = pd.concat([training, step])
    strengths = sorted(training["gamma0"].unique())
    columns = len(strengths) + 1
    with style.context():
        cells = [Cell(row, column) for row in range(3) for column in range(len(strengths))]
        cells += [Cell(0, columns - 1, 1.5), Cell(1.5, columns - 1, 1.5)]
        text = _caption(table, training, step)
        figure, panels = panel_grid(cells, columns, 3, 1.45, groups(shown), text)
        for index, axes in enumerate(panels[:-2]):
            (quantity, label), gamma0 = _ROWS[index // len(strengths)], strengths[index % len(strengths)]
            own = training[(training["quantity"] == quantity) & (training["gamma0"] == gamma0)]
            _draw_over_time(axes, own, widths_of(shown))
            title(axes, index, rf"$\gamma_0={gamma0:g}$")
            axes.set_ylabel(label if index % len(strengths) == 0 else "")
        _draw_profile(panels[-2], step, widths_of(shown))
        title(panels[-2], len(panels) - 2, "after one update")
        slopes = _draw_quadratic(panels[-1], step, widths_of(shown))
        title(panels[-1], len(panels) - 1, r"at $\tau=1$")
    behind = [training.assign(kind="training"), step.assign(kind="one_step"), slopes.assign(kind="slope")]
    return figure, pd.concat(behind, ignore_index=True)


def _draw_over_time(axes: "Axes", rows: "DataFrame", widths: tuple[int, ...]) -> None:
    if set(rows["quantity"]) == {"loss"}:
        axes.set_yscale("log")
        lowest = limit(rows)["value"].min()
        axes.set_ylim(lowest / 4, 3 * limit(rows)["value"].max())
    draw_exact(axes, rows, "t")
    draw_networks(axes, rows, "t", widths, size=2.4)
    draw_limit(axes, rows, "t")
    axes.set_xlabel(r"training time $\eta_0 t$")


def _draw_profile(axes: "Axes", step: "DataFrame", widths: tuple[int, ...]) -> None:
    """Change of H over layer time, for every gamma_0; on a logarithmic axis their curves lie apart."""
    axes.set_yscale("log")
    after = step[(step["updates"] == 1) & (step["mu"] == 0)]
    shown = after[_every_so_often(after)]
    for _, own in shown.groupby("gamma0", sort=True):
        draw_exact(axes, own, "tau")
        draw_networks(axes, own, "tau", widths, size=2.4)
        draw_limit(axes, own, "tau")
    strengths = sorted(after["gamma0"].unique())
    note(axes, rf"$\gamma_0$ from below: {listed(strengths)}", place="upper left")
    top = limit(after)["value"].max()
    axes.set_ylim(limit(after)["value"].min() / 4, 4 * top)
    axes.set_xlabel(r"layer time $\tau$")
    axes.set_ylabel(r"change of $H(\tau)$")


def _every_so_often(rows: "DataFrame") -> Any:
    """All of the theory, and networks at eighths of layer time at most."""
    return (rows["width"] == float("inf")) | ((8 * rows["tau"]) % 1 == 0)


def _draw_quadratic(axes: "Axes", step: "DataFrame", widths: tuple[int, ...]) -> "DataFrame":
    """Change of H at the top against gamma_0, and the exponent."""
    import pandas as pd

    from depthtransfer.analysis import fit_slope

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    top = step[(step["tau"] == 1) & (step["updates"] == 1)]
    draw_exact(axes, top, "gamma0")
    draw_networks(axes, top, "gamma0", widths)
    draw_limit(axes, top, "gamma0")
    found = []
    sizes: Any
    for sizes, own in top.groupby(["width", "depth"], sort=True):
        slope = fit_slope(own["gamma0"], own["value"], own["standard_error"])
        found.append({"width": sizes[0], "depth": sizes[1], "slope": slope.value, "low": slope.low, "high": slope.high})
    strengths = sorted(top["gamma0"].unique())
    axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    axes.minorticks_off()
    axes.set_ylim(bottom=limit(top)["value"].min() / 8)
    axes.set_xlabel(r"feature-learning strength $\gamma_0$")
    axes.set_ylabel(r"change of $H(1)$")
    slopes = pd.DataFrame(found)
    theory = limit(slopes)["slope"].iloc[0]
    measured = networks(slopes)
    note(
        axes,
        f"exponent in $\\gamma_0$:\ntheory {theory:.2f}\nnetworks {measured['low'].min():.2f} to "
        f"{measured['high'].max():.2f}",
        place="lower right",
    )
    return slopes


def _caption(table: StudyTable, training: "DataFrame", step: "DataFrame") -> str:
    both = (training, step)
    widths = listed(width for part in both for width in networks(part)["width"])
    rates = [listed(exact(part)["learning_rate"]) for part in both]
    return (
        f"{TITLE}. One datum with |x|² = D, all weights trained at η₀γ₀²N, gradient descent with steps of "
        f"η₀t = {rates[0]}. Markers: networks of width {widths}, means over {seeds_of(training)} seeds (each with both "
        f"signs of its readout) and one standard error; the loss is that of the mean predictor. Lines: exact theory of "
        f"infinite width at finite depth and the same steps; dashed: its limit of infinite depth. Last column: change "
        f"of H after one update of η₀t = {rates[1]}, {seeds_of(step)} seeds. Preset {table.preset}."
    )
