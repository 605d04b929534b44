"""The tables of one experiment, as a figure receives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from depthtransfer.figures.errors import FigureError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class ExperimentTables:
    """What one experiment left behind, at one preset.

    Attributes:
        runs: one row per run; see ``depthtransfer.tables.columns.RUNS``.
        load_steps: reads the table of steps, on first use; None where a figure is given no steps.
        load_probes: the same for the logits on the probe images.
        preset: name of the preset the runs were made with; empty if it has none.
        classes: number of classes of the data set; None if not known. Chance level is its logarithm.
    """

    runs: "DataFrame"
    load_steps: "Callable[[], DataFrame] | None" = None
    load_probes: "Callable[[], DataFrame] | None" = None
    preset: str = ""
    classes: int | None = None

    @cached_property
    def steps(self) -> "DataFrame":
        """One row per logged step per run; see ``depthtransfer.tables.columns.STEPS``.

        Raises:
            FigureError: if the figure was given no steps.
        """
        if self.load_steps is None:
            raise FigureError("the table of steps was not given", "read steps.parquet beside runs.parquet")
        return self.load_steps()

    @cached_property
    def probes(self) -> "DataFrame":
        """One row per logit of each probed network; see ``depthtransfer.tables.columns.PROBES``.

        Raises:
            FigureError: if the figure was given no probes, or no run was probed.
        """
        probes = None if self.load_probes is None else self.load_probes()
        if probes is None or probes.empty:
            raise FigureError("there are no logits on probe images", "set probes in the preset, and train")
        return probes


def chosen(tables: Mapping[str, ExperimentTables], experiment: str) -> ExperimentTables:
    """The tables of one experiment.

    Raises:
        FigureError: if they are not there, or hold no run.
    """
    if experiment not in tables:
        given = ", ".join(sorted(tables)) or "none"
        what = f"the tables of experiment '{experiment}' are missing (given: {given})"
        raise FigureError(what, "run it first")
    if tables[experiment].runs.empty:
        raise FigureError(f"the runs table of experiment '{experiment}' is empty", "run it first")
    return tables[experiment]
