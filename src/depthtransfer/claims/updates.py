"""How far blocks move the features of a network as it learns: Section 4 of paper A."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis.jackknife import jackknife
from depthtransfer.analysis.measured import Measured, mean, slope_weights
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim
from depthtransfer.claims.errors import NotRunError
from depthtransfer.claims.evidence import Evidence
from depthtransfer.claims.verdict import LEVEL, Finding, Region, all_of

CNN_UPDATES = "cnn_updates"
_SCHEME = "mup_sqrt_depth"
_ONE_BLOCK, _ALL_BLOCKS = Region(-1.25, -0.75), Region(-0.25, 0.25)


def sizes_of_updates(runs: pd.DataFrame, updates: pd.DataFrame) -> pd.DataFrame:
    """Change after the last probe, per run that did not diverge.

    Returns:
        One row per (width, depth, seed): block (mean over blocks of what one adds) and whole (change of what the last
        block gives), root mean squares over a fixed batch.
    """
    last = updates[updates["step"] == updates["step"].max()]
    whole = last[last["block"] == 0].set_index("key")["change"]
    block = last[last["block"] > 0].groupby("key")["change"].mean()
    stable = runs[runs["status"] == "ok"].set_index("key")[["width", "depth", "seed"]]
    return stable.join(block.rename("block")).join(whole.rename("whole")).dropna().reset_index(drop=True)


def _slopes(table: pd.DataFrame, quantity: str) -> list[Measured]:
    """Slope of log2 of the mean over seeds against log2 depth, for each width, by leaving out one seed at a time."""
    found = []
    for _, group in table.groupby("width", sort=True):
        seeds = sorted(int(seed) for seed in group["seed"].unique())

        def slope(kept: Sequence[int], group: pd.DataFrame = group) -> float:
            means = group[group["seed"].isin(kept)].groupby("depth", sort=True)[quantity].mean()
            return float(np.dot(slope_weights(means.index.tolist()), np.log2(means.to_numpy())))

        if group["depth"].nunique() > 1:
            found.append(jackknife(slope, seeds))
    return found


def _blocks_share_the_work(evidence: Evidence) -> Finding:
    runs = transfer.select(evidence.runs(CNN_UPDATES), _SCHEME, CNN_UPDATES)
    updates = evidence.updates(CNN_UPDATES)
    if updates.empty:
        raise NotRunError(f"{CNN_UPDATES} has no probes of blocks", "set probes.blocks: true in the preset")
    table = sizes_of_updates(runs, updates)
    parts = []
    for quantity, region, words in (("block", _ONE_BLOCK, "One block"), ("whole", _ALL_BLOCKS, "All together")):
        slopes = _slopes(table, quantity)
        if not slopes:
            raise transfer.too_little("depth")
        measured = mean(slopes)
        low, high = measured.interval(LEVEL)
        detail = f"{words}: power {measured.value:+.2f} ({low:+.2f} to {high:+.2f}) of the depth."
        parts.append(region.judge(measured, detail=detail, missing="More seeds, or a wider range of depths."))
    return all_of(*parts)


CLAIMS = (
    Claim(
        "A20",
        "Section 4",
        "One block changes its features by 1/L, all blocks together by an amount that does not depend on L.",
        "slope of log2(change of the features) over log2(depth), by one block and by all, mean over widths",
        "between -5/4 and -3/4 for one block, between -1/4 and 1/4 for all",
        "Half way to the neighbouring powers of the square root of the depth.",
        (f"{CNN_UPDATES}/runs.parquet", f"{CNN_UPDATES}/updates.parquet"),
        _blocks_share_the_work,
    ),
)
