"""The claim on paper B's linear network, on tables whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

from depthtransfer.claims import Evidence, judge
from depthtransfer.claims.tp6_linear import CLAIMS

from .test_dynamics_and_theory import INFINITE, theory

(CLAIM,) = CLAIMS


@pytest.mark.parametrize(
    ("width", "depth", "error", "verdict"),
    [
        (-0.5, -1.0, 0.02, "reproduced"),
        (-1.0, -1.0, 0.02, "not reproduced"),
        (-0.5, -0.5, 0.02, "not reproduced"),
        (-0.5, -1.0, 0.4, "inconclusive"),
    ],
)
def test_powers_of_width_and_depth(width: float, depth: float, error: float, verdict: str, tmp_path: Path) -> None:
    place = {"part": "features", "quantity": "H"}
    rows: list[dict[str, object]] = []
    for update in (0, 1, 2):
        for tau in (0.5, 1.0):
            at = place | {"updates": update, "tau": tau}
            for n in (64.0, 256.0):
                variance = n ** (2 * width)
                errors = {"standard_error": 1e-4, "variance": variance, "variance_error": error * variance}
                rows.append(at | errors | {"width": n, "depth": 16.0, "value": 1.0, "theory": 1.0, "seeds": 64})
            for length in (16.0, 64.0):
                value = 1.0 + length**depth
                rows.append(at | {"width": INFINITE, "depth": length, "value": value, "theory": 1.0})
    theory(rows, tmp_path / "theory/linear.parquet")
    assert judge(CLAIM, Evidence(tmp_path)).verdict == verdict


def test_one_width_is_too_little(tmp_path: Path) -> None:
    row = {"part": "features", "quantity": "H", "updates": 1, "tau": 1.0, "width": 64.0, "depth": 16.0, "value": 1.0}
    theory([row | {"theory": 1.0, "variance": 0.1, "variance_error": 0.01}], tmp_path / "theory/linear.parquet")
    finding = judge(CLAIM, Evidence(tmp_path))
    assert (finding.verdict, np.isnan(finding.value)) == ("inconclusive", True)
    assert "second width" in finding.missing
