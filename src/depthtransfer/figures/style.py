"""The one visual language of all figures, on seaborn.

Depth is hue, width is dashes and marker, a scheme has a colour of its own off the palette of depths. Colours of depth
are read off *plasma*, perceptually uniform and readable with the common colour deficiencies (neighbouring octaves
between 3 and 48 are at least 25 CIELAB units apart, also under simulated deuteranopia and protanopia); all others are
those of seaborn's palette *colorblind*.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from depthtransfer import registry

FONT_SIZE = 8.0
INK = "#1a1a1a"
FAINT = "#8c8c8c"
COLOURS: tuple[str, ...] = tuple(sns.color_palette("colorblind").as_hex())
OPTIMUM = "*"
DIVERGED = "X"

_SCHEMES = {
    "sp": COLOURS[7],
    "ntp": COLOURS[9],
    "mup": INK,
    "mup_sqrt_depth": COLOURS[2],
    "mup_alpha": COLOURS[0],
    "depth_pair": COLOURS[4],
    "planned": COLOURS[2],
}
# Where on the palette a depth lies: almost all of it belongs to 3 ... 96, the rest to the ends 1 and 384.
_DEPTHS = (1.0, 3.0, 96.0, 384.0)
_PLACES = (0.92, 0.85, 0.07, 0.0)
_DASHES: tuple[Any, ...] = ("", (5, 1.8), (1.2, 1.2), (5, 1.5, 1.2, 1.5))
_MARKERS = ("o", "s", "^", "D")

_SETTINGS: dict[str, Any] = {
    "mathtext.fontset": "dejavusans",
    "font.size": FONT_SIZE,
    "axes.titlesize": FONT_SIZE + 1,
    "axes.titlelocation": "left",
    "axes.labelsize": FONT_SIZE,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#4d4d4d",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": FONT_SIZE - 1,
    "ytick.labelsize": FONT_SIZE - 1,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "lines.linewidth": 1.4,
    "legend.fontsize": FONT_SIZE - 0.5,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "depthtransfer",
    "path.simplify": False,
}


@contextmanager
def context() -> Iterator[None]:
    """The theme of every figure, on matplotlib's defaults: nobody's matplotlibrc changes a figure."""
    with mpl.rc_context():
        parameters: Any = mpl.rcParams
        parameters.update({k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")})
        sns.set_theme(context="paper", style="ticks", palette="colorblind", font="DejaVu Sans", rc=_SETTINGS)
        yield


def depth_colour(depth: float) -> str:
    """Colour of a depth: a function of the depth alone, from yellow (1) to deep violet (384 and beyond)."""
    place = float(np.interp(np.log2(depth), np.log2(_DEPTHS), _PLACES))
    return to_hex(mpl.colormaps["plasma"](place))


def depth_palette(depths: Iterable[float]) -> dict[float, str]:
    """Colour of each depth, as seaborn takes it."""
    return {depth: depth_colour(depth) for depth in depths}


def width_palette(widths: Sequence[int]) -> dict[int, str]:
    """Colour of each width where depth is an axis; the widest, which comes first, is darkest."""
    return dict(zip(widths, sns.color_palette("Blues_r", len(widths) + 1).as_hex(), strict=False))


def width_marker(rank: int) -> str:
    """Marker of the width of this rank, the widest having rank 0."""
    return _MARKERS[rank % len(_MARKERS)]


def width_line(rank: int) -> Any:
    """Line style of the width of this rank, the widest having rank 0, as matplotlib takes it."""
    dashes = _DASHES[rank % len(_DASHES)]
    return (0, dashes) if dashes else "-"


def scheme_colour(scheme: str) -> str:
    """Colour of a scheme where schemes share a panel."""
    return _SCHEMES.get(scheme, INK)


def variant_label(variant: str) -> str:
    """How a variant of a scheme is written: as its scheme, or with its constants' symbols instead of their names."""
    if variant in registry.SCHEMES:
        return registry.SCHEMES[variant]
    symbols = {name: f"${entry.symbol}$" for name, entry in registry.HYPERPARAMETERS.items()}
    return " ".join(symbols.get(word, word.replace("muP", "μP")) for word in variant.split(" "))


def axis_label(hyperparameter: str) -> str:
    """How a hyperparameter is written at an axis that shows powers of two of its coordinate."""
    entry = registry.hyperparameter(hyperparameter)
    if entry.coordinate == "stretch":
        return rf"{entry.label}, as $1/(1-{entry.symbol})$"
    return f"{entry.label} ${entry.symbol}$" if hyperparameter in registry.HYPERPARAMETERS else entry.label


def optimum_label(hyperparameter: str) -> str:
    """How the optimum of a hyperparameter is written at an axis."""
    entry = registry.hyperparameter(hyperparameter)
    return rf"optimum $1/(1-{entry.symbol}^*)$" if entry.coordinate == "stretch" else f"optimum ${entry.symbol}^*$"


def draw_lines(
    axes: Axes,
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    widths: Sequence[int],
    spread: tuple[str, str] | None = ("low", "high"),
    hue: str = "depth",
    palette: Mapping[Any, str] | None = None,
    bars: bool = False,
    markers: bool = True,
    joined: bool = True,
    **line: Any,
) -> None:
    """Lines of a table that is averaged already, by hue and width, with a band or bars between two of its columns.

    Args:
        axes: to draw into.
        table: columns `x`, `y`, `hue`, width and those of `spread`; rows without a finite `y` are left out.
        x, y: columns of the axes.
        widths: all of the figure, widest first: their ranks give dashes and markers.
        spread: columns of the band's edges; None for none.
        hue: column that the colour shows.
        palette: colour by value of `hue`; that of the depths if None.
        bars: error bars instead of a band.
        markers: whether points are marked.
        joined: whether lines join the points.
        line: passed on to matplotlib.
    """
    shown = table[np.isfinite(table[y])]
    if shown.empty:
        return
    ranks = range(len(widths))
    line = {"markersize": 3.5, "markeredgewidth": 0.0} | ({} if joined else {"linestyle": ""}) | line
    # Three values a point, so that seaborn's median is the line and the extent of the three its band.
    edges = [shown.assign(**{y: shown[edge]}) for edge in spread or ()]
    sns.lineplot(
        pd.concat([shown, *edges]), x=x, y=y, hue=hue, palette=dict(palette or depth_palette(shown[hue].unique())),
        style="width", style_order=list(widths),
        dashes={widths[r]: _DASHES[r % len(_DASHES)] for r in ranks} if joined else False,
        markers={widths[r]: width_marker(r) for r in ranks} if markers else False, estimator="median",
        errorbar=(lambda values: (values.min(), values.max())) if spread else None,
        err_style="bars" if bars else "band", err_kws={"linewidth": 0.9} if bars else {"alpha": 0.2, "linewidth": 0},
        legend=False, ax=axes, **line,
    )  # fmt: skip


def label_log(axes: Axes) -> None:
    """Label a logarithmic y axis in plain numbers, at 1, 2 and 5 where it spans less than two decades."""
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def label_sizes(axes: Axes, sizes: Sequence[float], label: str) -> None:
    """A logarithmic x axis of widths or depths, labelled at these."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(sizes), [f"{size:g}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
