"""Runs are trained once, by real worker processes; whatever ends them, the tables come out the same."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.sweeps.runner import ensure
from depthtransfer.tables.columns import RUNS
from depthtransfer.tables.frames import read_table

EXPERIMENT = "cnn_learning_rate_sp"
INTERRUPTED = "depthtransfer: interrupted; finished runs are kept, run the same command again"
LONG = {"seeds": [0, 1, 2, 3], "values": {"learning_rate": [0.03125]}, "steps": 500, "window": 50}
"""Runs of about a second: long enough to be caught in the middle."""


def runs_stored(project: Any) -> list[str]:
    return [name for name in project.stored() if name.endswith(".parquet") and not name.startswith(".")]


def test_what_training_reports(trained_once: Any) -> None:
    output, errors = trained_once.train()
    assert output == f"tiny/{EXPERIMENT}: 3 runs, 0 trained, the others stored\n"
    assert errors == ""
    assert len(runs_stored(trained_once)) == 3


def test_divergence_is_a_row(trained_project: Any) -> None:
    trained_project.tables()
    runs = read_table(trained_project.folder / "results/tiny" / EXPERIMENT / "runs.parquet", RUNS)
    assert runs.set_index("learning_rate")["status"].to_dict() == {0.125: "ok", 0.25: "ok", 1e8: "diverged"}
    assert runs.set_index("status")["diverged_step"].dropna().index.tolist() == ["diverged"]


def test_one_more_learning_rate_trains_one_run(trained_project: Any) -> None:
    before = trained_project.stored()
    trained_project.write_preset(values={"learning_rate": [0.125, 0.5, 0.25, 1e8]})
    sweep = load_runs("tiny", EXPERIMENT)
    trained = ensure(sweep, sweep.requests, Store.default(), data_directory=Path("data"), workers=4)
    assert trained == 1
    after = trained_project.stored()
    assert len(after) == 4
    assert before.items() <= after.items()


def test_a_damaged_run_is_set_aside_and_recomputed_when_tables_are_written(
    trained_project: Any, trained_once: Any
) -> None:
    key = load_runs("tiny", EXPERIMENT).requests[0].spec.key
    path = Store.default().path(key)
    path.write_bytes(path.read_bytes()[:100])
    log = trained_project.folder / "logs/collect.log"
    _, errors = trained_project.run("collect", EXPERIMENT, "--preset", "tiny", "--workers", "1", "--log", str(log))
    assert "set aside" in errors
    assert f"tiny/{EXPERIMENT}: 1 runs missing or damaged, training them now" in errors
    assert "1/1 runs" in log.read_text()
    assert sum(".damaged-" in name for name in trained_project.stored()) == 1
    assert trained_project.tables() == trained_once.tables()


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, trained_once: Any) -> dict[str, bytes]:
    """Tables of the long runs, trained without interruption."""
    project = type(trained_once)(tmp_path_factory.mktemp("long").resolve())
    (project.folder / "config").symlink_to(Path(trained_once.folder) / "config")
    trained_once.write_preset("long", **LONG)
    project.train(preset="long")
    tables: dict[str, bytes] = project.tables("long")
    return tables


@pytest.fixture
def long_project(tiny_project: Any) -> Any:
    tiny_project.write_preset("long", **LONG)
    return tiny_project


@pytest.fixture
def start(long_project: Any) -> Iterator[Any]:
    """Starts training the long runs; whatever is left of it at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> "subprocess.Popen[str]":
        words = words or ("--workers", "1")
        process: subprocess.Popen[str] = long_project.start("train", EXPERIMENT, "--preset", "long", *words)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def ended(process: "subprocess.Popen[str]", code: int) -> str:
    output, errors = process.communicate(timeout=600)
    assert process.returncode == code, (output, errors)
    assert "Traceback" not in errors
    return errors


def test_interrupted_terminated_and_continued_it_gives_the_same_tables(
    long_project: Any, start: Any, wait_until: Any, uninterrupted: dict[str, bytes]
) -> None:
    kept: dict[str, bytes] = {}
    for number, send in enumerate((signal.SIGINT, signal.SIGTERM), start=1):
        process = start()
        wait_until(lambda wanted=number: len(runs_stored(long_project)) >= wanted)
        process.send_signal(send)
        errors = ended(process, 130)
        assert errors.splitlines()[-1] == INTERRUPTED
        assert long_project.workers() == []
        stored = long_project.stored()
        assert kept.items() <= stored.items()
        assert len(runs_stored(long_project)) == len(stored) < 4
        kept = stored
    long_project.train(preset="long")
    assert kept.items() <= long_project.stored().items()
    assert long_project.tables("long") == uninterrupted


