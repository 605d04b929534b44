"""The claims on feature diversity, on tables whose answer is known."""

from pathlib import Path

import pandas as pd
import pytest

from depthtransfer.claims import Evidence, judge
from depthtransfer.claims.tp6_diversity import ABS, CLAIMS, RELU
from depthtransfer.tables.columns import STREAMS
from depthtransfer.training.probing import apart

from .tables import write, write_runs

B9, B9_ABS = CLAIMS
DEPTHS = (32, 128, 512)


def project(folder: Path, experiment: str, powers: dict[str, tuple[float, ...]], noise: float) -> None:
    """Streams of three seeds that differ by a power of their distance, one for each depth of `DEPTHS`."""
    runs = pd.DataFrame(
        {"scheme": scheme, "width": 32, "depth": depth, "seed": seed, "status": "ok", "loss": 1.0, "steps": 100}
        for scheme in powers
        for depth in DEPTHS
        for seed in range(3)
    )
    full = write_runs(runs, folder, experiment)
    rows = [
        {
            "key": key,
            "step": step,
            "blocks": k,
            "distance": (k / depth) ** (power + noise * (seed - 1) if step else 0.5),
        }
        for key, scheme, depth, seed in zip(full["key"], runs["scheme"], runs["depth"], runs["seed"], strict=True)
        for power in [powers[scheme][DEPTHS.index(depth)]]
        for step in (0, 100)
        for k in apart(depth)
    ]
    write(pd.DataFrame(rows), folder / experiment / "streams.parquet", STREAMS)


@pytest.mark.parametrize(
    ("ours", "ode", "noise", "verdict"),
    [
        ((0.5, 0.5, 0.5), (0.6, 0.7, 0.9), 0.01, "reproduced"),
        ((0.5, 0.5, 0.9), (0.6, 0.7, 0.9), 0.01, "not reproduced"),
        ((0.5, 0.5, 0.5), (0.7, 0.6, 0.5), 0.01, "not reproduced"),
        ((0.5, 0.5, 0.5), (0.52, 0.55, 0.6), 0.01, "inconclusive"),  # rises, but 512 blocks are not the paper's 8192
        ((0.5, 0.5, 0.5), (0.9, 0.9, 0.8), 0.01, "not reproduced"),
        ((0.5, 0.5, 0.5), (0.6, 0.7, 0.9), 0.3, "inconclusive"),
    ],
)
def test_powers_by_depth(
    ours: tuple[float, ...], ode: tuple[float, ...], noise: float, verdict: str, tmp_path: Path
) -> None:
    project(tmp_path, RELU, {"Depth-muP": ours, "ODE": ode}, noise)
    assert judge(B9, Evidence(tmp_path)).verdict == verdict


@pytest.mark.parametrize(("power", "verdict"), [(0.4, "reproduced"), (0.6, "not reproduced"), (0.5, "inconclusive")])
def test_absolute_values_are_flatter(power: float, verdict: str, tmp_path: Path) -> None:
    project(tmp_path, RELU, {"Depth-muP": (0.5, 0.5, 0.5)}, 0.01)
    project(tmp_path, ABS, {"Depth-muP": (0.5, 0.5, power)}, -0.01)
    assert judge(B9_ABS, Evidence(tmp_path)).verdict == verdict


def test_runs_without_distances_are_not_run(tmp_path: Path) -> None:
    project(tmp_path, RELU, {"Depth-muP": (0.5, 0.5, 0.5), "ODE": (0.6, 0.7, 0.9)}, 0.01)
    write(pd.DataFrame(columns=[c.name for c in STREAMS]), tmp_path / RELU / "streams.parquet", STREAMS)
    assert judge(B9, Evidence(tmp_path)).verdict == "not run"
