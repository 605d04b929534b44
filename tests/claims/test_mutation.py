"""A network without its 1/sqrt(L) must be found out: the factor is turned off in a copy of the code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
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


def judged(folder: Path, package: Path) -> pd.DataFrame:
    """Train a tiny preset with this package and judge it; rows of the claims by name."""
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
    probed = grid | {
        "depths": [3, 12, 48],
        "seeds": [0, 1, 2, 3],
        "values": {"learning_rate": [0.125]},
        "steps": 20,
        "window": 5,
        "batch_seed": 0,
        "probes": {"steps": [0, 20], "images": 64, "blocks": True, "together": True},
    }
    preset = {"title": "tiny", "experiments": {"cnn_learning_rate": [grid], "cnn_updates": [probed]}}
    (folder / "config/presets/tiny.yaml").write_text(json.dumps(preset))
    environment = clean_environment() | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1"}
    for words in (
        ("train", "cnn_learning_rate", "--workers", "1"),
        ("train", "cnn_updates", "--workers", "1"),
        ("collect", "cnn_learning_rate", "--workers", "1"),
        ("collect", "cnn_updates", "--workers", "1"),
        ("claims", "--output", "claims.csv"),
    ):
        command = [str(Path(sys.executable).with_name("depthtransfer")), *words, "--preset", "tiny"]
        done = subprocess.run(
            command, cwd=folder, env=environment, text=True, capture_output=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
    return pd.read_csv(folder / "claims.csv").set_index("claim")


@pytest.mark.slow
def test_a_network_without_its_depth_factor_is_not_reproduced(tmp_path: Path) -> None:
    outcomes = {}
    for factor in (True, False):
        folder = tmp_path / str(factor)
        folder.mkdir()
        outcomes[factor] = judged(folder, source(tmp_path, factor=factor))
    whole, mutated = outcomes[True], outcomes[False]
    for claim in ("A1", "A20"):
        said = {
            factor: table.loc[claim, ["verdict", "value", "low", "high"]].tolist() for factor, table in outcomes.items()
        }
        assert mutated.loc[claim, "verdict"] == "not reproduced", said
        assert whole.loc[claim, "verdict"] != "not reproduced", said
    assert abs(whole.loc["A1", "value"]) < 0.5 < abs(mutated.loc["A1", "value"])
