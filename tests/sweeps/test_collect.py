import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.store.records import Record
from depthtransfer.sweeps.collect import write_tables
from depthtransfer.sweeps.grid import ExperimentRuns, Request, load_runs
from depthtransfer.tables.columns import PROVENANCE, RUNS, STEPS, STREAMS, UPDATES
from depthtransfer.tables.frames import read_table

LOSS = (2.5, 2.0, 1.0)


def record_of(request: Request, loss: Sequence[float], *, status: str = "ok") -> Record:
    """A request's record with an invented course of training."""
    steps = len(loss)
    return Record(
        specification=request.spec.canonical(),
        summary={"status": status, "diverged_step": None if status == "ok" else steps - 1, "device": "cpu"},
        provenance={"seconds": 0.1, "finished": "now", "commit": "unknown", "machine": "m", "versions": {}},
        series={
            "loss": tuple(loss),
            "accuracy": tuple(0.25 * step for step in range(steps)),
            "learning_rate_factor": (1.0,) * steps,
        },
    )


@pytest.fixture
def sweep(tiny_project: Any) -> ExperimentRuns:
    tiny_project.write_preset(values={"learning_rate": [0.5, 0.25]})
    return load_runs("tiny", "cnn_learning_rate_sp")


@pytest.fixture
def written(sweep: ExperimentRuns, tmp_path: Path) -> Any:
    """Writes the tables of two runs with given losses and reads them back."""

    def write(*outcomes: Record, window: int = 2) -> dict[str, Any]:
        requests = tuple(replace(request, window=window) for request in sweep.requests)
        records = {request.spec.key: (record, "local") for request, record in zip(requests, outcomes, strict=True)}
        write_tables(replace(sweep, requests=requests), records, tmp_path / "tables")
        files = {"runs": RUNS, "steps": STEPS, "updates": UPDATES, "provenance": PROVENANCE}
        return {name: read_table(tmp_path / f"tables/{name}.parquet", columns) for name, columns in files.items()}

    return write


@pytest.mark.parametrize(("window", "loss"), [(1, 1.0), (2, 1.5), (3, 5.5 / 3)])
def test_the_loss_is_the_mean_over_the_last_window(
    sweep: ExperimentRuns, written: Any, window: int, loss: float
) -> None:
    runs = written(*(record_of(request, LOSS) for request in sweep.requests), window=window)["runs"]
    assert runs["loss"].tolist() == pytest.approx([loss, loss])
    assert runs["initial_loss"].tolist() == [2.5, 2.5]
    assert runs["window"].tolist() == [window, window]
    assert runs["status"].tolist() == ["ok", "ok"]
    assert runs["diverged_step"].isna().all()


def test_a_diverged_run_is_a_row_without_a_loss(sweep: ExperimentRuns, written: Any) -> None:
    one, two = sweep.requests
    diverged = record_of(one, (2.0, math.nan), status="diverged")
    tables = written(diverged, record_of(two, LOSS))
    row, other = tables["runs"].to_dict("records")
    assert (row["status"], row["diverged_step"], row["initial_loss"]) == ("diverged", 1, 2.0)
    assert math.isnan(row["loss"])
    assert math.isnan(row["accuracy"])
    assert other["loss"] == 1.5
    assert tables["steps"].groupby("key", sort=False).size().tolist() == [2, 3]


def test_nothing_but_diverged_runs(sweep: ExperimentRuns, written: Any) -> None:
    runs = written(*(record_of(request, (math.inf,), status="diverged") for request in sweep.requests))["runs"]
    assert runs["diverged_step"].tolist() == [0, 0]


def test_rows_say_what_was_asked_for(sweep: ExperimentRuns, written: Any) -> None:
    runs = written(*(record_of(request, LOSS) for request in sweep.requests))["runs"]
    for request, row in zip(sweep.requests, runs.to_dict("records"), strict=True):
        spec = request.spec
        assert row["key"] == spec.key
        assert row["experiment"] == sweep.experiment
        for name in ("dataset", "model", "width", "depth", "seed", "learning_rate", "batch_size", "steps", "precision"):
            assert row[name] == getattr(spec, name), name
        assert row["scheme"] == "sp"
        assert (row["epochs"], row["flops"], row["parameters"]) == (request.epochs, request.flops, request.parameters)
    assert runs["learning_rate"].tolist() == [0.5, 0.25]


def test_steps_carry_epochs_and_the_scheduled_rate(sweep: ExperimentRuns, written: Any) -> None:
    one, two = sweep.requests
    halved = record_of(one, LOSS)
    halved.series["learning_rate_factor"] = (1.0, 0.5, 0.25)
    steps = written(halved, record_of(two, LOSS))["steps"]
    first = steps[steps["key"] == one.spec.key]
    assert first["step"].tolist() == [0, 1, 2]
    assert first["epoch"].tolist() == pytest.approx([0.0, 1 / 89, 2 / 89])
    assert first["loss"].tolist() == list(LOSS)
    assert first["accuracy"].tolist() == [0.0, 0.25, 0.5]
    assert first["learning_rate"].tolist() == [0.5, 0.25, 0.125]


def test_provenance_is_a_table_of_its_own(sweep: ExperimentRuns, written: Any) -> None:
    tables = written(*(record_of(request, LOSS) for request in sweep.requests))
    assert tables["provenance"]["layer"].tolist() == ["local", "local"]
    assert "seconds" not in tables["runs"]


def test_updates_are_listed_by_block_and_together(tiny_project: Any, tmp_path: Path) -> None:
    tiny_project.write_preset(values={"learning_rate": [0.5]}, probes={"steps": [0, 3], "images": 1, "blocks": True})
    sweep = load_runs("tiny", "cnn_learning_rate_sp")
    (request,) = sweep.requests
    probed = replace(record_of(request, LOSS), logits=(0.5, 1.5))
    probed.summary.update(probe_steps=[0, 3], updates=[0.0, 0.0, 0.0, 0.25, 0.5, None])
    write_tables(sweep, {request.spec.key: (probed, "local")}, tmp_path / "tables")
    updates = read_table(tmp_path / "tables/updates.parquet", UPDATES)
    assert set(updates["key"]) == {request.spec.key}
    assert updates["step"].tolist() == [0, 0, 0, 3, 3, 3]
    assert updates["block"].tolist() == [1, 2, 0, 1, 2, 0]
    assert updates["change"].tolist()[:5] == [0.0, 0.0, 0.0, 0.25, 0.5]
    assert math.isnan(updates["change"].tolist()[5])


def test_distances_of_streams_are_listed_by_blocks_between(tiny_project: Any, tmp_path: Path) -> None:
    tiny_project.write_preset(values={"learning_rate": [0.5]}, probes={"steps": [0, 3], "images": 1})
    sweep = load_runs("tiny", "cnn_learning_rate_sp")
    (request,) = sweep.requests
    probed = replace(record_of(request, LOSS), logits=(0.5, 1.5))
    probed.summary.update(probe_steps=[0, 3], stream_distances=[0.1, 0.2, 0.4, 0.5, None, 2.0])
    write_tables(sweep, {request.spec.key: (probed, "local")}, tmp_path / "tables")
    streams = read_table(tmp_path / "tables/streams.parquet", STREAMS)
    assert streams["step"].tolist() == [0, 0, 0, 3, 3, 3]
    assert streams["blocks"].tolist() == [1, 2, 4, 1, 2, 4]
    assert streams["distance"].isna().tolist() == [False] * 4 + [True, False]
