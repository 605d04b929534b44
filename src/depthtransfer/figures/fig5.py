"""Figure 5: do the dynamics converge as networks get wider and deeper?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ("cnn_dynamics",)
TITLE = "Consistency of the dynamics: loss curves over depth, and distance to the widest and deepest ensemble"


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Loss curves of the widest networks that were trained at every depth, and distances to the proxy."""
    from depthtransfer.figures.dynamics import draw_dynamics

    return draw_dynamics(TITLE, chosen(tables, EXPERIMENTS[0]))
