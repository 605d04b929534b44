"""The record of figures that the workflow drew, and what `depthtransfer why` says would run again."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Project

FIGURE = "figures/fig1.pdf"


def why(project: Project, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        ["depthtransfer", "why", *words],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def now(project: Project, *words: str) -> dict[str, Any]:
    present: dict[str, Any] = json.loads(why(project, FIGURE, "--json", *words))["now"]
    return present


@pytest.mark.slow
def test_why_says_what_would_run_again(built: Project) -> None:
    project = built
    said = why(project, FIGURE)
    assert "16 runs, engine 1" in said
    assert "cnn_learning_rate: 16 runs asked for; all stored" in said
    assert "nothing would be made again" in said
    before = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*") if ".snakemake" not in path.parts}

    project.set_rates(0.25, 0.5, 1.0)
    present = now(project)
    assert present["asked"]["cnn_learning_rate"] == {"results": 24, "missing": 8, "added": 8, "dropped": 0}
    reasons = {job["rule"]: job["because"] for job in present["jobs"]}
    assert reasons.keys() == {"train", "tables", "figure"}
    assert reasons["train"] == "its configuration or its code has changed"
    assert reasons["figure"] == "something that it is made from is made again"
    project.set_rates(0.25)
    assert now(project)["asked"]["cnn_learning_rate"] == {"results": 8, "missing": 0, "added": 0, "dropped": 8}
    project.set_rates(0.25, 0.5)

    module = project.folder / "src/depthtransfer/figures/transfer.py"
    module.write_text(module.read_text().replace("_MOST_COLUMNS = 4", "_MOST_COLUMNS = 3"))
    present = now(project)
    assert present["code_changed"]
    assert [job["rule"] for job in present["jobs"]] == ["figure"]

    (project.folder / "results/smoke/cnn_learning_rate/runs.parquet").unlink()
    assert "it does not exist" in why(project, FIGURE)
    after = {path: path.stat().st_mtime_ns for path in before if path.exists()}
    assert {path for path in after if after[path] != before[path]} <= {
        module,
        project.folder / "config/presets/smoke.yaml",
        project.folder / "results/smoke/cnn_learning_rate",
    }, "nothing was made"


@pytest.mark.slow
def test_two_folders_draw_the_same_bytes(built: Project, tmp_path: Path) -> None:
    """The same stored runs, found in another layer, in another folder, at another time."""
    other = Project(tmp_path / "other place")
    for name in ("workflow", "profiles", "config", "src"):
        shutil.copytree(built.folder / name, other.folder / name)
    for name in ("Snakefile", "environment.yml"):
        shutil.copy(built.folder / name, other.folder)
    shutil.copytree(built.folder / "results/store", other.folder / "results/committed")
    os.utime(other.folder / "Snakefile", (10**9, 10**9))
    other.snakemake(FIGURE)
    for suffix in ("pdf", "png", "csv"):
        path = f"figures/fig1.{suffix}"
        assert other.read(path) == built.read(path), path
    assert not (other.folder / "results/store").exists()
    shutil.copy(other.folder / "figures/fig1.png", tmp_path / "copy.png")
    said = why(built, str(tmp_path / "copy.png"))
    assert "file    intact" in said
    assert "what would run again now cannot be said" in said
