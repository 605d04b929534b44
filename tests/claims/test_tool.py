"""The claims on the tool, on tables whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
from tests.analysis.synthetic import Optimum, runs_table

from depthtransfer.claims import CLAIMS, Evidence, Finding, judge

from .tables import write_runs

CLAIM = next(claim for claim in CLAIMS if claim.id == "T2")
SIZES = {"widths": (8, 32), "depths": (3, 12)}


def shifted(width: float, depth: float, of: str) -> Optimum:
    """Optima of one scheme that move as powers of the sizes; those of the other stay."""

    def optimum(scheme: str, wide: int, deep: int) -> float:
        return -2.0 + (scheme == of) * (width * np.log2(wide / 8) + depth * np.log2(deep / 3))

    return optimum


def found(folder: Path, optimum: Optimum) -> Finding:
    runs = runs_table(optimum, schemes=("sp", "planned"), seeds=(0, 1, 2), noise=0.002, **SIZES)
    write_runs(runs, folder, "tool_vit")
    return judge(CLAIM, Evidence(folder))


@pytest.mark.parametrize(
    ("optimum", "verdict"),
    [
        (shifted(-1.0, 0.0, "sp"), "reproduced"),
        (shifted(0.0, -0.5, "sp"), "reproduced"),
        (shifted(0.0, 0.5, "sp"), "reproduced"),
        (shifted(0.0, 0.0, "sp"), "not reproduced"),
        (lambda scheme, width, depth: -2.0 - np.log2(width / 8), "not reproduced"),
        (shifted(0.0, -1.0, "planned"), "not reproduced"),
    ],
)
def test_it_holds_if_the_plan_makes_the_difference(optimum: Optimum, verdict: str, tmp_path: Path) -> None:
    assert found(tmp_path, optimum).verdict == verdict


def test_a_scheme_that_was_not_run_is_said(tmp_path: Path) -> None:
    runs = runs_table(shifted(0, 0, "sp"), schemes=("planned",), seeds=(0, 1), noise=0.002, **SIZES)
    write_runs(runs, tmp_path, "tool_vit")
    finding = judge(CLAIM, Evidence(tmp_path))
    assert finding.verdict == "not run"
    assert "no run of sp" in finding.missing
