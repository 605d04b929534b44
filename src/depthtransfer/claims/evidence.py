"""The tables of one preset, read when a claim asks for them."""

from functools import cache
from pathlib import Path

import pandas as pd

from depthtransfer.claims.errors import NotRunError
from depthtransfer.tables.columns import PROBES, RUNS, STEPS, THEORY, UPDATES, Column
from depthtransfer.tables.frames import read_table


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
        runs = self._read(f"{experiment}/runs.parquet", RUNS)
        return runs.assign(scheme=runs["variant"])

    def steps(self, experiment: str) -> pd.DataFrame:
        """One row per logged step per run; errors as for ``runs``."""
        return self._read(f"{experiment}/steps.parquet", STEPS)

    def probes(self, experiment: str) -> pd.DataFrame:
        """Logits of the fixed images; errors as for ``runs``."""
        return self._read(f"{experiment}/probes.parquet", PROBES)

    def updates(self, experiment: str) -> pd.DataFrame:
        """How far each block has moved the features; errors as for ``runs``."""
        return self._read(f"{experiment}/updates.parquet", UPDATES)

    def theory(self, study: str) -> pd.DataFrame:
        """Values of a study of the theory; errors as for ``runs``."""
        return self._read(f"theory/{study}.parquet", THEORY)

    def _load(self, name: str, columns: tuple[Column, ...]) -> pd.DataFrame:
        path = self.folder / name
        if not path.exists():
            raise NotRunError(f"{path} does not exist", "make it with Snakemake, if the preset has this experiment")
        return read_table(path, columns)
