"""Claims on paper B's residual MLP, on tables whose answer is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.synthetic import runs_table

from depthtransfer.claims import CLAIMS, Evidence, Finding, Verdict, judge
from depthtransfer.claims.tp6 import (
    ABS,
    BETA,
    BLOCKS_ONLY,
    DEPTH_MUP,
    MLP,
    NORM,
    NOTHING,
    ODE,
    ONE_LAYER,
    PRE,
    TWO_LAYERS,
)

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


def test_rates_that_are_all_too_large_say_nothing_of_a_network_of_512_blocks(tmp_path: Path) -> None:
    table = runs()
    deepest = (table["scheme"] == NOTHING) & (table["depth"] >= 512)
    table.loc[deepest, ["status", "diverged_step", "loss"]] = ["diverged", 7, np.nan]
    write_runs(table, tmp_path, MLP)
    assert found("B3", tmp_path).verdict is Verdict.INCONCLUSIVE
    table.loc[deepest, "diverged_step"] = 0  # what explodes before the first update explodes at every rate
    write_runs(table, tmp_path, MLP)
    assert found("B3", tmp_path).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("name", "depths", "missing"),
    [
        ("B3", (8, 32, 128), "512 blocks or more"),
        ("B3", (8, 512), "A second depth at which anything is learned"),
        ("B1", (8, 16, 64), "no two depths of 64 blocks"),
    ],
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


def flat(level: float = 1.0, slope: float = 0.0, gain: float = 0.05, **changes: Any) -> pd.DataFrame:
    """Depth-muP runs of one experiment: a slope of the optimum, a gain of loss a doubling, a factor on all losses."""
    table = runs({DEPTH_MUP: slope}, **changes)
    table["loss"] *= level * (1 - gain * np.log2(table["depth"] / 8)) / (1 - 0.05 * np.log2(table["depth"] / 8))
    return table


@pytest.mark.parametrize(
    ("name", "experiment", "good", "bad"),
    [
        ("B6", ABS, {"level": 0.8}, ({"level": 1.25}, {"level": 0.8, "slope": 0.6})),
        ("B7", PRE, {"level": 1.5, "gain": 0.0}, ({"level": 1.5, "gain": 0.1}, {"level": 0.5, "gain": 0.0})),
        ("B12", NORM, {}, ({"slope": -0.5},)),
    ],
)
def test_one_kind_of_network_against_another(
    name: str, experiment: str, good: dict[str, Any], bad: tuple[dict[str, Any], ...], tmp_path: Path
) -> None:
    write_runs(flat(), tmp_path, MLP)
    write_runs(flat(**good), tmp_path, experiment)
    assert found(name, tmp_path).verdict is Verdict.REPRODUCED
    for changes in bad:
        write_runs(flat(**changes), tmp_path, experiment)
        assert found(name, tmp_path).verdict is Verdict.NOT_REPRODUCED


def test_the_constant_of_the_branches(tmp_path: Path) -> None:
    for slope, verdict in ((0.0, Verdict.REPRODUCED), (-0.5, Verdict.NOT_REPRODUCED)):
        table = runs({DEPTH_MUP: slope}).rename(columns={"learning_rate": "beta"})
        write_runs(table, tmp_path, BETA)
        assert found("B4", tmp_path).verdict is verdict


BETAS = (0.125, 0.25, 0.5, 1.0)


def of_layers(level: float = 1.0, drift: float = 0.5, ridges: tuple[float, float] = (-0.5, -1.0)) -> pd.DataFrame:
    """Four constants at depths 4 and 64; the optimum drifts and falls with the constant, at each depth by its ridge."""

    def best(variant: str, width: int, depth: int) -> float:
        beta = np.log2(float(variant.removeprefix("beta ")))
        return -3.0 + drift * np.log2(depth / 4) + ridges[depth == 64] * beta

    names = tuple(f"beta {value:g}" for value in BETAS)
    table = runs_table(
        best, schemes=names, widths=(64,), depths=(4, 64), seeds=(0, 1, 2), noise=0.003, grid=tuple(range(-11, 5))
    )
    table["beta"] = [float(name.removeprefix("beta ")) for name in table["scheme"]]
    table["loss"] *= level
    return table


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({"level": 1.3}, (Verdict.REPRODUCED, Verdict.REPRODUCED, Verdict.REPRODUCED)),
        (
            {"level": 0.7, "drift": 0.0, "ridges": (0.0, 0.0)},
            (Verdict.NOT_REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.NOT_REPRODUCED),
        ),
        (
            {"level": 1.3, "drift": 0.0, "ridges": (-1.0, -1.0)},
            (Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.NOT_REPRODUCED),
        ),
    ],
)
def test_blocks_of_two_layers(changes: dict[str, Any], verdicts: tuple[Verdict, ...], tmp_path: Path) -> None:
    for one, two in zip(ONE_LAYER, TWO_LAYERS, strict=True):
        write_runs(of_layers().assign(depth=lambda table: 2 * table["depth"]), tmp_path, one)
        write_runs(of_layers(**changes), tmp_path, two)
    assert tuple(found(name, tmp_path).verdict for name in ("B8", "B8-shift", "B8-ridge")) == verdicts