def states_of(project: Any) -> Callable[[], list[str]]:
    """Names of the states of runs in the middle."""
    return lambda: sorted(path.name for path in project.folder.rglob("*.safetensors"))


@pytest.mark.parametrize("send", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_stopped_in_the_middle_goes_on_from_there(
    send: signal.Signals,
    long_project: Any,
    start: Any,
    wait_until: Any,
    uninterrupted: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parent and worker are stopped; the run in hand is continued, and no state is left at the end."""
    monkeypatch.setenv("DEPTHTRANSFER_STATE_SECONDS", "0.001")
    process = start()
    wait_until(states_of(long_project))
    if send == signal.SIGKILL:
        os.killpg(process.pid, send)
        process.communicate()
        wait_until(lambda: not long_project.workers())
    else:
        process.send_signal(send)
        ended(process, 130)
    assert len(states_of(long_project)()) == 1
    assert not runs_stored(long_project)
    long_project.train(preset="long")
    assert long_project.tables("long") == uninterrupted
    keys = [name.removesuffix(".parquet") for name in runs_stored(long_project)]
    records = Store(local=long_project.folder / "results/store", layers=()).read(keys)
    resumed = [record.provenance["resumed_at"] for record, _ in records.values() if "resumed_at" in record.provenance]
    assert len(resumed) == 1
    assert 0 < resumed[0] <= LONG["steps"]
    assert states_of(long_project)() == []


def test_what_a_killed_process_left_of_a_finished_run_is_removed(long_project: Any, trained_once: Any) -> None:
    long_project.train(preset="long")
    key = runs_stored(long_project)[0].removesuffix(".parquet")
    left = long_project.folder / f"results/store/unfinished/{key}.safetensors"
    left.parent.mkdir()
    left.write_bytes(b"anything")
    long_project.train(preset="long")
    assert not left.exists()


def test_a_senseless_pace_is_one_line(tiny_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPTHTRANSFER_STATE_SECONDS", "nan")
    _, errors = tiny_project.train(code=2)
    said = "depthtransfer: DEPTHTRANSFER_STATE_SECONDS=nan; give a positive number of seconds"
    assert errors.splitlines()[-1] == said


def test_a_killed_worker_costs_its_run_alone(
    long_project: Any, start: Any, wait_until: Any, uninterrupted: dict[str, bytes]
) -> None:
    process = start()
    wait_until(lambda: runs_stored(long_project))
    (worker,) = long_project.workers()
    os.kill(worker, signal.SIGKILL)
    last = ended(process, 5).splitlines()[-1]
    assert last.startswith("depthtransfer: 1 of 4 runs failed, first cnn sp width=4 depth=3")
    assert "its process was killed, probably for lack of memory; the others are kept" in last
    assert len(runs_stored(long_project)) == 3
    output, _ = long_project.train(preset="long")
    assert "4 runs, 1 trained" in output
    assert long_project.tables("long") == uninterrupted


def test_ctrl_c_reaches_workers_that_have_hardly_started(long_project: Any, start: Any, wait_until: Any) -> None:
    """A terminal sends the signal to the whole group; a worker that takes it would print a traceback."""
    process = start("--workers", "2")
    wait_until(long_project.workers)
    os.killpg(process.pid, signal.SIGINT)
    assert ended(process, 130).splitlines()[-1] == INTERRUPTED
    assert long_project.workers() == []


@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(long_project: Any, start: Any, wait_until: Any) -> None:
    process = start()
    wait_until(lambda: runs_stored(long_project))
    process.kill()
    wait_until(lambda: not long_project.workers())
    _, errors = process.communicate()
    assert "Traceback" not in errors
    stored = long_project.stored()
    output, _ = long_project.train(preset="long")
    assert f"{4 - len(stored)} trained" in output
    assert stored.items() <= long_project.stored().items()


@pytest.mark.slow
def test_two_commands_may_share_a_store(long_project: Any, start: Any, uninterrupted: dict[str, bytes]) -> None:
    for process in [start("--workers", "2"), start("--workers", "1")]:
        ended(process, 0)
    assert len(long_project.stored()) == 4
    assert long_project.tables("long") == uninterrupted


@pytest.mark.slow
def test_results_do_not_depend_on_shards_and_workers(long_project: Any, uninterrupted: dict[str, bytes]) -> None:
    stored = set()
    for shard in ("2/3", "1/3", "3/3"):
        manifest = long_project.folder / f"{shard[0]}.txt"
        words = ("--shard", shard, "--workers", "3", "--manifest", str(manifest))
        long_project.run("train", EXPERIMENT, "--preset", "long", *words)
        keys = manifest.read_text().split()
        assert not stored & set(keys)
        stored |= set(keys)
    assert {name.removesuffix(".parquet") for name in long_project.stored()} == stored
    assert long_project.tables("long") == uninterrupted
