"""Profiles, read as Snakemake reads them, and the jobs that the cluster's settings give; no cluster needed."""

import re
from typing import Any

import pytest
import yaml
from snakemake.cli import get_argument_parser
from tests.workflow.conftest import ROOT, Project

from depthtransfer.pricing.jobs import Jobs
from depthtransfer.sweeps.grid import load_runs

PROFILES = sorted(path.parent.name for path in ROOT.glob("profiles/*/profile.yaml"))


def read(profile: str, *, with_examples: bool = False) -> dict[str, Any]:
    """A profile; with those of its lines that are commented out as examples."""
    text = (ROOT / f"profiles/{profile}/profile.yaml").read_text()
    if with_examples:
        text = re.sub(r"(?m)^( *)# ((?:  )*[a-z_-]+:(?: |$))", r"\1\2", text)
    content = yaml.safe_load(text)
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_names_only_options_of_snakemake(profile: str) -> None:
    parser = get_argument_parser()
    known = {word.lstrip("-") for action in parser._actions for word in action.option_strings}
    keys = {key for key in read(profile) if not key.startswith("slurm-")}
    assert keys <= known
    assert {"default", "slurm"} <= set(PROFILES)


def test_settings_and_examples_of_the_cluster_profile_are_valid() -> None:
    active, full = read("slurm"), read("slurm", with_examples=True)
    assert Jobs.of(active["config"], ROOT / "config").settings.machine == "a100"
    assert Jobs.of(full["config"], ROOT / "config").settings.gpu_model == "a100"
    assert full["default-resources"].keys() - active["default-resources"].keys() == {"slurm_account", "slurm_partition"}
    assert full["set-resources"]["train"].keys() == {"runtime", "mem_mb", "gpu"}


def test_the_cluster_profile_trains_the_paper_in_jobs_of_half_an_hour(project: Project) -> None:
    settings = [f"{key}={value}" for key, value in read("slurm")["config"].items()]
    output = project.snakemake("--dry-run", "--config", *settings, "--", "figures/paper/fig1.pdf")
    jobs = Jobs.of(read("slurm")["config"], ROOT / "config")
    expected = jobs.count(load_runs("paper", "cnn_learning_rate", ROOT / "config"))
    found = re.search(r"(?m)^train +(\d+)$", output)
    assert found is not None, output
    assert int(found[1]) == expected > 20


def test_a_wrong_setting_is_one_line(project: Project) -> None:
    output = project.snakemake("--config", "shard_minuts=30", "--", "figures/fig1.pdf", code=1)
    (line,) = [line for line in output.splitlines() if line.startswith("depthtransfer:")]
    assert "shard_minutes" in line
    assert "Traceback" not in output


@pytest.mark.slow
def test_what_is_stored_moves_no_run_to_another_job(project: Project) -> None:
    shards = [f"results/smoke/cnn_learning_rate/shards/{number}-of-3.txt" for number in (1, 2, 3)]
    settings = ("--config", "machine=cpu", "shards=3", "workers=1", "--", *shards)
    project.snakemake(*settings)
    folder = project.folder / "results/smoke/cnn_learning_rate/shards"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(first) == 3
    assert all(first.values())
    assert sum(content.count(b"\n") for content in first.values()) == len(project.stored())
    for record in sorted((project.folder / "results/store").rglob("*.parquet"))[::2]:
        record.unlink()
    for path in folder.iterdir():
        path.unlink()
    project.snakemake(*settings)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
