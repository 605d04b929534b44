"""The cluster profile on a real Slurm of one machine; `make test-slurm`."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Project, copy_of_the_project

from .box import GPU, Box
from .project import SHORT_PRESET, TABLES, TABLES_FOLDER, ClusterProject

pytestmark = pytest.mark.slurm

FIGURE = "figures/fig1.pdf"


def set_preset(project: Project, text: str) -> None:
    (project.folder / "config/presets/smoke.yaml").write_text(text)


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of SHORT_PRESET as this machine makes them without a cluster."""
    made = copy_of_the_project(tmp_path_factory.mktemp("local"))
    set_preset(made, SHORT_PRESET)
    made.snakemake(*(f"{TABLES_FOLDER}/{name}" for name in TABLES))
    return tables(made.folder / TABLES_FOLDER)


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)


def memory(job: dict[str, str]) -> int:
    """What a job asked for, in MiB."""
    asked = job["MinMemoryNode"]
    return round(float(asked[:-1]) * {"M": 1, "G": 1024}[asked[-1]])


def test_figure_1_of_smoke_is_what_it_is_without_a_cluster(
    box: Box, project: ClusterProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    set_preset(project, (ROOT / "config/presets/smoke.yaml").read_text())
    project.fit_profile(shard_minutes=0.5, headroom=4)
    before = len(box.submitted())
    output = project.build_on_the_cluster(FIGURE, seconds=1500)

    expected = project.jobs()
    assert len(expected) > 2
    submitted = box.submitted()[before:]
    assert len(submitted) == len(expected), "tables and figure are made where Snakemake runs"
    assert {job["JobState"] for job in submitted} == {"COMPLETED"}
    assert sorted(map(memory, submitted)) == sorted(job.mem_mb for job in expected)
    assert {job["TimeLimit"] for job in submitted} == {f"00:{job.minutes:02}:00" for job in expected}
    assert project.read(FIGURE).startswith(b"%PDF")

    if given := os.environ.get("LOCAL_SMOKE"):
        reference = Path(given)
    else:
        other = copy_of_the_project(tmp_path_factory.mktemp("whole"))
        shutil.copy2(ROOT / "config/presets/smoke.yaml", other.folder / "config/presets/smoke.yaml")
        other.snakemake(f"{TABLES_FOLDER}/transfer.csv")
        reference = other.folder / TABLES_FOLDER
    assert project.read(f"{TABLES_FOLDER}/runs.parquet") == (reference / "runs.parquet").read_bytes()
    assert project.read(f"{TABLES_FOLDER}/steps.parquet") == (reference / "steps.parquet").read_bytes()
    assert "Nothing to be done" in project.build_on_the_cluster(FIGURE, seconds=120), output


def test_cancelled_job_is_tried_again_with_more_and_repeats_no_finished_run(
    box: Box, project: ClusterProject, local: dict[str, bytes]
) -> None:
    set_preset(project, SHORT_PRESET)
    project.fit_profile(machine="a100", gpu_model=GPU)
    before = len(box.submitted())
    with project.on_the_cluster(FIGURE) as process:
        wait_for(lambda: box.jobs(state="RUNNING"))
        (job,) = box.jobs(state="RUNNING")
        wait_for(project.stored)
        box.cancel(job)
        finished = {path: path.stat().st_mtime_ns for path in (project.folder / "results/store").rglob("*.parquet")}
        output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    first, second = box.submitted()[before:]
    assert (first["JobId"], first["JobState"], second["JobState"]) == (job, "CANCELLED", "COMPLETED")
    assert [memory(first), memory(second)] == [project.jobs(attempt=number)[0].mem_mb for number in (1, 2)]
    assert {job["TresPerJob"] for job in (first, second)} == {f"gres:gpu:{GPU}:1"}
    assert 0 < len(finished) < len(project.stored()) == 24
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert tables(project.folder / TABLES_FOLDER) == local
