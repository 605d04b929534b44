"""Names and texts of configuration and of targets that try to become commands or to leave their folder."""

import shutil
from pathlib import Path

import pytest

from .conftest import Project


def assert_nothing_ran(folder: Path) -> None:
    assert list(folder.rglob("pwned*")) == []


def refusal(project: Project, target: str, *words: str) -> str:
    """The one line with which a request ends."""
    output = project.snakemake(target, *words, code=1)
    assert "Traceback" not in output
    (line,) = {line for line in output.splitlines() if line.startswith("depthtransfer: ")}
    assert_nothing_ran(project.folder)
    assert not (project.folder / "results").exists()
    return line


@pytest.mark.slow
def test_hostile_targets_are_refused(project: Project) -> None:
    for target in (
        "figures/$(touch pwned)/fig1.pdf",
        "figures/fig1;touch pwned.pdf",
        "figures/`touch pwned`.pdf",
        "figures/x' ; touch pwned ; '/fig1.pdf",
    ):
        assert "is not known" in refusal(project, target)
    for target in ("results/../../fig1.pdf", "results/smoke;touch pwned/cnn_learning_rate/runs.parquet", "/etc/x.pdf"):
        output = project.snakemake(target, code=1)
        assert "Traceback" not in output
        assert_nothing_ran(project.folder)
    project.snakemake("figures/fig1.pdf", "--config", "shards=1;touch pwned", code=1)
    assert_nothing_ran(project.folder)


@pytest.mark.slow
def test_a_whole_build_with_hostile_texts_in_a_hostile_folder(project: Project, tmp_path: Path) -> None:
    """Titles and descriptions may say anything; the folder of the project is the user's."""
    folder = tmp_path / "inner" / "a b;touch pwned $(touch pwned2)&"
    shutil.copytree(project.folder / "config", folder / "config")
    for name in ("workflow", "profiles", "src", "Snakefile", "environment.yml"):
        (folder / name).symlink_to(project.folder / name)
    hostile = Project(folder)
    preset = folder / "config/presets/smoke.yaml"
    text = preset.read_text().replace("title: smoke", 'title: "$(touch pwned); `touch pwned` \' {x} {{y}} %s"')
    preset.write_text(
        text.replace("widths: [4]", "widths: [4]\n  schemes: [mup]").replace("seeds: [0, 1]", "seeds: [0]")
    )
    experiment = folder / "config/experiments/cnn_learning_rate.yaml"
    experiment.write_text(experiment.read_text().replace("name: mup", "name: mup\n    label: a = b", 1))
    hostile.snakemake("results/smoke/cnn_learning_rate/transfer.csv")
    assert len(hostile.stored()) == 4
    assert_nothing_ran(tmp_path)
    for path in (folder / "results").rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o111 == 0, path
