"""Figure M.1: which exponents of the depth transfer the optimal learning rate?"""

# ruff: noqa: N999  (the figure is called M.1)

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ("cnn_alpha",)
TITLE = "Learning-rate transfer over depth for branches scaled by L to the power −α, learning rates compensated"

_PANELS = {
    "alpha 0": (r"$\alpha=0$", "#1a1a1a"),
    "alpha 0.25": (r"$\alpha=1/4$", "#d55e00"),
    "alpha 0.5": (r"$\alpha=1/2$", "#009e73"),
    "alpha 0.75": (r"$\alpha=3/4$", "#56b4e9"),
    "alpha 1": (r"$\alpha=1$", "#1a1a1a"),
    "alpha 0.5, zero init": (r"$\alpha=1/2$, zero", "#009e73"),
    "alpha 1, zero init": (r"$\alpha=1$, zero", "#cc79a7"),
}
_FIRST_ROW = 4


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Losses and optima for every exponent, and for branches that start from zero."""
    from depthtransfer.figures.transfer_panels import draw_transfer, panel_of

    experiment = chosen(tables, EXPERIMENTS[0])
    panels = [panel_of(experiment, variant, name, colour=colour) for variant, (name, colour) in _PANELS.items()]
    return draw_transfer(TITLE, panels[:_FIRST_ROW], panels[_FIRST_ROW:], resamples=resamples, seed=seed)
