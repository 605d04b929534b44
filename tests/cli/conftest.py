import math
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.sweeps.grid import load_runs

EXPERIMENT = "cnn_learning_rate_sp"


@pytest.fixture
def invented_tables(tiny_project: Any) -> None:
    """Tables of a sweep with an optimum that anybody would find at 1/4."""
    from depthtransfer.analysis import statistics
    from depthtransfer.store.records import Record
    from depthtransfer.sweeps.collect import write_tables
    from depthtransfer.tables.columns import OPTIMA
    from depthtransfer.tables.frames import read_runs, write_frame

    tiny_project.write_preset(
        depths=[3, 6], seeds=[0, 1], values={"learning_rate": [0.0625, 0.125, 0.25, 0.5, 1.0]}, steps=2, window=1
    )
    sweep = load_runs("tiny", EXPERIMENT)
    records = {}
    for request in sweep.requests:
        loss = 1.0 + math.log2(request.spec.learning_rate / 0.25) ** 2
        records[request.spec.key] = (
            Record(
                request.spec.canonical(),
                {"status": "ok", "diverged_step": None, "device": "cpu"},
                {"seconds": 1.0, "finished": "now", "commit": "unknown", "machine": "m", "versions": {}},
                {"loss": (2.5, loss), "accuracy": (0.1, 0.5), "learning_rate_factor": (1.0, 1.0)},
            ),
            "local",
        )
    folder = Path("results/tiny") / EXPERIMENT
    write_tables(sweep, records, folder)
    found = statistics(read_runs(folder / "runs.parquet"), sweep.swept, resamples=20)
    write_frame(found["optima"], folder / "optima.parquet", OPTIMA)
