"""What no linter sees: files that stay out of the repository, and imports that stay light."""

import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "torchvision", "jax", "diffrax", "seaborn", "matplotlib", "sklearn"}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("cli", HEAVY | {"numpy", "pandas", "pyarrow", "pydantic"}),  # `--help` within a tenth of a second
        ("sweeps.grid", HEAVY | {"pandas", "pyarrow"}),  # the graph of a build stands within a second or two
        ("pricing.cost", HEAVY | {"numpy", "pandas", "pyarrow"}),
        ("studies.plan", HEAVY | {"pandas", "pyarrow"}),
        ("store.store", HEAVY | {"pandas"}),  # a job with nothing to train ends at once
        ("analysis", HEAVY),
    ],
)
def test_importing_is_light(module: str, unwanted: set[str]) -> None:
    code = (
        f"import json, sys, depthtransfer.{module}; print(json.dumps(sorted(n for n in sys.modules if '.' not in n)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) & unwanted == set()


@functools.cache
def repository_files() -> list[Path]:
    """Every file of the repository that git knows or would know."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_the_repository_holds_no_leftovers() -> None:
    """Logs and the like of a run that wrote into the checkout."""
    known = {".py", ".md", ".rst", ".yaml", ".yml", ".toml", ".json", ".smk", ".parquet", ".png", ".lock", ".cff"}
    known |= {".html", ".css", ".js", ".typed", ".csv", ".txt"}
    plain = {"Makefile", "Snakefile", "LICENSE", ".gitignore", "run", "fresh_copy"}
    strange = [p for p in repository_files() if p.suffix not in known and p.name not in plain]
    assert not strange


def test_a_fresh_copy_holds_what_git_knows_and_nothing_else(tmp_path: Path) -> None:
    known = {path.relative_to(ROOT): path.read_bytes() for path in repository_files()}
    copy = tmp_path / "a copy"
    subprocess.run([str(ROOT / ".ci/fresh_copy"), str(copy)], check=True, capture_output=True)
    found = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert found.keys() == known.keys()
    assert found == known


# Written so that this file does not match them.
FORBIDDEN_TEXT = {
    "an absolute path of one machine": rb"(?<![\w.~}*-])/(?:[h]ome|[r]oot|[w]ork|[U]sers)/",
    "an address of a package index": rb"--(?:extra-)?[i]ndex-url[ =]|--[f]ind-links|pypi\.org/[s]imple"
    rb"|[f]iles\.pythonhosted\.org|download\.pytorch\.org/[w]hl",
}


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_file_contains(what: str) -> None:
    pattern = re.compile(FORBIDDEN_TEXT[what])
    found = {str(p.relative_to(ROOT)): m.group() for p in repository_files() if (m := pattern.search(p.read_bytes()))}
    assert found == {}
