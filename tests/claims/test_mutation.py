"""A network without its 1/sqrt(L) must be found out: the factor is turned off in a copy of the code."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.conftest import PATIENCE, ROOT, clean_environment

FACTOR = "-_depth_exponent(scheme, constants)"


def source(folder: Path, *, factor: bool) -> Path:
    """A copy of the package, with the depth factor of branches or without."""
    copy = folder / ("whole" if factor else "mutated")
    shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    if not factor:
        rules = copy / "depthtransfer/scaling/rules.py"
        text = rules.read_text(encoding="utf-8")
        assert text.count(FACTOR) == 1, "the line that this test turns off has changed"
        rules.write_text(text.replace(FACTOR, "0.0"), encoding="utf-8")
    return copy


def verdict_on_a1(folder: Path, package: Path) -> tuple[str, float]:
    """Train a tiny preset with this package and judge it."""
    shutil.copytree(ROOT / "config", folder / "config")
    grid = {
        "schemes": ["mup_sqrt_depth"],
        "dataset": "digits",
        "widths": [8],
        "depths": [3, 48],
        "seeds": [0, 1],
        "values": {"learning_rate": [0.0625, 0.25, 0.5, 0.7071, 1.0, 1.4142, 2.0]},
        "steps": 66,
        "batch_size": 64,
        "window": 22,
    }
    preset = {"title": "tiny", "experiments": {"cnn_learning_rate": [grid]}}
    (folder / "config/presets/tiny.yaml").write_text(yaml.safe_dump(preset))
    environment = clean_environment() | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1"}
    for words in (
        ("train", "cnn_learning_rate", "--workers", "1"),
        ("collect", "cnn_learning_rate", "--workers", "1"),
        ("claims", "--output", "claims.csv"),
    ):
        command = [str(Path(sys.executable).with_name("depthtransfer")), *words, "--preset", "tiny"]
        done = subprocess.run(
            command, cwd=folder, env=environment, text=True, capture_output=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
    row = pd.read_csv(folder / "claims.csv").set_index("claim").loc["A1"]
    return str(row["verdict"]), float(row["value"])


@pytest.mark.slow
def test_a_network_without_its_depth_factor_is_not_reproduced(tmp_path: Path) -> None:
    outcomes = {}
    for factor in (True, False):
        folder = tmp_path / str(factor)
        folder.mkdir()
        outcomes[factor] = verdict_on_a1(folder, source(tmp_path, factor=factor))
    assert outcomes[False][0] == "not reproduced", outcomes
    assert outcomes[True][0] != "not reproduced", outcomes
    assert abs(outcomes[True][1]) < 0.5 < abs(outcomes[False][1]), outcomes
