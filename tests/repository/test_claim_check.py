""".ci/check_claim.py tells tables that bear the claim out from tables that do not."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from depthtransfer import analysis

ROOT = Path(__file__).parents[2]
DEPTHS = (3, 6, 12)
# log2 of the optimum, and of the largest learning rate that does not diverge, for each depth
DRIFTING = {3: (-2.0, 0.0), 6: (-3.4, -1.0), 12: (-5.0, -3.0)}
STAYING = {3: (-1.0, 1.0), 6: (-1.3, 1.0), 12: (-0.6, 1.0)}
GONE = {**DRIFTING, 12: (-5.0, -20.0)}


@pytest.fixture(scope="module")
def check_claim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_claim", ROOT / ".ci" / "check_claim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_claim"] = module
    spec.loader.exec_module(module)
    return module


def write_tables(folder: Path, mup: dict[int, tuple[float, float]], sqrt: dict[int, tuple[float, float]]) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for scheme, places in (("mup", mup), ("mup_sqrt_depth", sqrt)):
        for depth, (place, limit) in places.items():
            for log2 in np.arange(-8.0, 3.0):
                for seed in range(3):
                    ok = log2 <= limit
                    loss = np.exp(0.1 * (log2 - place) ** 2 - 1 + 0.003 * rng.standard_normal())
                    run = {"scheme": scheme, "width": 8, "depth": depth, "seed": seed}
                    outcome = {"status": "ok" if ok else "diverged", "loss": loss if ok else np.nan}
                    rows.append(run | outcome | {"learning_rate": 2.0**log2})
    optima = analysis.optima(pd.DataFrame(rows))
    optima.to_csv(folder / "optimum.csv", index=False)
    analysis.transfer(optima).to_csv(folder / "transfer.csv", index=False)


@pytest.mark.parametrize("mup", [DRIFTING, GONE])
def test_the_claim_is_recognized(
    check_claim: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mup: dict[int, tuple[float, float]],
) -> None:
    write_tables(tmp_path, mup, STAYING)
    assert check_claim.main(str(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("holds: mup") for line in lines)


@pytest.mark.parametrize(
    ("mup", "sqrt", "failing"),
    [
        (STAYING, STAYING, ["mup, ", "mup, "]),
        ({**DRIFTING, 12: (-3.5, -1.0)}, STAYING, ["mup, "]),
        ({**DRIFTING, 12: (-5.0, 0.0)}, STAYING, ["mup, "]),
        (DRIFTING, {**STAYING, 6: (-2.5, 1.0)}, ["mup_sqrt_depth, "]),
        (DRIFTING, {**STAYING, 12: (-1.0, -20.0)}, ["mup_sqrt_depth, "]),
    ],
)
def test_tables_that_say_otherwise_fail(
    check_claim: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mup: dict[int, tuple[float, float]],
    sqrt: dict[int, tuple[float, float]],
    failing: list[str],
) -> None:
    write_tables(tmp_path, mup, sqrt)
    assert check_claim.main(str(tmp_path)) == 1
    failures = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILS: ")]
    assert [line.removeprefix("FAILS: ").partition("width")[0] for line in failures] == failing


def test_tables_without_both_schemes_are_refused(check_claim: ModuleType, tmp_path: Path) -> None:
    write_tables(tmp_path, DRIFTING, {})
    with pytest.raises(ValueError, match="both schemes"):
        check_claim.main(str(tmp_path))
