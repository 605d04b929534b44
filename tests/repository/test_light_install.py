"""`pip install .` without the extra `artifact` is enough for the tool: plan, coordinate check, report, analyze."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LEFT_OUT = ("jax", "diffrax", "snakemake", "torchvision", "sklearn", "rich", "yaml")
_ABSENT = f"import importlib.util as u; assert not any(map(u.find_spec, {_LEFT_OUT!r}))"
_REPORT = """
import numpy as np, pandas as pd, depthtransfer as dt
lr = 2.0 ** np.arange(-8, 0)
table = pd.DataFrame([dict(lr=x, width=w, loss=1 + np.log2(x * 16) ** 2 / 40) for x in lr for w in (64, 128)])
report = dt.report(table)
assert abs(report.optima["log2_optimum"] + 4).max() < 0.1
assert "<table" in report._repr_html_()
table.to_csv("sweep.csv", index=False)
"""
_PLAN = """
import torch, depthtransfer as dt
from torch import nn
layer = lambda width: nn.TransformerEncoderLayer(width, width // 16, 64, norm_first=True)
make = lambda width, depth: nn.TransformerEncoder(layer(width), depth)
plan = dt.plan(make, base=dict(width=32, depth=2), target=dict(width=64, depth=4))
torch.optim.AdamW(plan.groups(plan.build(seed=0), lr=1e-3, weight_decay=0.1)).step()
check = dt.coordinate_check(plan, lambda width, depth: torch.ones(4, 4, width), seeds=1, widths=(32, 64), depths=(2, 4))
assert check.exponents
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if not Path(uv).exists():
        pytest.skip("uv is not here")
    folder = tmp_path_factory.mktemp("light")
    pins = folder / "pins.txt"
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins.write_text("\n".join(line.rstrip(" \\") for line in lines if not line.startswith(" ")))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    found = folder / "venv/bin/python"
    # A copy, since a build leaves traces where its sources lie.
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(found), "--constraint", str(pins), str(source)],
        capture_output=True,
        text=True,
    )
    if done.returncode and any(word in done.stderr for word in ("dns error", "Failed to fetch", "Connection")):
        pytest.skip("no registry can be reached")
    assert done.returncode == 0, done.stderr
    return found


@pytest.mark.slow
def test_the_examples_run_without_what_only_the_artifact_needs(python: Path, tmp_path: Path) -> None:
    for code in (_ABSENT, _REPORT, _PLAN):
        subprocess.run([str(python), "-c", code], cwd=tmp_path, check=True)
    command = python.with_name("depthtransfer")
    said = subprocess.run(
        [str(command), "analyze", "sweep.csv", "--html", "a.html"], cwd=tmp_path, check=True, capture_output=True
    )
    assert b"How it moves" in said.stdout
    assert (tmp_path / "a.html").exists()
    shown = subprocess.run([str(command), "--help"], cwd=tmp_path, check=True, capture_output=True)
    assert b"analyze" in shown.stdout
