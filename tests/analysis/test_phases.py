"""Powers of the depth and the phases they make, on networks whose powers are known."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis.phases import EXPLODES, FROZEN, LEARNS, UNSTABLE, powers, predicted, rows, sizes

PAIRS = [(alpha, gamma) for alpha in (0.0, 0.25, 0.5, 0.75, 1.0) for gamma in (0.0, 0.25, 0.5, 0.75, 1.0)]


def tables(noise: float = 0.01, seeds: int = 3) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Runs, logits and updates of networks as paper B predicts them, with a little noise."""
    rng = np.random.default_rng(0)
    runs, probes, updates = [], [], []
    for alpha, gamma in PAIRS:
        for depth in (8, 32, 128):
            for seed in range(seeds):
                key = f"{alpha}-{gamma}-{depth}-{seed}"
                runs.append({"key": key, "alpha": alpha, "update_exponent": gamma, "depth": depth, "seed": seed})
                size = np.exp(0.2 * depth ** max(1 - 2 * alpha, 0.0)) * np.exp(noise * rng.standard_normal())
                probes += [{"key": key, "step": step, "logit": sign * size} for step in (0, 4) for sign in (-1, 1)]
                change = depth ** (1 - alpha - gamma) * np.exp(noise * rng.standard_normal())
                updates += [{"key": key, "step": 4, "block": block, "change": change} for block in (-1, 0, 1)]
    return tuple(map(pd.DataFrame, (runs, probes, updates)))  # type: ignore[return-value]


def test_the_predicted_phases_are_measured_at_every_pair() -> None:
    table = rows(powers(sizes(*tables())))
    assert len(table) == len(PAIRS)
    assert list(table["phase"]) == list(table["predicted"])
    stable = table[table["alpha"] >= 0.5]
    assert stable["learned"].to_numpy() == pytest.approx(1 - stable["alpha"] - stable["gamma"], abs=0.05)
    assert (table["learned_low"] < table["learned"]).all()


@pytest.mark.parametrize(
    ("alpha", "gamma", "phase"),
    [(0.25, 0.75, EXPLODES), (0.5, 0.5, LEARNS), (1.0, 0.0, LEARNS), (0.5, 0.25, UNSTABLE), (1.0, 0.25, FROZEN)],
)
def test_phases_of_paper_b(alpha: float, gamma: float, phase: str) -> None:
    assert predicted(alpha, gamma) == phase


def test_a_network_that_is_not_finite_is_left_out() -> None:
    runs, probes, updates = tables()
    gone = runs.loc[(runs["alpha"] == 0.0) & (runs["depth"] == 128), "key"]
    updates.loc[updates["key"].isin(gone), "change"] = np.nan
    found = powers(sizes(runs, probes, updates))
    assert all(np.isfinite(pair.learned.value) for pair in found)
