"""The pool against workers that misbehave: small scripts that speak its protocol instead of training."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.errors import UserError
from depthtransfer.sweeps.grid import ExperimentRuns, load_runs
from depthtransfer.sweeps.pool import Pool

PYTHON = sys.executable
SCRIPT = """\
#!{python}
import json, os, signal, sys, time
from pathlib import Path

def say(**event):
    print(json.dumps(event), flush=True)

setup = json.loads(sys.stdin.readline())
Path(setup["store"]).mkdir(exist_ok=True)
Path(setup["store"], f"worker-{{os.getpid()}}").touch()
say(event="ready")
for line in sys.stdin:
    run = json.loads(line)
    seed = run["seed"]
{behaviour}
    Path(setup["store"], f"run-{{seed}}").touch()
    say(event="done", key=str(seed), status="ok", loss=1.0, seconds=0.1)
"""


@pytest.fixture
def sweep(tiny_project: Any) -> ExperimentRuns:
    tiny_project.write_preset(seeds=[0, 1, 2, 3], values={"learning_rate": [0.1]})
    return load_runs("tiny", "cnn_learning_rate_sp")


@pytest.fixture
def pool(sweep: ExperimentRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pool]:
    """A pool whose workers run a script of a few lines."""

    def build(behaviour: str = "    pass", workers: int = 2) -> Pool:
        script = tmp_path / "worker"
        script.write_text(SCRIPT.format(python=PYTHON, behaviour=behaviour))
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))
        return Pool(sweep, tmp_path / "store", tmp_path / "data", workers)

    return build


def files(tmp_path: Path, kind: str) -> list[str]:
    return sorted(path.name.removeprefix(f"{kind}-") for path in (tmp_path / "store").glob(f"{kind}-*"))


def gone(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def nothing_left(tmp_path: Path) -> bool:
    return all(gone(int(name)) for name in files(tmp_path, "worker")) and threading.active_count() == 1


def test_every_run_once_on_no_more_workers_than_asked_for(pool: Any, sweep: ExperimentRuns, tmp_path: Path) -> None:
    events = list(pool().run(sweep.requests))
    assert sorted(event["key"] for event in events) == ["0", "1", "2", "3"]
    assert len(files(tmp_path, "worker")) <= 2
    assert nothing_left(tmp_path)


def test_no_more_workers_than_runs(pool: Any, sweep: ExperimentRuns, tmp_path: Path) -> None:
    list(pool(workers=16).run(sweep.requests[:1]))
    assert len(files(tmp_path, "worker")) == 1
    assert list(pool().run([])) == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed, probably for lack of memory"),
        ("sys.exit(7)", "exited with 7"),
        ("os.close(1); os._exit(0)", "exited with 0"),
    ],
)
def test_a_worker_that_dies_costs_its_run_alone(
    pool: Any, sweep: ExperimentRuns, tmp_path: Path, how: str, why: str
) -> None:
    events = list(pool(f"    if seed == 1: {how}").run(sweep.requests))
    (failed,) = [event for event in events if event["event"] == "failed"]
    assert failed["key"] == sweep.requests[1].spec.key
    assert why in failed["why"]
    assert files(tmp_path, "run") == ["0", "2", "3"]
    assert nothing_left(tmp_path)


def test_workers_that_cannot_even_start(
    pool: Any, sweep: ExperimentRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pool()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    events = list(made.run(sweep.requests))
    assert {event["event"] for event in events} == {"failed"}
    assert len(events) == 4


def test_an_interpreter_that_does_not_exist_is_an_error(
    pool: Any, sweep: ExperimentRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pool()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with pytest.raises(UserError, match="absent"):
        list(made.run(sweep.requests))
    assert nothing_left(tmp_path)


def test_an_error_that_a_worker_reports_ends_all(pool: Any, sweep: ExperimentRuns, tmp_path: Path) -> None:
    report = 'say(event="error", what="disk full", remedy="make room", exit_code=4); sys.exit(4)'
    made = pool(f"    if seed == 1: {report}\n    if seed == 0: time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(UserError, match="disk full; make room") as caught:
        list(made.run(sweep.requests))
    assert caught.value.exit_code == 4
    assert time.monotonic() - started < 20
    assert nothing_left(tmp_path)


def test_output_that_is_no_event_is_an_error_and_ends_all(pool: Any, sweep: ExperimentRuns, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="worker"):
        list(pool("    print('hello', flush=True)").run(sweep.requests))
    assert nothing_left(tmp_path)


def test_closing_the_iterator_ends_the_workers(pool: Any, sweep: ExperimentRuns, tmp_path: Path) -> None:
    events = pool("    if seed > 0: time.sleep(60)").run(sweep.requests)
    assert next(events)["key"] == "0"
    events.close()
    assert nothing_left(tmp_path)
    assert files(tmp_path, "run") == ["0"]


def test_closing_while_workers_are_being_replaced(pool: Any, sweep: ExperimentRuns, tmp_path: Path) -> None:
    for _ in range(3):
        events = pool("    sys.exit(1)").run(sweep.requests)
        next(events)
        events.close()
        assert nothing_left(tmp_path)


def test_workers_get_one_thread_each(pool: Any, sweep: ExperimentRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    told = "    say(event='progress', key=os.environ['OMP_NUM_THREADS'], step=0, loss=1.0)"
    events = list(pool(told).run(sweep.requests[:1]))
    assert events[0]["key"] == "1"
