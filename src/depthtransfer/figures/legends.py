"""What stands below the panels of a figure: legends and caption, measured so that nothing is cut off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from depthtransfer.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARGIN = 0.15  # inches
_BETWEEN = 0.28
_ROW = 0.185


@dataclass(frozen=True)
class Group:
    """Entries that belong together.

    Attributes:
        title: written before the entries.
        handles: matplotlib artists, one per entry.
        labels: one per entry.
    """

    title: str
    handles: list[Any] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rows:
    """Measures of what was placed: height of all rows and of a caption's line, in inches."""

    height: float
    line: float


def legend_row(figure: "Figure", groups: Sequence[Group], width: float, top: float | None) -> Rows:
    """Place groups from left to right, beginning a new row where the figure's width is used up.

    Args:
        figure: to draw into.
        groups: empty ones are left out.
        width: of the figure in inches.
        top: upper edge of the first row, in inches from the figure's lower edge; None only measures.
    """
    height = float(figure.get_size_inches()[1])
    left, row = _MARGIN, 0
    for group in groups:
        if not group.handles:
            continue
        title = text_width(group.title, style.FONT_SIZE - 0.5) + 0.09 if group.title else 0.0
        across = title + _legend(figure, group).get_window_extent(_renderer(figure)).width / figure.dpi
        if left > _MARGIN and left + across > width - _MARGIN:
            left, row = _MARGIN, row + 1
        if top is not None:
            middle = (top - (row + 0.5) * _ROW) / height
            figure.add_artist(_legend(figure, group, ((left + title) / width, middle)))
            size = style.FONT_SIZE - 0.5
            figure.text(left / width, middle, group.title, fontsize=size, va="center_baseline", ha="left")
        left += across + _BETWEEN
    return Rows((row + 1) * _ROW, 1.35 * _caption_size() / 72.0)


def _legend(figure: "Figure", group: Group, at: tuple[float, float] = (0.0, 0.0)) -> Any:
    from matplotlib.legend import Legend

    return Legend(
        figure,
        group.handles,
        group.labels,
        loc="center left",
        bbox_to_anchor=at,
        bbox_transform=figure.transFigure,
        ncols=len(group.handles),
        borderpad=0.0,
        borderaxespad=0.0,
        handlelength=2.0,
        handletextpad=0.5,
        columnspacing=1.1,
        labelspacing=0.0,
    )


def caption_lines(text: str, width: float) -> list[str]:
    """Break a caption into lines of at most this many inches, by the measure of its font."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, _caption_size()) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_caption(figure: "Figure", lines: Sequence[str], top: float) -> None:
    """Write the lines of a caption, beginning ``top`` inches above the figure's lower edge."""
    width, height = figure.get_size_inches()
    figure.text(
        _MARGIN / width,
        top / height,
        "\n".join(lines),
        fontsize=_caption_size(),
        va="top",
        ha="left",
        linespacing=1.25,
        parse_math=False,
    )


def _caption_size() -> float:
    return style.FONT_SIZE - 0.5


@lru_cache(maxsize=1024)
def text_width(text: str, size: float) -> float:
    """Width of a line of text in inches, in the font of all figures; a formula between dollars is set."""
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    figure = Figure(dpi=400)  # fine enough that hinting does not matter
    font = FontProperties(family="DejaVu Sans", size=size)
    width, _, _ = _renderer(figure).get_text_width_height_descent(text, font, ismath=text.count("$") == 2)
    return float(width) / figure.dpi


def _renderer(figure: "Figure") -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
