"""Panels in rows and columns, with legends and a caption below, so that nothing is cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from depthtransfer.figures import style
from depthtransfer.figures.legends import Group, caption_lines, draw_caption, legend_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT, _RIGHT, _TOP, _BELOW = 0.62, 0.14, 0.30, 0.46
_GAP = 0.66  # inches between columns, room for labels
_BETWEEN = 0.62  # inches between rows, room for labels and titles


@dataclass(frozen=True)
class Cell:
    """Where a panel stands: first row and column, and how many rows it spans."""

    row: float
    column: int
    rows: float = 1.0


def panel_grid(
    cells: Sequence[Cell], columns: int, rows: int, panel_height: float, groups: Sequence[Group], text: str
) -> "tuple[Figure, list[Axes]]":
    """Make a figure with empty panels, legends and caption.

    Args:
        cells: one per panel; letters follow their order.
        columns: number of columns, equally wide.
        rows: number of rows.
        panel_height: height of a row in inches.
        groups: the legend's.
        text: the caption.
    """
    from matplotlib.figure import Figure

    width = style.TEXT_WIDTH
    lines = caption_lines(text, width - 0.3)
    figure = Figure(figsize=(width, 1.0))
    measures = legend_row(figure, groups, width, None)
    below = _BELOW + measures.height + measures.line * (len(lines) + 0.8)
    height = _TOP + rows * panel_height + (rows - 1) * _BETWEEN + below
    figure.set_size_inches(width, height)
    across = (width - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns
    panels = []
    for cell in cells:
        left = _LEFT + cell.column * (across + _GAP)
        top = height - _TOP - cell.row * (panel_height + _BETWEEN)
        tall = cell.rows * panel_height + (cell.rows - 1) * _BETWEEN
        panels.append(figure.add_axes((left / width, (top - tall) / height, across / width, tall / height)))
    legend_row(figure, groups, width, below - _BELOW)
    draw_caption(figure, lines, measures.line * (len(lines) + 0.4))
    return figure, panels


def title(axes: "Axes", index: int, text: str) -> None:
    """Letter and title of a panel."""
    axes.set_title(f"({chr(97 + index)}) {text}", loc="left", pad=5)
    axes.grid(axis="y")


def label_log(axes: "Axes") -> None:
    """Label a logarithmic y axis in plain numbers, at 1, 2 and 5 where it spans less than two decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    if high < 100 * low:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def note(axes: "Axes", text: str, *, place: str = "lower left") -> None:
    """A few words in a corner of a panel."""
    x, y = (0.97 if "right" in place else 0.03), (0.97 if "upper" in place else 0.03)
    axes.text(
        x,
        y,
        text,
        transform=axes.transAxes,
        ha="right" if "right" in place else "left",
        va="top" if "upper" in place else "bottom",
        fontsize=style.FONT_SIZE - 1.5,
        linespacing=1.3,
        zorder=8,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
    )
