"""Feature diversity: by which power of their distance in layer time two residual streams differ (paper B, section 4).

With ``d(epsilon)`` the root mean square of ``x^(l + epsilon L) - x^l``, streams that add up independent parts have the
power 1/2, and those that change smoothly with the layer have the power 1.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import slope_weights

LARGEST = 1 / 16
"""The largest distance in layer time that a power is fitted to; paper B looks up to 0.06."""


def distances(runs: pd.DataFrame, streams: pd.DataFrame) -> pd.DataFrame:
    """Distances of the widest networks, one row per run, step and number of blocks.

    Args:
        runs: see RUNS in ``tables/columns.py``.
        streams: see STREAMS there.

    Returns:
        variant, depth, seed, step, epsilon and distance, without those beyond ``LARGEST`` and those not finite.
    """
    widest = runs[runs["width"] == runs["width"].max()].set_index("key")[["variant", "depth", "seed"]]
    table = streams.join(widest, on="key", how="inner")
    table = table.assign(epsilon=table["blocks"] / table["depth"])
    chosen = table[(table["epsilon"] <= LARGEST) & (table["distance"] > 0)]
    columns = ["variant", "depth", "seed", "step", "epsilon", "distance"]
    return pd.DataFrame(chosen[columns]).reset_index(drop=True)


def exponent(table: pd.DataFrame, kept: Sequence[int]) -> float:
    """Power of epsilon in the distance, of one variant, depth and step, from these seeds' mean of log2.

    NaN with fewer than two distances.
    """
    own = table[table["seed"].isin(kept)]
    means = np.log2(own["distance"]).groupby(own["epsilon"]).mean()
    if len(means) < 2:
        return float("nan")
    return float(np.dot(slope_weights(means.index.tolist()), means.to_numpy()))
