"""Figure 4: do momentum, feature-learning strength and weight decay transfer over depth?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ("cnn_momentum", "cnn_gamma0", "cnn_weight_decay")
TITLE = "Transfer of other hyperparameters over depth, μP with 1/√L branches"

_SWEPT = ("momentum", "gamma0", "weight_decay")
_NAMES = ("momentum", r"feature learning $\gamma_0$", "weight decay")


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Training loss against each hyperparameter, and below it the course of training at the best value."""
    from depthtransfer.figures.hyperparameter_panels import draw_hyperparameters
    from depthtransfer.figures.transfer_panels import panel_of

    panels = [
        panel_of(chosen(tables, experiment), "mup_sqrt_depth", name, hyperparameter=swept)
        for experiment, swept, name in zip(EXPERIMENTS, _SWEPT, _NAMES, strict=True)
    ]
    return draw_hyperparameters(TITLE, panels, resamples=resamples, seed=seed)
