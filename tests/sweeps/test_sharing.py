"""Builds that share a store do not repeat what another has finished meanwhile."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.store.records import SOLUTION, Record
from depthtransfer.store.store import Store
from depthtransfer.studies import runner as studies_runner
from depthtransfer.studies.solution import Inputs, solution
from depthtransfer.sweeps import runner
from depthtransfer.sweeps.execution import Executor
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.runner import ensure
from depthtransfer.sweeps.worker import serve

EXPERIMENT = "cnn_learning_rate_sp"


def refuse(*arguments: Any, **named: Any) -> Any:
    pytest.fail("what is stored was computed again")


def test_a_worker_looks_before_it_trains(trained_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = load_runs("tiny", EXPERIMENT).requests
    monkeypatch.setattr(Executor, "run", refuse)
    setup = {"device": "cpu", "store": "results/store", "data_directory": "data", "declarations": {}}
    lines = [json.dumps(setup), *(json.dumps(request.spec.fields()) for request in requests)]
    events: list[dict[str, Any]] = []
    before = trained_project.stored()
    serve(io.StringIO("\n".join(lines) + "\n"), events.append)
    assert [event["event"] for event in events] == ["ready", *["done"] * 3]
    assert [event["trained"] for event in events[1:]] == [False] * 3
    assert sorted(event["status"] for event in events[1:]) == ["diverged", "ok", "ok"]
    assert trained_project.stored() == before


def test_what_was_not_trained_is_not_counted(trained_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of three runs arrive after this build has looked."""
    sweep = load_runs("tiny", EXPERIMENT)
    keys = [request.spec.key for request in sweep.requests]
    store = Store.default()
    store.path(keys[0]).unlink()
    before = trained_project.stored()
    monkeypatch.setattr(Store, "missing", lambda self, asked: list(keys))
    assert ensure(sweep, sweep.requests, store, data_directory=Path("data"), workers=1) == 1
    after = trained_project.stored()
    assert len(after) == 3
    assert before.items() <= after.items()


def test_equally_long_runs_have_an_order_of_each_checkout(
    tiny_project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_project.write_preset(seeds=list(range(20)), values={"learning_rate": [0.1]}, depths=[3, 6])
    requests = load_runs("tiny", EXPERIMENT).requests
    asked: list[list[Request]] = []
    monkeypatch.setattr(runner, "load", lambda *arguments: None)
    monkeypatch.setattr(runner.Pool, "run", lambda self, missing: (asked.append(list(missing)), iter(()))[1])
    monkeypatch.setattr(runner.contextlib, "closing", runner.contextlib.nullcontext)
    for folder in (tiny_project.folder, tiny_project.folder, tmp_path / "config"):
        monkeypatch.chdir(folder)
        sweep = type("", (), {"preset": "tiny", "experiment": EXPERIMENT, "declarations": {"digits": None}})
        ensure(sweep, requests, Store(tmp_path / "store", ()), data_directory=Path("data"), workers=1)  # type: ignore[arg-type]
    one, again, other = ([request.spec.key for request in order] for order in asked)
    assert one == again != other
    assert sorted(one) == sorted(other)
    for order in asked:
        assert [request.spec.depth for request in order] == [6] * 20 + [3] * 20, "the longest first"


def test_a_solution_that_arrives_meanwhile_is_not_solved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, (), SOLUTION)
    asked = [solution("part", "initial", Inputs.one_datum(1.0), depth=depth) for depth in (1, 2)]
    made = {"seconds": 0.1, "finished": "now", "commit": "unknown", "machine": "m", "versions": {}}
    values: dict[str, Any] = {name: [0 if kind == "int64" else 1.0] for name, kind in SOLUTION.series}
    summary = {"status": "ok", "diverged_step": None, "left_out": 0}

    def solved(specification: dict[str, Any]) -> Record:
        """The other build finishes the second one while this one is at the first."""
        if specification == asked[1].specification:
            refuse()
        series = values | {"quantity": ["ntk"]}
        store.write(Record(asked[1].specification, summary, made, series))
        return Record(specification, summary, made, series)

    monkeypatch.setattr(studies_runner, "_solved", solved)
    assert studies_runner.complete("title", asked, store).keys() == {each.key for each in asked}
