"""Claims on paper B's residual MLP, on tables whose answer is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.synthetic import runs_table

from depthtransfer.claims import CLAIMS, Evidence, Finding, Verdict, judge
from depthtransfer.claims.tp6 import BLOCKS_ONLY, DEPTH_MUP, MLP, NOTHING, ODE

from .tables import write_runs

CLAIM = {claim.id: claim for claim in CLAIMS}
DEPTHS = (8, 32, 128, 512)
SLOPES = {DEPTH_MUP: 0.0, BLOCKS_ONLY: -0.5, NOTHING: -1.0, ODE: 0.5}
"""Of log2 of the optimum over log2 of the depth, as paper B has it."""


def runs(slopes: dict[str, float] = SLOPES, **changes: Any) -> pd.DataFrame:
    """Deeper is better by a twentieth a doubling, and the ODE scaling worse by a tenth."""

    def best(scheme: str, width: int, depth: int) -> float:
        return -3.0 + slopes[scheme] * np.log2(depth / 8)

    given: dict[str, Any] = {"schemes": tuple(slopes), "widths": (64,), "depths": DEPTHS, "seeds": (0, 1, 2)} | changes
    table = runs_table(best, noise=0.003, grid=tuple(range(-11, 3)), **given)
    table["loss"] *= 1 - 0.05 * np.log2(table["depth"] / 8) + 0.1 * (table["scheme"] == ODE)
    lost = (table["scheme"] == NOTHING) & (table["depth"] >= 512)
    table.loc[lost, "loss"] = 1e6
    return table


def found(name: str, folder: Path) -> Finding:
    return judge(CLAIM[name], Evidence(folder))


def test_what_the_paper_says_is_reproduced(tmp_path: Path) -> None:
    write_runs(runs(), tmp_path, MLP)
    values = {name: found(name, tmp_path) for name in ("B1", "B2", "B3", "B5")}
    assert {name: finding.verdict for name, finding in values.items()} == dict.fromkeys(values, Verdict.REPRODUCED)
    assert values["B2"].value == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize(
    ("name", "slopes"),
    [
        ("B1", {DEPTH_MUP: -0.5}),
        ("B1", {DEPTH_MUP: 0.5}),
        ("B2", {BLOCKS_ONLY: 0.0}),
        ("B3", {NOTHING: 0.0}),
        ("B5", {ODE: 0.0}),
        ("B5", {ODE: -0.5}),
    ],
)
def test_an_optimum_that_moves_otherwise_is_not_reproduced(name: str, slopes: dict[str, float], tmp_path: Path) -> None:
    write_runs(runs(SLOPES | slopes), tmp_path, MLP)
    assert found(name, tmp_path).verdict is Verdict.NOT_REPRODUCED


def test_a_loss_that_grows_with_depth_or_is_no_worse_is_not_reproduced(tmp_path: Path) -> None:
    table = runs()
    table["loss"] *= np.where(table["scheme"] == DEPTH_MUP, 1 + 0.3 * np.log2(table["depth"] / 8), 1.0)
    write_runs(table, tmp_path, MLP)
    for name in ("B1", "B5"):
        assert found(name, tmp_path).verdict is Verdict.NOT_REPRODUCED


def test_a_network_of_512_blocks_that_learns_is_not_reproduced(tmp_path: Path) -> None:
    table = runs()
    table["loss"] = table["loss"].clip(upper=1.0)
    write_runs(table, tmp_path, MLP)
    finding = found("B3", tmp_path)
    assert finding.verdict is Verdict.NOT_REPRODUCED
    assert "from 512 blocks on" in finding.detail


@pytest.mark.parametrize(
    ("name", "depths", "missing"),
    [("B3", (8, 32, 128), "512 blocks or more"), ("B1", (8, 16, 64), "no two depths of 64 blocks")],
)
def test_networks_that_are_too_shallow_decide_nothing(
    name: str, depths: tuple[int, ...], missing: str, tmp_path: Path
) -> None:
    write_runs(runs(depths=depths), tmp_path, MLP)
    finding = found(name, tmp_path)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert missing in finding.missing


def test_a_scheme_without_runs_is_not_run(tmp_path: Path) -> None:
    write_runs(runs({ODE: 0.5}), tmp_path, MLP)
    assert found("B5", tmp_path).verdict is Verdict.NOT_RUN
