"""Powers of the depth, measured: how large the function starts, and how much of it all blocks learn together.

Paper B (section 4) sorts the pairs (alpha, gamma) by these two: before training the stream explodes for alpha < 1/2;
in training all blocks together move it by L^(1 - alpha - gamma).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import Measured, jackknife, slope_weights

EXPLODES, UNSTABLE, LEARNS, FROZEN = "explodes before training", "unstable in training", "learns", "frozen"
PHASES = (EXPLODES, UNSTABLE, LEARNS, FROZEN)
_BOUNDARY = 0.125
"""Powers of the depth between the phases: half of the distance to the next pair on a grid of quarters."""


@dataclass(frozen=True)
class Powers:
    """One pair.

    Attributes:
        alpha: depth exponent of the branches.
        gamma: depth exponent of the updates.
        start: power of the depth in the function before training.
        learned: power of the depth in what all blocks together have changed in the last stream.
    """

    alpha: float
    gamma: float
    start: Measured
    learned: Measured

    @property
    def phase(self) -> str:
        """What the two powers say; a stream that explodes is not asked what it learns."""
        if self.start.value > 2 * _BOUNDARY:
            return EXPLODES
        if abs(self.learned.value) <= _BOUNDARY:
            return LEARNS
        return UNSTABLE if self.learned.value > 0 else FROZEN


def predicted(alpha: float, gamma: float) -> str:
    """The phase of a pair according to paper B."""
    if alpha < 0.5:
        return EXPLODES
    excess = alpha + gamma - 1
    return LEARNS if abs(excess) < 1e-9 else UNSTABLE if excess < 0 else FROZEN


def sizes(runs: pd.DataFrame, probes: pd.DataFrame, updates: pd.DataFrame) -> pd.DataFrame:
    """Two numbers of every network, one row each.

    Args:
        runs: of one width, with ``alpha`` and ``update_exponent``.
        probes: their logits, those before training among them.
        updates: their blocks' updates, those of all blocks together (block -1) among them.

    Returns:
        alpha, update_exponent, depth, seed; start: root mean square of the logits before training; learned: how far
        all blocks together have moved the last stream. NaN where a number is not finite.
    """
    first = probes[probes["step"] == 0]
    start = first.groupby("key")["logit"].apply(lambda logits: float(np.sqrt(np.mean(np.square(logits)))))
    last = updates[(updates["step"] == updates["step"].max()) & (updates["block"] == -1)]
    table = runs.set_index("key")[["alpha", "update_exponent", "depth", "seed"]]
    return table.join(start.rename("start")).join(last.set_index("key")["change"].rename("learned"))


def power(table: pd.DataFrame, quantity: str, kept: Sequence[int]) -> float:
    """Slope of the mean over these seeds of log2 of a quantity over log2 of the depth, for networks of one pair."""
    chosen = table[table["seed"].isin(kept) & (table[quantity] > 0)]
    means = np.log2(chosen[quantity]).groupby(chosen["depth"]).mean()
    return float(np.dot(slope_weights(means.index.tolist()), means.to_numpy()))


def powers(table: pd.DataFrame) -> list[Powers]:
    """Both powers of every pair in a table made by ``sizes``, by leaving out one seed at a time."""
    seeds = sorted({int(seed) for seed in table["seed"]})
    return [
        Powers(
            float(group["alpha"].iloc[0]),
            float(group["update_exponent"].iloc[0]),
            *(jackknife(partial(power, group, quantity), seeds) for quantity in ("start", "learned")),
        )
        for _, group in table.groupby(["alpha", "update_exponent"], sort=True)
    ]


def rows(found: Sequence[Powers], level: float = 0.95) -> pd.DataFrame:
    """One row a pair: alpha, gamma, start and learned with their intervals, phase and predicted phase."""
    table: list[Mapping[str, object]] = []
    for pair in found:
        both = {"start": pair.start, "learned": pair.learned}
        numbers = {name: measured.value for name, measured in both.items()}
        for name, measured in both.items():
            numbers[f"{name}_low"], numbers[f"{name}_high"] = measured.interval(level)
        table.append(
            {"alpha": pair.alpha, "gamma": pair.gamma, **numbers, "phase": pair.phase,
             "predicted": predicted(pair.alpha, pair.gamma)}
        )  # fmt: skip
    return pd.DataFrame(table)
