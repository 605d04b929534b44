"""Figures of the papers, drawn from tables. What they are called and made of stands in ``depthtransfer.registry``.

Importing this package draws and loads nothing; a figure's module is imported by `load` alone.
"""

import importlib
from typing import TYPE_CHECKING, Any, Protocol, cast

from depthtransfer import codebase
from depthtransfer.registry import FigureEntry, figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from pandas import DataFrame


class FigureModule(Protocol):
    """What every module that draws a figure offers."""

    def draw(self, entry: FigureEntry, tables: "Mapping[str, Any]") -> "tuple[Figure, DataFrame]":
        """Draw a figure from the tables of its experiments and studies; return it with the table behind it."""
        ...


def load(name: str) -> FigureModule:
    """Import what draws a figure.

    Raises:
        ConfigurationError: if there is no figure of this name; the message lists those there are.
    """
    return cast(FigureModule, importlib.import_module(f"{__name__}.{figure(name).module}"))


def code_of(name: str) -> str:
    """Digest of the code that draws a figure and writes its files.

    Raises:
        ConfigurationError: if there is no figure of this name.
    """
    return codebase.digest(f"{__name__}.{figure(name).module}", f"{__name__}.origin")
