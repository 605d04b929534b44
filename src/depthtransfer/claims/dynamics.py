"""How networks learn: their approach to the infinite limit (Figure 5), and what each block contributes (Section 4)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis import approach, distances, jackknife, loss_gaps, mean_curves
from depthtransfer.analysis.measured import Measured, mean, slope_weights
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import LEVEL, Finding, NotRunError, Region, TooLittleError, Verdict, all_of

CNN_DYNAMICS, CNN_UPDATES = "cnn_dynamics", "cnn_updates"
_SCHEME = "mup_sqrt_depth"
_BLOCKS = 20  # of steps, over which the loss of single batches is averaged
_FEWEST_DEPTHS = 3
_MOSTLY_NOISE = 0.7
"""Share of an ensemble's squared distance that the noise of its finitely many networks may make, for either verdict."""
_COINCIDE = Region(high=0.1)
_INVERSE = Region(-1.5, -0.5)
_ONE_BLOCK, _ALL_BLOCKS = Region(-1.25, -0.75), Region(-0.25, 0.25)


def _tables(evidence: Evidence) -> tuple[pd.DataFrame, list[int]]:
    runs = transfer.select(evidence.runs(CNN_DYNAMICS), _SCHEME, CNN_DYNAMICS)
    return runs, sorted(int(seed) for seed in runs["seed"].unique())


def _widest(table: pd.DataFrame) -> int:
    """The largest width at which there are several depths.

    Raises:
        TooLittleError: if there is none.
    """
    depths = table.groupby("width")["depth"].nunique()
    wide = depths.index[depths >= _FEWEST_DEPTHS]
    if not len(wide):
        raise TooLittleError(f"no width has {_FEWEST_DEPTHS} depths", "add depths to the preset")
    return int(wide.max())


def _curves_approach(evidence: Evidence) -> Finding:
    runs, seeds = _tables(evidence)
    steps = evidence.steps(CNN_DYNAMICS)
    smooth = max(1, int(runs["steps"].max()) // _BLOCKS)

    def curves(kept: Sequence[int]) -> pd.DataFrame:
        return mean_curves(runs[runs["seed"].isin(kept)], steps, smooth=smooth)

    width = _widest(curves(seeds))

    def statistic(kept: Sequence[int]) -> float:
        table = curves(kept)
        table = table[table["width"] == width]
        deepest = np.log(table.loc[table["depth"] == table["depth"].max()].sort_values("step")["loss"].to_numpy())
        return float(loss_gaps(table)["gap"].max() / (deepest[0] - deepest[-1]))

    everything = loss_gaps(curves(seeds))
    shown = everything[everything["width"] == width]
    listed = ", ".join(f"{gap:.3f} at depth {depth}" for depth, gap in zip(shown["depth"], shown["gap"], strict=True))
    detail = f"Width {width}; largest gap to depth {shown['deepest'].max()} in log loss: {listed}."
    return _COINCIDE.judge(jackknife(statistic, seeds), detail=detail, missing="More seeds, or greater depths.")


def _error_falls(evidence: Evidence) -> Finding:
    """Judged by what is left of the ensembles' distance without the noise of finitely many initializations."""
    runs, seeds = _tables(evidence)
    probes = evidence.probes(CNN_DYNAMICS)
    probes = probes[probes["step"] == probes["step"].max()]
    everything = distances(runs, probes)
    width = _widest(everything)
    proxy_depth = int(everything["proxy_depth"].iloc[0])
    shown = everything[(everything["width"] == width) & (everything["depth"] < proxy_depth)].sort_values("depth")

    def statistic(kept: Sequence[int]) -> float:
        table = distances(runs[runs["seed"].isin(kept)], probes)
        table = table[(table["width"] == width) & (table["depth"] < proxy_depth)]
        return approach(table["depth"].tolist(), table["bias"].tolist(), proxy_depth)

    power = jackknife(statistic, seeds)
    noise = 1.0 - (shown["bias"] / shown["ensemble"]) ** 2
    worst = float(noise.max())
    listed = ", ".join(f"{d:.3f} at depth {depth}" for depth, d in zip(shown["depth"], shown["bias"], strict=True))
    detail = (
        f"Width {width}; bias of the ensembles to the proxy: {listed}; finite ensembles make at most {worst:.0%} of a "
        f"squared distance."
    )
    finding = _INVERSE.judge(power, detail=detail, missing="More seeds, or larger widths.")
    if not worst <= _MOSTLY_NOISE and finding.verdict is not Verdict.INCONCLUSIVE:
        low, high = power.interval(LEVEL)
        more = f"More seeds, or widths above {width}: a distance is mostly the noise of finitely many initializations."
        return Finding(Verdict.INCONCLUSIVE, power.value, low, high, detail, more)
    return finding


def sizes_of_updates(runs: pd.DataFrame, updates: pd.DataFrame) -> pd.DataFrame:
    """Change after the last probe, per run that did not diverge.

    Returns:
        One row per (width, depth, seed): block (mean over blocks of what one adds) and together (change of what the
        last block gives with all weights but those of blocks put back), root mean squares over a fixed batch.
    """
    last = updates[updates["step"] == updates["step"].max()]
    together = last[last["block"] == -1].set_index("key")["change"]
    block = last[last["block"] > 0].groupby("key")["change"].mean()
    stable = runs[runs["status"] == "ok"].set_index("key")[["width", "depth", "seed"]]
    return stable.join(block.rename("block")).join(together.rename("together")).dropna().reset_index(drop=True)


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
    if not (updates["block"] == -1).any():
        raise NotRunError(
            f"{CNN_UPDATES} does not tell what the blocks did from what stem and transitions did",
            "set probes.together: true in the preset",
        )
    table = sizes_of_updates(runs, updates)
    parts = []
    for quantity, region, words in (("block", _ONE_BLOCK, "One block"), ("together", _ALL_BLOCKS, "All together")):
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
        "A12",
        "Figure 5a",
        "Loss curves of wide networks of different depths coincide early in training.",
        "largest gap in log loss to the deepest network, over the fall of the log loss, at the largest width",
        "at most 1/10",
        "A tenth of what the training itself does is about what can be seen in a plot of the curves.",
        (f"{CNN_DYNAMICS}/runs.parquet", f"{CNN_DYNAMICS}/steps.parquet"),
        _curves_approach,
        "fig5",
    ),
    Claim(
        "A13",
        "Figure 5b",
        "The error of wide networks to the infinite one falls as 1/L; width limits that of narrow ones.",
        "power of L at which the mean logits approach the proxy of the infinite network, at the largest width",
        "between -3/2 and -1/2",
        "Nearer to 1/L than to no dependence or to 1/L^2.",
        (f"{CNN_DYNAMICS}/runs.parquet", f"{CNN_DYNAMICS}/probes.parquet"),
        _error_falls,
        "fig5",
    ),
    Claim(
        "A20",
        "Section 4",
        "One block changes its features by 1/L, all blocks together by an amount that does not depend on L.",
        "slope of log2(change of the features) over log2(depth), by one block and by all blocks, mean over widths",
        "between -5/4 and -3/4 for one block, between -1/4 and 1/4 for all",
        "Half way to the neighbouring powers of the square root of the depth.",
        (f"{CNN_UPDATES}/runs.parquet", f"{CNN_UPDATES}/updates.parquet"),
        _blocks_share_the_work,
    ),
)
