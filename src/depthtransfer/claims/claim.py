"""One claim of the paper: what it says and by which number it is judged; and the tables that it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from depthtransfer.claims.verdict import Finding, NotRunError
from depthtransfer.tables.columns import OPTIMA, PROBES, STEPS, STREAMS, THEORY, UPDATES, Column
from depthtransfer.tables.frames import read_runs, read_table


class Evidence:
    """Tables under results/<preset>; each is read once.

    Args:
        folder: the preset's folder of results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read = cache(self._load)

    def runs(self, experiment: str) -> pd.DataFrame:
        """One row per run; ``scheme`` names the variant, so that variants of a scheme are told apart.

        Raises:
            NotRunError: if the table is not there.
            StoreError: if it is damaged.
        """
        path = self._existing(f"{experiment}/runs.parquet")
        return read_runs(path)

    def optima(self, experiment: str) -> pd.DataFrame:
        """One row per scheme, width, depth and length of training; errors as for ``runs``."""
        return self._read(f"{experiment}/optima.parquet", OPTIMA)

    def steps(self, experiment: str) -> pd.DataFrame:
        """One row per logged step per run; errors as for ``runs``."""
        return self._read(f"{experiment}/steps.parquet", STEPS)

    def probes(self, experiment: str) -> pd.DataFrame:
        """Logits of the fixed images; errors as for ``runs``."""
        return self._read(f"{experiment}/probes.parquet", PROBES)

    def updates(self, experiment: str) -> pd.DataFrame:
        """How far each block has moved the features; errors as for ``runs``."""
        return self._read(f"{experiment}/updates.parquet", UPDATES)

    def streams(self, experiment: str) -> pd.DataFrame:
        """How far residual streams lie apart; errors as for ``runs``."""
        return self._read(f"{experiment}/streams.parquet", STREAMS)

    def theory(self, study: str) -> pd.DataFrame:
        """Values of a study of the theory; errors as for ``runs``."""
        return self._read(f"theory/{study}.parquet", THEORY)

    def _load(self, name: str, columns: tuple[Column, ...]) -> pd.DataFrame:
        return read_table(self._existing(name), columns)

    def _existing(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            raise NotRunError(f"{path} does not exist", "make it with Snakemake, if the preset has this experiment")
        return path


@dataclass(frozen=True)
class Claim:
    """A statement that tables can decide.

    Attributes:
        id: short name, such as A1.
        place: where the paper says it.
        statement: in plain words.
        statistic: the number it is judged by, with its unit.
        threshold: for which values of that number the claim holds, in words.
        reason: why that threshold.
        tables: names of the tables it reads, relative to a preset's folder of results.
        judge: reads the tables and finds a verdict.
        figure: figure that shows the same; empty if none does.
    """

    id: str
    place: str
    statement: str
    statistic: str
    threshold: str
    reason: str
    tables: tuple[str, ...]
    judge: Callable[[Evidence], Finding]
    figure: str = ""
