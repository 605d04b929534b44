import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TINY = """\
title: smoke
defaults:
  dataset: digits
  batch_size: 64
  window: 2
  steps: 4
  depths: [3, 6]
  widths: [4]
  seeds: [0, 1]
experiments:
  cnn_learning_rate:
    - values: {{ learning_rate: [{rates}] }}
  cnn_learning_rate_sp:
    - values: {{ learning_rate: [{rates}] }}
"""


@dataclass(frozen=True)
class Project:
    """A copy of the project with a preset of seconds, and its own copy of the package."""

    folder: Path

    def set_rates(self, *rates: float, preset: str = "smoke") -> None:
        text = TINY.format(rates=", ".join(map(str, rates)))
        (self.folder / f"config/presets/{preset}.yaml").write_text(text)

    def environment(self) -> dict[str, str]:
        scripts = str(Path(sys.executable).parent)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DEPTHTRANSFER_", "SNAKEMAKE"))}
        return inherited | {
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": scripts + os.pathsep + os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["snakemake", *arguments],
            cwd=self.folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def snakemake(self, *arguments: str, code: int = 0, patience: float = 300) -> str:
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=patience)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        assert process.returncode == code, output
        return output

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def stored(self) -> set[str]:
        return {path.name for path in (self.folder / "results/store").rglob("*.parquet")}


def copy_of_the_project(folder: Path) -> Project:
    for name in ("workflow", "profiles", "config", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml"):
        shutil.copy2(ROOT / name, folder)
    made = Project(folder)
    made.set_rates(0.25, 0.5)
    return made


@pytest.fixture
def new_project() -> Callable[[Path], Project]:
    """Makes projects in which nothing was built, in given folders."""
    return copy_of_the_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in which nothing was built."""
    return copy_of_the_project(tmp_path)


@pytest.fixture(scope="session")
def _built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = copy_of_the_project(tmp_path_factory.mktemp("built"))
    made.snakemake("figures/fig1.pdf")
    return made.folder


@pytest.fixture
def built(_built_once: Path, tmp_path: Path) -> Project:
    """A project in which Figure 1 was built from nothing, to do with as a test pleases."""
    folder = tmp_path / "project"
    shutil.copytree(_built_once, folder)
    return Project(folder)
