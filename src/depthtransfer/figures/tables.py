"""What a figure is drawn from: the tables of one experiment, or of one study of the theory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pandas import DataFrame

from depthtransfer.errors import UserError


class FigureError(UserError):
    """A figure that cannot be drawn from these tables."""


@dataclass(frozen=True, eq=False)
class ExperimentTables:
    """What one experiment left behind, at one preset.

    Attributes:
        runs: one row per run; see ``depthtransfer.tables.columns.RUNS``.
        optima: one row per variant, size and length of runs; see OPTIMA there. None where they are still to be found.
        load_steps: reads the table of steps, on first use; None where a figure is given no steps.
        load_probes: the same for the logits on the probe images.
        load_updates: the same for the updates of blocks.
        load_streams: the same for the distances between streams.
        preset: name of the preset the runs were made with; empty if it has none.
        classes: number of classes of the data set; None if not known. Chance level is its logarithm.
        title: of the experiment.
        swept: the swept column.
        datasets: how each data set is written, by name.
    """

    runs: DataFrame
    optima: DataFrame | None = None
    load_steps: Callable[[], DataFrame] | None = None
    load_probes: Callable[[], DataFrame] | None = None
    load_updates: Callable[[], DataFrame] | None = None
    load_streams: Callable[[], DataFrame] | None = None
    preset: str = ""
    classes: int | None = None
    title: str = ""
    swept: str = "learning_rate"
    datasets: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def steps(self) -> DataFrame:
        """One row per logged step per run; see ``depthtransfer.tables.columns.STEPS``.

        Raises:
            FigureError: if the figure was given no steps.
        """
        if self.load_steps is None:
            raise FigureError("the table of steps was not given", "read steps.parquet beside runs.parquet")
        return self.load_steps()

    @cached_property
    def updates(self) -> DataFrame:
        """One row per block and looked-at step of each probed network; see ``depthtransfer.tables.columns.UPDATES``.

        Raises:
            FigureError: if the figure was given none, or no run measured its blocks.
        """
        updates = None if self.load_updates is None else self.load_updates()
        if updates is None or updates.empty:
            raise FigureError("there are no updates of blocks", "set probes with blocks in the preset, and train")
        return updates

    @cached_property
    def streams(self) -> DataFrame:
        """One row per distance and looked-at step of each probed network; see ``depthtransfer.tables.columns.STREAMS``.

        Raises:
            FigureError: if the figure was given none, or no run measured its streams.
        """
        streams = None if self.load_streams is None else self.load_streams()
        if streams is None or streams.empty:
            raise FigureError("there are no distances of streams", "set probes with streams in the preset, and train")
        return streams

    @cached_property
    def probes(self) -> DataFrame:
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
        raise FigureError(f"the tables of experiment '{experiment}' are missing (given: {given})", "run it first")
    if tables[experiment].runs.empty:
        raise FigureError(f"the runs table of experiment '{experiment}' is empty", "run it first")
    return tables[experiment]


@dataclass(frozen=True, eq=False)
class StudyTable:
    """What a study of the theory left behind, at one preset.

    Attributes:
        rows: one row per value; see ``depthtransfer.tables.columns.THEORY``.
        preset: name of the preset; empty if it has none.
    """

    rows: DataFrame
    preset: str = ""

    def part(self, name: str, **where: Any) -> DataFrame:
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


def limit(rows: DataFrame) -> DataFrame:
    """Infinite width and depth."""
    return rows[(rows["width"] == float("inf")) & (rows["depth"] == float("inf"))]


def exact(rows: DataFrame) -> DataFrame:
    """Infinite width at finite depth."""
    return rows[(rows["width"] == float("inf")) & (rows["depth"] < float("inf"))]


def networks(rows: DataFrame) -> DataFrame:
    """Finite networks."""
    return rows[rows["width"] < float("inf")]
