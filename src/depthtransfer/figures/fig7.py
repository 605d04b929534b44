"""Figure 7: linear networks that learn features, against the limit: over training time, and after one update."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthtransfer.analysis import fit_slope
from depthtransfer.figures import style
from depthtransfer.figures.layout import finish, note, page, title
from depthtransfer.figures.tables import StudyTable, chosen_study, exact, limit, networks
from depthtransfer.figures.theory_panels import draw_theory, listed, seeds_of, theory_keys, widths_of
from depthtransfer.registry import FigureEntry

_ROWS = {"loss": "loss", "H": r"$H(\tau=1/2)$", "ntk": r"tangent kernel $K$"}


def draw(entry: FigureEntry, tables: Mapping[str, StudyTable]) -> tuple[Figure, pd.DataFrame]:
    """Loss and kernels over training time for each gamma_0, and the change of H after one update."""
    table = chosen_study(tables, entry.studies[0])
    training, step = table.part("training"), table.part("one_step", quantity="dH")
    shown = pd.concat([training, step])
    strengths, widths = sorted(training["gamma0"].unique()), widths_of(shown)
    with style.context():
        # Every row stands twice, so that the last column divides the height in two.
        mosaic = [
            [*(f"{quantity} {gamma0}" for gamma0 in strengths), "profile" if 2 * row + half < 3 else "top"]
            for row, quantity in enumerate(_ROWS)
            for half in range(2)
        ]
        figure, axes = page(mosaic, 12.0, [1.05] * 6)
        index = 0
        for quantity, label in _ROWS.items():
            for gamma0 in strengths:
                panel = axes[f"{quantity} {gamma0}"]
                own = training[(training["quantity"] == quantity) & (training["gamma0"] == gamma0)]
                _draw_over_time(panel, own, widths)
                title(panel, index, rf"$\gamma_0={gamma0:g}$")
                panel.set_ylabel(label if gamma0 == strengths[0] else "")
                index += 1
        _draw_profile(axes["profile"], step, widths)
        title(axes["profile"], index, "after one update")
        slopes = _draw_quadratic(axes["top"], step, widths)
        title(axes["top"], index + 1, r"at $\tau=1$")
        finish(figure, theory_keys(shown), f"{entry.title}. {_caption(table, training, step)}")
    behind = [training.assign(kind="training"), step.assign(kind="one_step"), slopes.assign(kind="slope")]
    return figure, pd.concat(behind, ignore_index=True)


def _draw_over_time(axes: Axes, rows: pd.DataFrame, widths: tuple[int, ...]) -> None:
    if set(rows["quantity"]) == {"loss"}:
        axes.set_yscale("log")
        lowest = limit(rows)["value"].min()
        axes.set_ylim(lowest / 4, 3 * limit(rows)["value"].max())
    draw_theory(axes, rows, "t", widths, size=2.4)
    axes.set_xlabel(r"training time $\eta_0 t$")
    axes.grid(axis="y")


def _draw_profile(axes: Axes, step: pd.DataFrame, widths: tuple[int, ...]) -> None:
    """Change of H over layer time, for every gamma_0; on a logarithmic axis their curves lie apart."""
    axes.set_yscale("log")
    after = step[(step["updates"] == 1) & (step["mu"] == 0)]
    shown = after[(after["width"] == float("inf")) | ((8 * after["tau"]) % 1 == 0)]  # networks at eighths at most
    for _, own in shown.groupby("gamma0", sort=True):
        draw_theory(axes, own, "tau", widths, size=2.4)
    note(axes, rf"$\gamma_0$ from below: {listed(after['gamma0'])}", place="upper left")
    axes.set_ylim(limit(after)["value"].min() / 4, 4 * limit(after)["value"].max())
    axes.set_xlabel(r"layer time $\tau$")
    axes.set_ylabel(r"change of $H(\tau)$")
    axes.grid(axis="y")


def _draw_quadratic(axes: Axes, step: pd.DataFrame, widths: tuple[int, ...]) -> pd.DataFrame:
    """Change of H at the top against gamma_0, and the exponent."""
    axes.set_yscale("log")
    top = step[(step["tau"] == 1) & (step["updates"] == 1)]
    draw_theory(axes, top, "gamma0", widths)
    found = []
    sizes: Any
    for sizes, own in top.groupby(["width", "depth"], sort=True):
        slope = fit_slope(own["gamma0"], own["value"], own["standard_error"])
        found.append({"width": sizes[0], "depth": sizes[1], "slope": slope.value, "low": slope.low, "high": slope.high})
    style.label_sizes(axes, sorted(top["gamma0"].unique()), r"feature-learning strength $\gamma_0$")
    axes.set_ylim(bottom=limit(top)["value"].min() / 8)
    axes.set_ylabel(r"change of $H(1)$")
    axes.grid(axis="y")
    slopes = pd.DataFrame(found)
    measured = networks(slopes)
    note(
        axes,
        f"exponent in $\\gamma_0$:\ntheory {limit(slopes)['slope'].iloc[0]:.2f}\nnetworks {measured['low'].min():.2f} "
        f"to {measured['high'].max():.2f}",
        place="lower right",
    )
    return slopes


def _caption(table: StudyTable, training: pd.DataFrame, step: pd.DataFrame) -> str:
    both = (training, step)
    widths = listed(width for part in both for width in networks(part)["width"])
    rates = [listed(exact(part)["learning_rate"]) for part in both]
    return (
        f"One datum with |x|² = D, all weights trained at η₀γ₀²N, gradient descent with steps of η₀t = {rates[0]}. "
        f"Markers: networks of width {widths}, means over {seeds_of(training)} seeds (each with both signs of its "
        "readout) and one standard error; the loss is that of the mean predictor. Lines: exact theory of infinite "
        "width at finite depth and the same steps; dashed: its limit of infinite depth. Last column: change of H after "
        f"one update of η₀t = {rates[1]}, {seeds_of(step)} seeds. Preset {table.preset}."
    )
