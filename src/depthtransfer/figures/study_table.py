"""The table of a study of the theory, as a figure receives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from depthtransfer.figures.errors import FigureError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class StudyTable:
    """What a study left behind, at one preset.

    Attributes:
        rows: one row per value; see ``depthtransfer.tables.columns.THEORY``.
        preset: name of the preset; empty if it has none.
    """

    rows: "DataFrame"
    preset: str = ""

    def part(self, name: str, **where: Any) -> "DataFrame":
        """Rows of one part, and of these the ones whose columns hold the given values.

        Raises:
            FigureError: if the part is not there.
        """
        found = self.rows[self.rows["part"] == name]
        if found.empty:
            raise FigureError(f"the table of the study has no part '{name}'", "run its study again")
        for column, value in where.items():
            found = found[found[column] == value]
        return found


def chosen_study(tables: Mapping[str, StudyTable], study: str) -> StudyTable:
    """The table of one study.

    Raises:
        FigureError: if it is not there.
    """
    if study not in tables:
        raise FigureError(f"the table of study '{study}' is missing", f"run: depthtransfer study {study}")
    return tables[study]


def limit(rows: "DataFrame") -> "DataFrame":
    """Infinite width and depth."""
    return rows[(rows["width"] == float("inf")) & (rows["depth"] == float("inf"))]


def exact(rows: "DataFrame") -> "DataFrame":
    """Infinite width at finite depth."""
    return rows[(rows["width"] == float("inf")) & (rows["depth"] < float("inf"))]


def networks(rows: "DataFrame") -> "DataFrame":
    """Finite networks."""
    return rows[rows["width"] < float("inf")]
