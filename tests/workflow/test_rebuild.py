"""A clone of the project rebuilds every figure of the preset reference from what is committed, and trains nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from tests.repository.test_layout import repository_files

from depthtransfer.figures.origin import FigureRecord, read
from depthtransfer.targets import figures_of

from .conftest import ROOT, Project

RESULTS = ROOT / "docs/results.md"
FORBIDDEN = "import sys\nsys.exit('{name} was imported: something is to be trained or solved')\n"


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    """What git knows of the working tree, and nothing else; torch and JAX cannot be imported in it."""
    folder = tmp_path / "clone"
    assert repository_files()
    subprocess.run([str(ROOT / ".ci/fresh_copy"), str(folder)], check=True, capture_output=True)
    for name in ("torch", "torchvision", "jax", "jaxlib", "diffrax"):
        (folder / "src" / f"{name}.py").write_text(FORBIDDEN.format(name=name))
    return Project(folder)


def record(path: Path) -> FigureRecord:
    reading = read(path)
    assert reading.intact
    return reading.record


@pytest.mark.slow
def test_every_figure_of_reference_is_rebuilt_without_training(clone: Project) -> None:
    shipped = {path.stem: record(path) for path in (clone.folder / "figures/reference").glob("*.png")}
    shutil.rmtree(clone.folder / "figures/reference")
    names = figures_of("reference")
    assert set(names) == set(shipped)
    targets = [f"figures/reference/{name}.pdf" for name in names]
    clone.snakemake(*targets, patience=1500)  # two minutes when nothing else runs
    for name in names:
        for suffix in ("pdf", "png"):
            rebuilt = record(clone.folder / f"figures/reference/{name}.{suffix}")
            assert rebuilt.experiments == shipped[name].experiments, "the picture that is shown is of the same runs"
            assert rebuilt.studies == shipped[name].studies
    assert not (clone.folder / "results/store").exists()
    assert not (clone.folder / "results/solutions").exists()
    assert not (clone.folder / "data").exists()


@pytest.mark.slow
def test_prose_says_what_the_verdicts_say(clone: Project) -> None:
    clone.snakemake("results/reference/claims.csv", patience=1500)
    table = pd.read_csv(clone.folder / "results/reference/claims.csv")
    verdict = r"\b([ABCT]\d+(?:-[a-z0-9-]+)?) (reproduced|not reproduced|inconclusive|not run)\b"
    said = dict(re.findall(verdict, RESULTS.read_text()))
    assert said == dict(zip(table["claim"], table["verdict"], strict=True))


def test_training_is_indeed_forbidden(clone: Project) -> None:
    shutil.rmtree(clone.folder / "results")
    output = clone.snakemake("figures/reference/rates.pdf", code=1)
    assert "jax was imported: something is to be trained or solved" in output
