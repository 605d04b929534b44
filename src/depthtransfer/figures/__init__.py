"""Figures of the paper, one module each, found by name. Importing this package draws and loads nothing.

A figure module is named like its figure (``fig1``, ``figB1``, ``rates``) and declares

- ``EXPERIMENTS``: names of the experiments whose tables it reads;
- ``STUDIES``: names of the studies of the theory whose tables it reads, if any;
- ``TITLE``: one line;
- ``draw(tables, *, resamples=1000, seed=0)``: the figure and the table behind it.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from depthtransfer import codebase
from depthtransfer.figures.errors import FigureError
from depthtransfer.figures.experiment_tables import ExperimentTables
from depthtransfer.figures.study_table import StudyTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

__all__ = ["ExperimentTables", "FigureError", "FigureModule", "StudyTable", "code_of", "load", "names", "studies"]

_NAME = re.compile(r"fig([A-Z]*)(\d+)")
_UNNUMBERED = ("rates", "optimum")
"""Figures that the papers do not have."""


class FigureModule(Protocol):
    """What every figure module declares."""

    EXPERIMENTS: tuple[str, ...]
    TITLE: str

    def draw(self, tables: Mapping[str, Any], *, resamples: int = 1000, seed: int = 0) -> "tuple[Figure, DataFrame]":
        """Draw the figure from the tables of its experiments and studies; return it with the table behind it."""
        ...


def names() -> tuple[str, ...]:
    """Names of all figures: those of the main text by number, those of the appendices, those without a number."""
    found = [match for module in pkgutil.iter_modules(__path__) if (match := _NAME.fullmatch(module.name))]
    return (*(match[0] for match in sorted(found, key=lambda match: (match[1], int(match[2])))), *_UNNUMBERED)


def studies(name: str) -> tuple[str, ...]:
    """Names of the studies whose tables a figure reads."""
    return tuple(getattr(load(name), "STUDIES", ()))


def load(name: str) -> FigureModule:
    """Import one figure.

    Raises:
        FigureError: if there is no figure of this name; the message lists those there are.
    """
    if name not in names():
        raise FigureError(f"there is no figure '{name}'", f"known figures: {', '.join(names())}")
    return cast(FigureModule, importlib.import_module(f"{__name__}.{name}"))


def code_of(name: str) -> str:
    """Digest of the code that draws a figure and writes its files.

    Raises:
        FigureError: if there is no figure of this name.
    """
    load(name)
    return codebase.digest(*(f"{__name__}.{part}" for part in (name, "origin", "saving")))
