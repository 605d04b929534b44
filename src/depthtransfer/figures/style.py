"""The one visual language of all figures.

Depth is hue, width is line style and marker, a scheme has a colour of its own off the palette of depths.
Colours of depth are read off *plasma*, perceptually uniform and readable with the common colour
deficiencies (neighbouring octaves between 3 and 48 are at least 25 CIELAB units apart, also under simulated
deuteranopia and protanopia).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

TEXT_WIDTH = 9.5  # inches: double column
FONT_SIZE = 8.0

INK = "#1a1a1a"
FAINT = "#8c8c8c"

SCHEME_LABELS = {
    "sp": "SP",
    "ntp": "NTP",
    "mup": "μP",
    "mup_sqrt_depth": r"μP + $1/\sqrt{L}$",
    "mup_alpha": r"μP + $L^{-\alpha}$",
}
SCHEME_COLOURS = {
    "sp": "#6f6f6f",
    "ntp": "#56b4e9",
    "mup": "#1a1a1a",
    "mup_sqrt_depth": "#009e73",
    "mup_alpha": "#0072b2",
}
HYPERPARAMETER_LABELS = {
    "learning_rate": r"learning rate $\eta_0$",
    "momentum": r"momentum, as $1/(1-\mu)$",
    "weight_decay": r"weight decay $\lambda_0$",
    "gamma0": r"feature-learning strength $\gamma_0$",
    "beta": r"branch constant $\beta$",
    "alpha": r"depth exponent $\alpha$",
    "batch_size": "batch size",
}
SYMBOLS = {
    "learning_rate": r"\eta_0^*",
    "momentum": r"1/(1-\mu^*)",
    "weight_decay": r"\lambda_0^*",
    "gamma0": r"\gamma_0^*",
    "beta": r"\beta^*",
    "alpha": r"\alpha^*",
    "batch_size": "B^*",
}

# Where on the palette a depth lies: almost all of it belongs to 3 ... 96, the rest to the ends 1 and 384.
_DEPTHS = (1.0, 3.0, 96.0, 384.0)
_PLACES = (0.92, 0.85, 0.07, 0.0)
_LINES: tuple[Any, ...] = ("-", (0, (5, 1.8)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
_MARKERS = ("o", "s", "^", "D")
_WIDTH_COLOURS = ("#08306b", "#2879b9", "#7db8da", "#b0b0b0")

OPTIMUM = "*"
DIVERGED = "X"

_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "mathtext.fontset": "dejavusans",
    "font.size": FONT_SIZE,
    "axes.titlesize": FONT_SIZE + 1,
    "axes.labelsize": FONT_SIZE,
    "xtick.labelsize": FONT_SIZE - 1,
    "ytick.labelsize": FONT_SIZE - 1,
    "legend.fontsize": FONT_SIZE - 0.5,
    "legend.title_fontsize": FONT_SIZE - 0.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#4d4d4d",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "legend.frameon": False,
    "axes.unicode_minus": True,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "depthtransfer",
    "path.simplify": False,
    "text.usetex": False,
}


@contextmanager
def context() -> Iterator[None]:
    """The settings of every figure, on matplotlib's defaults: nobody's matplotlibrc changes a figure."""
    import matplotlib as mpl

    with mpl.rc_context():
        parameters: Any = mpl.rcParams
        parameters.update({k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")})
        parameters.update(_SETTINGS)
        yield


def depth_colour(depth: float) -> str:
    """Colour of a depth: a function of the depth alone, from yellow (1) to deep violet (384 and beyond)."""
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    place = float(np.interp(np.log2(depth), np.log2(_DEPTHS), _PLACES))
    return to_hex(mpl.colormaps["plasma"](place))


def width_line(rank: int) -> Any:
    """Line style of the width of this rank, the widest having rank 0."""
    return _LINES[rank % len(_LINES)]


def width_marker(rank: int) -> str:
    """Marker of the width of this rank, the widest having rank 0."""
    return _MARKERS[rank % len(_MARKERS)]


def width_colour(rank: int) -> str:
    """Colour of the width of this rank where depth is an axis, the widest having rank 0."""
    return _WIDTH_COLOURS[rank % len(_WIDTH_COLOURS)]


def scheme_label(scheme: str) -> str:
    """How a scheme is written."""
    return SCHEME_LABELS.get(scheme, scheme)


def scheme_colour(scheme: str) -> str:
    """Colour of a scheme where schemes share a panel."""
    return SCHEME_COLOURS.get(scheme, INK)


def hyperparameter_label(hyperparameter: str) -> str:
    """How a hyperparameter is written at an axis."""
    return HYPERPARAMETER_LABELS.get(hyperparameter, hyperparameter.replace("_", " "))


def optimum_symbol(hyperparameter: str) -> str:
    """Symbol of the optimum of a hyperparameter, for use inside dollars."""
    return SYMBOLS.get(hyperparameter, r"\mathrm{optimum}")
