"""Figure 3: does the optimal learning rate of vision transformers transfer, across norms and schedules?"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from depthtransfer.figures import style
from depthtransfer.figures.panels import panel_of
from depthtransfer.figures.tables import ExperimentTables, chosen
from depthtransfer.figures.transfer import draw_rows
from depthtransfer.registry import FigureEntry

_SETTINGS = ("LayerNorm", "no norm", "cosine")  # the schedule is tried with LayerNorm
_SCHEMES = {"mup": "μP", "mup_sqrt_depth": r"$1/\sqrt{L}$"}


def draw(entry: FigureEntry, tables: Mapping[str, ExperimentTables]) -> tuple[Figure, pd.DataFrame]:
    """A row for each scheme: losses with LayerNorm, without, and with a cosine schedule, then their optima."""
    settings = list(zip(entry.experiments, _SETTINGS, style.COLOURS, strict=False))
    rows = [
        [panel_of(chosen(tables, name), scheme, f"{label}, {setting}", colour) for name, setting, colour in settings]
        for scheme, label in _SCHEMES.items()
    ]
    return draw_rows(entry.title, rows)
