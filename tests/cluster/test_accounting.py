"""The cluster profile on a Slurm with accounting, which forgets finished jobs and refuses those of no account."""

import pytest
from tests.workflow.conftest import copy_of_the_project

from .box import ACCOUNT, Box
from .project import SHORT_PRESET, TABLES, TABLES_FOLDER, ClusterProject

pytestmark = pytest.mark.slurm


def profile_of(account: str) -> dict[str, object]:
    return {
        "slurm-status-command": "sacct",
        "default-resources": {"mem_mb": 4000, "runtime": 60, "slurm_account": account},
    }


def test_job_that_exceeds_its_memory_is_tried_again_and_both_are_accounted_for(
    accounting_box: Box, project: ClusterProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    local = copy_of_the_project(tmp_path_factory.mktemp("local"))
    for each in (local, project):
        (each.folder / "config/presets/smoke.yaml").write_text(SHORT_PRESET)
    project.fit_profile(set_resources={"mem_mb": "250 if attempt == 1 else 4000"}, keys=profile_of(ACCOUNT))
    targets = [f"{TABLES_FOLDER}/{name}" for name in TABLES]
    output = project.build_on_the_cluster(*targets, seconds=600)
    assert "Trying to restart" in output
    first, second = accounting_box.accounted()
    assert [first["ReqMem"], second["ReqMem"]] == ["250M", "4000M"]
    assert first["State"] != "COMPLETED" == second["State"]
    assert "exceeded memory limit" in (accounting_box.folder / "slurmd.log").read_text()
    assert {first["Account"], second["Account"]} == {ACCOUNT}
    local.snakemake(*targets)
    for target in targets:
        assert (project.folder / target).read_bytes() == (local.folder / target).read_bytes(), target


def test_an_account_that_does_not_exist_is_refused_with_slurms_own_words(
    accounting_box: Box, project: ClusterProject
) -> None:
    before = len(accounting_box.accounted())
    (project.folder / "config/presets/smoke.yaml").write_text(SHORT_PRESET)
    project.fit_profile(keys=profile_of("nobodys"))
    with project.on_the_cluster(f"{TABLES_FOLDER}/runs.parquet") as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode != 0
    assert "nobodys" in output
    assert len(accounting_box.accounted()) == before
