"""Real Snakemake runs of the theory's figures, at a scale of seconds."""

import shutil
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FIGURE = "figures/fig6.pdf"


def set_depths(project, *depths):
    path = project.folder / "config/theory/smoke.yaml"
    content = yaml.safe_load(path.read_text())
    networks = [{"widths": [8], "depths": [2], "seeds": 16}]
    content["fig6"] |= {"activations": ["linear"], "depths": list(depths), "networks": networks}
    path.write_text(yaml.safe_dump(content))


def solved(project):
    return {path.name: path.stat().st_mtime_ns for path in (project.folder / "results/solutions").rglob("*.parquet")}


@pytest.mark.slow
def test_figure_from_nothing_then_nothing_then_one_depth_more(project):
    set_depths(project, 2, 4)
    project.snakemake(FIGURE)
    for suffix in ("pdf", "png", "csv"):
        assert (project.folder / f"figures/fig6.{suffix}").stat().st_size > 0
    before = solved(project)
    assert len(before) == 4, "the limit, two depths, one ensemble"
    figure = project.read(FIGURE)
    assert "Nothing to be done" in project.snakemake(FIGURE)

    set_depths(project, 2, 4, 6)
    project.snakemake(FIGURE)
    after = solved(project)
    assert {name: after[name] for name in before} == before, "nothing was solved again"
    assert len(after) == 6, "the new depth, and the limit at its layer times"
    assert project.read(FIGURE) != figure

    set_depths(project, 2, 4)
    project.snakemake(FIGURE)
    assert project.read(FIGURE) == figure, "the same solutions give the same bytes"


def test_a_reference_figure_is_drawn_from_the_committed_solutions(project):
    """One of them; test_rebuild.py draws all."""
    shutil.copytree(ROOT / "results/committed-solutions", project.folder / "results/committed-solutions")
    output = project.snakemake("figures/reference/optimum.pdf")
    assert " solved, " not in output
    assert not (project.folder / "results/solutions").exists()


def test_bad_scales_are_one_line_without_traceback(project):
    path = project.folder / "config/theory/smoke.yaml"
    path.write_text(path.read_text().replace("gamma0: [0.2, 1, 2]", "gamma0: [0, 1, 2]"))
    output = project.snakemake(FIGURE, code=1)
    assert "Traceback" not in output
    (line,) = [line for line in output.splitlines() if line.startswith("depthtransfer: ")]
    assert "config/theory/smoke.yaml: fig7.gamma0.0" in line
    assert "theory lazy" in line
