"""The statistics of fixed runs, to the last digit that is written: whoever changes them on purpose writes them anew.

`python -m tests.analysis.test_pinned` writes tests/analysis/pinned.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import statistics
from depthtransfer.tables.frames import write_csv

from .synthetic import runs_table

PINNED = Path(__file__).parent / "pinned"
TABLES = ("optimum", "transfer", "stability", "loss_order", "fast_transfer", "regret", "diagnosis")


def best(scheme: str, width: int, depth: int) -> float | None:
    if scheme == "mup":
        return None if depth == 48 else -1.2 - float(np.log2(depth / 3)) + 0.1 * width / 8
    return -1.3 + 0.05 * float(np.log2(depth))


def fixed_runs() -> pd.DataFrame:
    return runs_table(
        best,
        schemes=("mup", "mup_sqrt_depth"),
        widths=(8, 16),
        depths=(3, 6, 12, 48),
        seeds=(0, 1, 2),
        noise=0.01,
        boundary=1.5,
        rng=np.random.default_rng(7),
    ).assign(steps=600)


def written(folder: Path) -> None:
    tables = statistics(fixed_runs(), resamples=200)
    for name in TABLES:
        write_csv(tables[name].drop(columns="steps"), folder / f"{name}.csv")


@pytest.mark.parametrize("name", TABLES)
def test_statistics_of_fixed_runs_stay_as_they_are(name: str, tmp_path: Path) -> None:
    written(tmp_path)
    assert (tmp_path / f"{name}.csv").read_text() == (PINNED / f"{name}.csv").read_text()


if __name__ == "__main__":
    written(PINNED)
