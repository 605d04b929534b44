"""Pages: panels in a grid, a legend at the right, a caption below. Matplotlib's constrained layout keeps them apart."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer.figures import style

_CAPTION_SIZE = style.FONT_SIZE - 0.5
_LETTERS_AN_INCH = 17.6  # of the caption's font, in running text; few enough for lines of wide letters
_LINE = 1.3 * _CAPTION_SIZE / 72  # inches
_MARGIN = 0.08  # inches


@dataclass(frozen=True)
class Key:
    """Entries of the legend under one heading.

    Attributes:
        title: the heading; empty for none.
        handles: matplotlib artists, one per entry.
        labels: one per entry.
    """

    title: str
    handles: Sequence[Any] = field(default_factory=list)
    labels: Sequence[str] = field(default_factory=list)


def page(
    mosaic: Sequence[Sequence[Any]], width: float, heights: Sequence[float], *, columns: Sequence[float] | None = None
) -> tuple[Figure, dict[Any, Axes]]:
    """Make a figure with empty panels.

    Args:
        mosaic: names of the panels in rows and columns, as for ``Figure.subplot_mosaic``; "." leaves a gap.
        width: of the figure in inches.
        heights: of the rows in inches, with their labels.
        columns: relative widths of the columns; None for equal ones.

    Returns:
        The figure and its panels by name.
    """
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=_MARGIN, h_pad=_MARGIN / 2, wspace=0.02, hspace=0.01)  # type: ignore[union-attr,call-arg]
    axes = figure.subplot_mosaic(
        [list(row) for row in mosaic], height_ratios=list(heights), width_ratios=list(columns) if columns else None
    )
    return figure, axes


def title(axes: Axes, index: int, text: str) -> None:
    """Letter and title of a panel."""
    axes.set_title(f"({chr(97 + index)}) {text}", pad=6)


def finish(figure: Figure, keys: Sequence[Key], caption: str) -> None:
    """Put the legend beside the panels and the caption below them; the figure grows by the caption's height."""
    handles: list[Any] = []
    labels: list[str] = []
    headings: list[int] = []
    for key in (key for key in keys if key.handles):
        if key.title:
            headings.append(len(labels))
            handles.append(Line2D([], [], linestyle="none"))
            labels.append(key.title)
        handles += key.handles
        labels += key.labels
    legend = figure.legend(
        handles, labels, loc="outside right upper", handlelength=2.2, labelspacing=0.45, borderaxespad=0.2
    )
    for place in headings:
        legend.get_texts()[place].set_fontweight("bold")
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(caption, int(_LETTERS_AN_INCH * (width - 2 * _MARGIN)))
    figure.supxlabel(
        "\n".join(lines), x=_MARGIN / width, ha="left", fontsize=_CAPTION_SIZE, linespacing=1.25, parse_math=False
    )
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    tall = legend.get_window_extent(renderer).height / figure.dpi
    figure.set_size_inches(width, max(float(height), tall + 2 * _MARGIN) + _LINE * len(lines) + 2 * _MARGIN)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, not again for each file


def note(axes: Axes, text: str, *, place: str = "lower left") -> None:
    """A few words in a corner of a panel."""
    right, upper = "right" in place, "upper" in place
    axes.text(
        0.97 if right else 0.03, 0.97 if upper else 0.03, text, transform=axes.transAxes, linespacing=1.3, zorder=8,
        ha="right" if right else "left", va="top" if upper else "bottom", fontsize=style.FONT_SIZE - 1.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
    )  # fmt: skip


def depth_key(depths: Sequence[float], heading: str = "depth $L$") -> Key:
    """Entries for depths by their colours."""
    handles = [Line2D([], [], color=style.depth_colour(depth), linewidth=2.2) for depth in depths]
    return Key(heading, handles, [f"{depth:g}" for depth in depths])


def width_key(widths: Sequence[int], heading: str = "width", *, lines: bool = True) -> Key:
    """Entries for widths, widest first, by marker and, where there are lines, their dashes."""
    handles = [
        Line2D(
            [], [], color=style.INK, linestyle=style.width_line(rank) if lines else "none",
            marker=style.width_marker(rank), markersize=3.4, linewidth=1.2,
        )
        for rank in range(len(widths))
    ]  # fmt: skip
    return Key(heading, handles, [str(width) for width in widths])


def mark(marker: str, *, size: float = 5.0, filled: bool = True, edge: float = 0.0) -> Line2D:
    """A single mark as an entry of the legend."""
    face = style.INK if filled else "white"
    return Line2D(
        [], [], linestyle="none", marker=marker, color=face, markeredgecolor=style.INK, markeredgewidth=edge,
        markersize=size,
    )  # fmt: skip
