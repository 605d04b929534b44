"""Claims on paper B's transformers, on tables whose answer is known at each moment of training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.synthetic import runs_table

from depthtransfer.claims import CLAIMS, Evidence, Finding, Verdict, judge
from depthtransfer.claims.tp6_gpt import GPT, MULTIPLIER
from depthtransfer.tables.columns import STEPS

from .tables import write, write_runs

CLAIM = {claim.id: claim for claim in CLAIMS}
MOMENTS = {150: "early", 300: "middle", 600: "end"}
"""Steps at which windows end, of 600."""
SLOPES = {"early": 0.0, "middle": 0.0, "end": -0.5}
PAYS = {"early": 0.04, "middle": 0.0, "end": -0.04}
"""Slope of the optimum, and change of the log of the loss when the depth doubles, as paper B has them."""


def table(slope: float, pays: float, **changes: Any) -> pd.DataFrame:
    given: dict[str, Any] = {"schemes": ("x",), "widths": (32,), "depths": (4, 16, 64), "seeds": (0, 1, 2)} | changes
    found = runs_table(
        lambda scheme, width, depth: -3.0 + slope * np.log2(depth / 8), noise=0.003, grid=tuple(range(-8, 3)), **given
    )
    found["loss"] /= found.groupby(["scheme", "depth", "seed"])["loss"].transform("min")  # seeds differ in no level
    found["loss"] *= 1 + 0.002 * np.random.default_rng(1).standard_normal(len(found))
    found["loss"] *= np.exp(pays * np.log2(found["depth"] / 4))
    return found


def write_gpt(folder: Path, slopes: dict[str, float] = SLOPES, pays: dict[str, float] = PAYS) -> None:
    at = {step: table(slopes[name], pays[name]) for step, name in MOMENTS.items()}
    runs = write_runs(at[600].assign(schedule="cosine"), folder, GPT)
    parts = [
        pd.DataFrame({"key": runs["key"], "step": step - 1, "loss": losses["loss"], "accuracy": 0.5})
        for step, losses in at.items()
    ]
    steps = pd.concat(parts).assign(epoch=0.0, learning_rate=0.1)
    write(steps, folder / GPT / "steps.parquet", STEPS)


def found(name: str, folder: Path) -> Finding:
    return judge(CLAIM[name], Evidence(folder))


@pytest.mark.parametrize("name", ["B13", "B13-loss"])
def test_what_the_paper_says_is_reproduced(name: str, tmp_path: Path) -> None:
    write_gpt(tmp_path)
    assert found(name, tmp_path).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("change", [{"middle": -0.5}, {"end": 0.0}, {"end": -1.0}, {"middle": 0.5}])
def test_an_optimum_that_moves_otherwise_is_not_reproduced(change: dict[str, float], tmp_path: Path) -> None:
    write_gpt(tmp_path, slopes=SLOPES | change)
    assert found("B13", tmp_path).verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("change", [{"early": -0.04}, {"end": 0.04}])
def test_depth_that_pays_too_early_or_never_is_not_reproduced(change: dict[str, float], tmp_path: Path) -> None:
    write_gpt(tmp_path, pays=PAYS | change)
    assert found("B13-loss", tmp_path).verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize(("factor", "expected"), [(1.01, Verdict.REPRODUCED), (1.2, Verdict.NOT_REPRODUCED)])
def test_constants_are_told_by_the_loss_at_the_best_rate_of_each(
    factor: float, expected: Verdict, tmp_path: Path
) -> None:
    """Where the optima lie does not matter."""
    names = {"beta 0.25": 0.25, "beta 1": 1.0, "beta 4": 4.0}
    parts = [
        table(0.0, 0.0, schemes=(name,)).assign(beta=beta, variant=name).assign(
            loss=lambda part, beta=beta: part["loss"] * (factor if beta == 4.0 else 1.0),
            learning_rate=lambda part, beta=beta: part["learning_rate"] * beta**-0.5,
        )
        for name, beta in names.items()
    ]  # fmt: skip
    write_runs(pd.concat(parts, ignore_index=True), tmp_path, MULTIPLIER)
    assert found("B13-multiplier", tmp_path).verdict is expected


def test_without_runs_nothing_is_said(tmp_path: Path) -> None:
    assert {found(name, tmp_path).verdict for name in ("B13", "B13-loss", "B13-multiplier")} == {Verdict.NOT_RUN}
