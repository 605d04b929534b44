"""Figure B.1: does the optimal learning rate transfer in the standard parametrization?"""

# ruff: noqa: N999  (the figure is called B.1)

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ("cnn_learning_rate_sp",)
TITLE = "Learning-rate transfer over depth and width: standard parametrization"


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Training loss against learning rate in the standard parametrization, and the optimum against depth."""
    from depthtransfer.figures.transfer_panels import draw_transfer, scheme_panels

    experiment = chosen(tables, EXPERIMENTS[0])
    return draw_transfer(TITLE, scheme_panels(experiment, ("sp",)), resamples=resamples, seed=seed)
