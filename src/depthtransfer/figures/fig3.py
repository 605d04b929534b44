"""Figure 3: does the optimal learning rate of vision transformers transfer, across norms and schedules?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = (
    "vit_learning_rate",
    "vit_no_norm_learning_rate",
    "vit_cosine_learning_rate",
)
TITLE = "Learning-rate transfer over depth, vision transformers with Adam: μP without and with 1/√L branches"

_SETTINGS = ("LayerNorm", "no norm", "cosine")  # the schedule is tried with LayerNorm
_NAMES = {"mup": "μP", "mup_sqrt_depth": r"$1/\sqrt{L}$"}
_COLOURS = {"mup": ("#1a1a1a", "#d55e00", "#0072b2"), "mup_sqrt_depth": ("#009e73", "#cc79a7", "#56b4e9")}


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """A row for each scheme: losses with LayerNorm, without, and with a cosine schedule, then their optima."""
    from depthtransfer.figures.transfer_panels import draw_transfer, panel_of

    rows = [
        [
            panel_of(chosen(tables, name), scheme, f"{_NAMES[scheme]}, {setting}", colour=colour)
            for name, setting, colour in zip(EXPERIMENTS, _SETTINGS, colours, strict=True)
        ]
        for scheme, colours in _COLOURS.items()
    ]
    return draw_transfer(TITLE, *rows, resamples=resamples, seed=seed)
