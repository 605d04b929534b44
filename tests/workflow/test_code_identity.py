"""Which edits of the code make what again: real Snakemake runs, and pinned results in a copy with changed code."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, Project

ONE, OTHER = "figures/fig1.pdf", "figures/figB1.pdf"
SOURCE = "src/depthtransfer"


def edit(project: Project, module: str, old: str, new: str) -> None:
    path = project.folder / SOURCE / module
    text = path.read_text()
    assert text.count(old) >= 1, f"{module} has no {old!r} to edit"
    path.write_text(text.replace(old, new, 1))


@pytest.mark.slow
def test_an_edit_makes_again_what_uses_the_edited_code_and_nothing_else(built: Project) -> None:
    """Two figures that one module draws: comments, then that module, then the style."""
    project = built
    project.snakemake(ONE, OTHER)
    store = {path: path.stat().st_mtime_ns for path in (project.folder / "results/store").rglob("*.parquet")}
    before = {figure: project.read(figure) for figure in (ONE, OTHER)}

    edit(project, "figures/transfer.py", '"""Figures of', '# a comment\n"""Another docstring. Figures of')
    edit(project, "figures/style.py", "FONT_SIZE = 8.0", "\nFONT_SIZE = 8.0  # another comment")
    edit(project, "training/loop.py", "import ", "# training is not told apart by its code\nimport ")
    for unrelated in (
        "figures/fig5.py",
        "theory/sampled.py",
        "models/vit.py",
        "training/optimizers.py",
        "cli/status.py",
    ):
        with (project.folder / SOURCE / unrelated).open("a") as module:
            module.write("\nUNRELATED = 1\n")
    assert "Nothing to be done" in project.snakemake(ONE, OTHER)

    edit(project, "figures/transfer.py", "_PANEL, _LOWER_PANEL = 3.0, 2.4", "_PANEL, _LOWER_PANEL = 3.5, 2.4")
    assert drawn(project.snakemake(ONE, OTHER)) == {ONE, OTHER}
    assert project.read(ONE) != before[ONE]

    edit(project, "figures/style.py", "FONT_SIZE = 8.0", "FONT_SIZE = 8.5")
    output = project.snakemake(ONE, OTHER)
    assert drawn(output) == {ONE, OTHER}
    assert "Find the optima" not in output
    assert project.read(OTHER) != before[OTHER]

    edit(project, "analysis/optimum.py", '"""', '"""Edited. ')
    assert "Nothing to be done" in project.snakemake(ONE, OTHER)
    assert {path: path.stat().st_mtime_ns for path in store} == store
    assert len(project.stored()) == len(store), "nothing was trained"


def drawn(output: str) -> set[str]:
    """The figures that a run drew; it may neither train nor collect."""
    assert "Train" not in output
    assert "Collect" not in output
    return {line.split("Draw ")[1] for line in output.splitlines() if "Draw " in line}


@pytest.mark.slow
def test_a_higher_engine_version_trains_again_and_says_why(built: Project) -> None:
    project = built
    before = project.stored()
    edit(project, "sweeps/spec.py", "ENGINE_VERSION = 1", "ENGINE_VERSION = 2")
    output = project.snakemake("results/smoke/cnn_learning_rate/runs.parquet")
    assert "Train the runs of cnn_learning_rate (smoke)" in output
    assert len(project.stored()) == 2 * len(before)


RUNS = "tests/sweeps/test_engine_version.py"
SOLUTIONS = "tests/studies/test_solvers.py::test_what_a_solution_computes_is_pinned"

UNCHANGED = {
    "runs": (RUNS, {"models/registry.py": ("def ", "# a comment\ndef ")}),
    "solutions": (SOLUTIONS, {"theory/rows.py": ("def ", "# a comment\ndef ")}),
}

CHANGED = {
    "momentum": (RUNS, {"training/optimizers.py": ("momentum=momentum)", "momentum=0.9 * momentum)")}),
    "initial deviation": (
        RUNS,
        {"models/parametrization.py": ("* rules[name].init_std", "* 1.01 * rules[name].init_std")},
    ),
    "loss": (RUNS, {"training/loop.py": ("logits.float(), labels)", "logits.float(), labels, label_smoothing=0.01)")}),
    "order of images": (RUNS, {"training/batches.py": ('named_rng(seed, "order")', 'named_rng(seed + 1, "order")')}),
    "engine without pins": (RUNS, {"sweeps/spec.py": ("ENGINE_VERSION = 1", "ENGINE_VERSION = 2")}),
    "force on networks": (SOLUTIONS, {"theory/ensemble.py": ("force = setup", "force = 1.01 * setup")}),
    "exact recursion": (SOLUTIONS, {"theory/recursion.py": ("strength = c.gamma0", "strength = 1.01 * c.gamma0")}),
    "theory's engine without pins": (SOLUTIONS, {"studies/solution.py": ("ENGINE = 1", "ENGINE = 2")}),
}


def pinned(folder: Path, test: str, changes: dict[str, tuple[str, str]]) -> "subprocess.CompletedProcess[str]":
    """Run a test of pinned results against a copy of the package with changed code."""
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    project = Project(folder)
    for module, (old, new) in changes.items():
        edit(project, module, old, new)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", test],
        cwd=folder,
        env=project.environment() | {"OMP_NUM_THREADS": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", UNCHANGED)
def test_pinned_results_hold_in_a_copy(tmp_path: Path, case: str) -> None:
    done = pinned(tmp_path, *UNCHANGED[case])
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("case", CHANGED)
def test_a_change_of_results_without_a_new_engine_and_new_pins_fails(tmp_path: Path, case: str) -> None:
    done = pinned(tmp_path, *CHANGED[case])
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
    if CHANGED[case][0] == RUNS:
        assert "raise ENGINE_VERSION in sweeps/spec.py" in done.stdout, "the failure says what to do"
