"""The tool's figure: libraries' models as they are, without the plan and with it."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.figures import style
from depthtransfer.figures.panels import panel_of
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.figures.transfer import draw_rows
from depthtransfer.registry import FigureEntry

_MODELS = ("ResNet", "ViT", "encoder")
_SCHEMES = {"sp": "as it is", "planned": "planned"}


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """A row without the plan and one with it: losses of each model, then their optima."""
    models = list(zip(entry.experiments, _MODELS, style.COLOURS, strict=False))
    rows = [
        [panel_of(chosen(tables, name), scheme, f"{model}, {label}", colour) for name, model, colour in models]
        for scheme, label in _SCHEMES.items()
    ]
    return draw_rows(entry.title, rows)
