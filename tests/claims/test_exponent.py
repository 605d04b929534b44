"""Claims on the branches' exponent, on tables whose answer is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analysis.synthetic import runs_table

from depthtransfer.claims import CLAIMS, Evidence, Verdict, judge
from depthtransfer.claims.exponent import CNN, MLP, MLP_TWO, RESNET, ROOT, WHOLE
from depthtransfer.tables.columns import STEPS

from .tables import write, write_runs

CLAIM = {claim.id: claim for claim in CLAIMS}
NETWORKS = {CNN: 1, MLP: 1, RESNET: 2, MLP_TWO: 2}
Slopes = dict[tuple[int, str], float]
SPECTRAL: Slopes = {(1, ROOT): 0.0, (1, WHOLE): 0.5, (2, ROOT): -0.5, (2, WHOLE): 0.0}
"""Slope of the optimum by layers a block and exponent, as the spectral condition has it."""


def write_all(
    folder: Path, slopes: Slopes, *, worse: float = 0.2, better: float = -0.2, early: float | None = None
) -> None:
    """Runs of all experiments.

    Args:
        folder: where.
        slopes: of the optimum.
        worse, better: log of the loss with 1/L less that with 1/sqrt(L), of one layer and of two.
        early: slope of SGD's optimum with 1/sqrt(L) after a tenth of the steps; as at the end if None.
    """
    for network, layers in NETWORKS.items():
        for optimizer in ("sgd", "adam"):
            end = _table(slopes, layers, worse if layers == 1 else better)
            name = f"{network}_{optimizer}"
            runs = write_runs(end, folder, name)
            soon = _table(slopes | ({} if early is None else {(1, ROOT): early}), layers, 0.0)
            parts = [
                pd.DataFrame({"key": runs["key"], "step": step, "loss": losses["loss"], "accuracy": 0.5})
                for step, losses in ((59, soon), (599, end))
            ]
            steps = pd.concat(parts).assign(epoch=0.0, learning_rate=0.1)
            write(steps, folder / name / "steps.parquet", STEPS)


def _table(slopes: Slopes, layers: int, apart: float) -> pd.DataFrame:
    table = runs_table(
        lambda scheme, width, depth: -3.0 + slopes[layers, scheme] * np.log2(depth / 8),
        schemes=(ROOT, WHOLE), widths=(64,), depths=(8, 32, 128), seeds=(0, 1, 2), noise=0.003, grid=range(-8, 3),
    )  # fmt: skip
    table["loss"] /= table.groupby(["scheme", "depth", "seed"])["loss"].transform("min")  # seeds differ in no level
    table["loss"] *= 1 + 0.002 * np.random.default_rng(1).standard_normal(len(table))
    table["loss"] *= np.exp(apart * (table["scheme"] == WHOLE))
    return table.assign(window=50)


def verdicts(folder: Path) -> dict[str, Verdict]:
    return {name: judge(CLAIM[name], Evidence(folder)).verdict for name in ("C1", "C2", "C3", "C4")}


YES, NO = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED


@pytest.mark.parametrize(
    ("slopes", "changes", "expected"),
    [
        (SPECTRAL, {}, {"C1": YES, "C2": YES, "C3": YES, "C4": NO}),
        (SPECTRAL | {(1, WHOLE): 0.0}, {}, {"C1": NO, "C2": YES, "C3": NO, "C4": NO}),
        (SPECTRAL | {(2, WHOLE): 0.5, (2, ROOT): 0.0}, {}, {"C1": YES, "C2": NO, "C3": NO, "C4": NO}),
        (SPECTRAL, {"worse": -0.2, "better": 0.2}, {"C1": NO, "C2": NO, "C3": YES, "C4": NO}),
        (SPECTRAL | {(1, ROOT): -0.5}, {}, {"C3": NO, "C4": YES}),
        (SPECTRAL, {"early": -0.5}, {"C4": NO}),
    ],
)
def test_every_answer_is_told_from_the_others(
    slopes: Slopes, changes: dict[str, float], expected: dict[str, Verdict], tmp_path: Path
) -> None:
    write_all(tmp_path, slopes, **changes)
    found = verdicts(tmp_path)
    assert {name: found[name] for name in expected} == expected


def test_the_detail_tells_short_training_from_long(tmp_path: Path) -> None:
    write_all(tmp_path, SPECTRAL, early=-0.5)
    detail = judge(CLAIM["C4"], Evidence(tmp_path)).detail
    assert "exponent_mlp_sgd, alpha 0.5, after 10% of the steps: slope -0.5" in detail
    assert "exponent_mlp_sgd, alpha 0.5, at the end: slope " in detail


def test_without_runs_nothing_is_said(tmp_path: Path) -> None:
    assert set(verdicts(tmp_path).values()) == {Verdict.NOT_RUN}
