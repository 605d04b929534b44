"""A copy of the project that trains through the cluster profile."""

import importlib.util
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.workflow.conftest import Project

from depthtransfer.pricing.jobs import Jobs, Resources
from depthtransfer.sweeps.grid import load_runs

PLUGIN = "snakemake_executor_plugin_slurm"
PROFILE = "profiles/box"
TABLES_FOLDER = "results/smoke/cnn_learning_rate"
TABLES = ("runs.parquet", "steps.parquet", "probes.parquet", "optimum.csv", "transfer.csv", "regret.csv")
SHORT_PRESET = """\
title: smoke
device: auto
defaults:
  dataset: digits
  batch_size: 64
  window: 2
  steps: 100
  depths: [3, 6, 12]
  widths: [8]
  seeds: [0, 1]
experiments:
  cnn_learning_rate:
    - values: { learning_rate: [0.25, 0.5] }
"""
"""A job of about fifteen seconds, on a GPU where there is one."""


@dataclass(frozen=True)
class ClusterProject(Project):
    """A copy of the project whose profile `box` is the cluster profile, fitted to the box."""

    def environment(self) -> dict[str, str]:
        """The cluster's plugin beside the copy of the package."""
        found = importlib.util.find_spec(PLUGIN)
        assert found is not None
        assert found.origin is not None
        inherited = super().environment()
        return inherited | {
            "PYTHONPATH": os.pathsep.join((inherited["PYTHONPATH"], str(Path(found.origin).parents[1])))
        }

    def fit_profile(
        self, set_resources: dict[str, Any] | None = None, keys: dict[str, Any] | None = None, **settings: Any
    ) -> None:
        """Write the profile: shorter waits, another machine, and what a test asks for.

        Args:
            set_resources: of the training jobs.
            keys: of the profile itself.
            settings: of its `config`.
        """
        profile = yaml.safe_load(self.read("profiles/slurm/profile.yaml"))
        profile |= {"latency-wait": 10, "slurm-init-seconds-before-status-checks": 2}
        profile["config"] |= {"machine": "cpu", "workers": 1} | settings
        profile |= keys or {}
        if set_resources:
            profile["set-resources"] = {"train": set_resources}
        file = self.folder / PROFILE / "profile.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(profile))

    def jobs(self, experiment: str = "cnn_learning_rate", attempt: int = 1) -> list[Resources]:
        """What the project should ask of the cluster."""
        config = yaml.safe_load(self.read(f"{PROFILE}/profile.yaml"))["config"]
        jobs = Jobs.of(config, self.folder / "config")
        sweep = load_runs("smoke", experiment, self.folder / "config")
        return [jobs.resources(sweep, share, attempt=attempt) for share in jobs.shares(sweep, jobs.count(sweep))]

    @contextmanager
    def on_the_cluster(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """A Snakemake that is gone afterwards."""
        process = self.start("--workflow-profile", PROFILE, *arguments)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def build_on_the_cluster(self, *targets: str, seconds: float) -> str:
        with self.on_the_cluster(*targets) as process:
            output, _ = process.communicate(timeout=seconds)
        assert process.returncode == 0, output
        return output
