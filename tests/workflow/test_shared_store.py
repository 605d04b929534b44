"""Two real builds at once, in two checkouts that share a store."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.workflow.conftest import Project

RUNS = "results/smoke/cnn_learning_rate/runs.parquet"
TABLES = [RUNS, RUNS.replace("runs", "steps")]


@dataclass(frozen=True)
class Sharing(Project):
    """A checkout whose runs lie in a folder that others use too."""

    store: Path

    def environment(self):
        return super().environment() | {"DEPTHTRANSFER_STORE": str(self.store)}


@pytest.mark.slow
def test_two_builds_at_once_are_as_good_as_one(built, tmp_path, new_project):
    shared = tmp_path / "shared"
    builds = [Sharing(new_project(tmp_path / name).folder, shared) for name in ("one", "two")]
    started = [build.start("--cores", "2", RUNS) for build in builds]
    for process in started:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output
        assert "set aside" not in output
    for build in builds:
        assert [build.read(name) for name in TABLES] == [built.read(name) for name in TABLES]
        assert not (build.folder / "results/store").exists()
    stored = [path.name for path in shared.rglob("*") if path.is_file()]
    assert len(stored) == len(set(stored)) == 16
    assert set(stored) == built.stored(), "each run once, and nothing else"
