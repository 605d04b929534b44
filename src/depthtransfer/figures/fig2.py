"""Figure 2: does the optimal learning rate transfer in batch-normalized ResNets of hundreds of layers?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from depthtransfer.figures.experiment_tables import ExperimentTables, chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

EXPERIMENTS: tuple[str, ...] = ("resnet18_bn_learning_rate",)
TITLE = "Learning-rate transfer over depth, batch-normalized ResNet18 type: μP without and with 1/√L branches"


def draw(tables: Mapping[str, ExperimentTables], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
    """Training loss against learning rate for both schemes, and the optimum against depth."""
    from depthtransfer.figures.transfer_panels import draw_transfer, scheme_panels

    experiment = chosen(tables, EXPERIMENTS[0])
    panels = scheme_panels(experiment, ("mup", "mup_sqrt_depth"))
    return draw_transfer(TITLE, panels, resamples=resamples, seed=seed)
