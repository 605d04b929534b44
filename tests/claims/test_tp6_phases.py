"""The claim on paper B's phase diagram, on tables whose answer is known."""

from pathlib import Path

import pytest
from tests.analysis.test_phases import tables

from depthtransfer.claims import CLAIMS, Evidence, Finding, judge
from depthtransfer.claims.tp6_phases import PHASES
from depthtransfer.tables.columns import PROBES, UPDATES

from .tables import write, write_runs

CLAIM = next(claim for claim in CLAIMS if claim.id == "B11")


def found(folder: Path, seeds: int = 3, stretch: float = 1.0, shift: float = 0.0) -> Finding:
    """Judge the predicted tables with updates stretched by a power of the depth, logits by another one."""
    runs, probes, updates = tables(seeds=seeds)
    depth = runs.set_index("key")["depth"]
    probes["logit"] *= probes["key"].map(depth).astype(float) ** shift
    updates["change"] *= updates["key"].map(depth).astype(float) ** (stretch - 1)
    runs["scheme"] = [f"{a}-{g}" for a, g in zip(runs["alpha"], runs["update_exponent"], strict=True)]
    full = write_runs(runs.assign(width=64, status="ok", loss=2.3, initial_loss=2.3), folder, PHASES)
    keys = dict(zip(runs["key"], full["key"], strict=True))
    write(probes.assign(key=probes["key"].map(keys), image=0, output=0), folder / PHASES / "probes.parquet", PROBES)
    write(updates.assign(key=updates["key"].map(keys)), folder / PHASES / "updates.parquet", UPDATES)
    return judge(CLAIM, Evidence(folder))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "reproduced"),
        ({"stretch": 1.5}, "not reproduced"),
        ({"shift": 0.5}, "not reproduced"),
        ({"shift": -1.5}, "not reproduced"),
        ({"seeds": 2}, "inconclusive"),
    ],
)
def test_powers_of_the_depth(changes: dict[str, float], verdict: str, tmp_path: Path) -> None:
    finding = found(tmp_path, **changes)  # type: ignore[arg-type]
    assert finding.verdict == verdict
    assert finding.detail.count("(") == 3
