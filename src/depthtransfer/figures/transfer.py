"""Figures of transfer: losses of every variant of an experiment, panel by panel, and their optima against depth.

This draws Figures 1, 2, B.1 and M.1, and the picture of any other experiment (`figures/sweep/<experiment>.pdf`).
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.layout import finish, page, title
from depthtransfer.figures.panels import (
    Panel,
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

_MOST_COLUMNS = 4
_WIDTHS = {1: 7.4, 2: 9.6, 3: 11.0, 4: 12.4}  # inches, by columns of losses
_PANEL, _LOWER_PANEL = 3.0, 2.4  # inches of a panel with its labels: of a single row, of several


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """Loss against the swept value for every variant of the experiment, and the optimum against depth."""
    experiment = chosen(tables, entry.experiments[0])
    variants = [str(variant) for variant in experiment.runs["variant"].unique()]
    panels = [
        panel_of(experiment, variant, style.variant_label(variant), colour)
        for variant, colour in zip(variants, _colours(experiment, variants), strict=True)
    ]
    rows = [panels[begin : begin + _MOST_COLUMNS] for begin in range(0, len(panels), _MOST_COLUMNS)]
    return draw_rows(entry.title or experiment.title, rows)


def _colours(experiment: ExperimentTables, variants: Sequence[str]) -> list[str]:
    """Colours of their schemes if each variant has its own, else of the palette in turn."""
    schemes = experiment.runs.groupby("variant", sort=False)["scheme"].first()
    if schemes.nunique() == len(variants):
        return [style.scheme_colour(str(schemes[variant])) for variant in variants]
    palette = (style.INK, *style.COLOURS)
    return [palette[place % len(palette)] for place in range(len(variants))]


def draw_rows(text: str, rows: Sequence[Sequence[Panel]]) -> tuple[Figure, pd.DataFrame]:
    """Draw rows of panels, each with its optima against depth at the right, and a caption below.

    Args:
        text: first words of the caption.
        rows: at least one, of at least one panel each; all share the loss axis and the axes of their hyperparameters.

    Returns:
        The figure and the table behind it: rows of kind "curve" (one point of an averaged curve) and "optimum".
    """
    flat = [panel for row in rows for panel in row]
    shared = shared_by(flat)
    columns = max(map(len, rows))
    mosaic: list[list[str]] = []
    for place, row in enumerate(rows):
        gap = ["."] * (columns - len(row))
        mosaic.append([*(f"strip {place} {column}" for column in range(len(row))), *gap, f"optimum {place}"])
        mosaic.append([*(f"loss {place} {column}" for column in range(len(row))), *gap, f"optimum {place}"])
    heights = [strip_height(shared), _PANEL if len(rows) == 1 else _LOWER_PANEL] * len(rows)
    with style.context():
        figure, axes = page(mosaic, _WIDTHS[columns], heights, columns=[1.0] * columns + [0.8])
        keys, index = loss_keys(shared, flat), 0
        for place, row in enumerate(rows):
            for column, panel in enumerate(row):
                above = axes[f"strip {place} {column}"]
                draw_losses(axes[f"loss {place} {column}"], panel, shared, labelled=column == 0)
                draw_strip(above, panel, shared, labelled=column == 0)
                title(above, index, panel.name)
                index += 1
            draw_optima(axes[f"optimum {place}"], row, shared)
            title(axes[f"optimum {place}"], index, "optimum")
            keys.append(optimum_key(row, chr(97 + index)))
            index += 1
        finish(figure, keys, f"{text}. {_panels(rows)} {caption(shown(flat))}")
    return figure, behind(flat)


def _panels(rows: Sequence[Sequence[Panel]]) -> str:
    """What the panels show, by their letters."""
    losses, optima, index = [], [], 0
    for row in rows:
        losses.append(_span(index, index + len(row) - 1))
        optima.append(_span(index + len(row), index + len(row)))
        index += len(row) + 1
    swept = hyperparameter(rows[0][0].hyperparameter).label
    return (
        f"{', '.join(losses)}: loss against {swept}, above it what diverged; {', '.join(optima)}: optimum against "
        "depth with 95% intervals."
    )


def _span(first: int, last: int) -> str:
    letters = [chr(97 + first), chr(97 + last)]
    return f"({letters[0]})" if first == last else f"({letters[0]}) to ({letters[1]})"
