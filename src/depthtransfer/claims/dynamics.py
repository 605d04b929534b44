"""How networks approach the limit of infinite width and depth: Figure 5."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.analysis import distances, loss_gaps, mean_curves
from depthtransfer.analysis.approach import approach
from depthtransfer.analysis.jackknife import jackknife
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim
from depthtransfer.claims.errors import TooLittleError
from depthtransfer.claims.evidence import Evidence
from depthtransfer.claims.verdict import LEVEL, Finding, Region, Verdict

CNN_DYNAMICS = "cnn_dynamics"
_SCHEME = "mup_sqrt_depth"
_BLOCKS = 20  # of steps, over which the loss of single batches is averaged
_FEWEST_DEPTHS = 3
_BOTTLENECK = 0.7
"""Share of a network's distance that its own initialization may make before width is what limits it."""
_COINCIDE = Region(high=0.1)
_INVERSE = Region(-1.5, -0.5)


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
        return approach(table["depth"].tolist(), table["distance"].tolist(), proxy_depth)

    power = jackknife(statistic, seeds)
    share = float(shown["spread"].iloc[-1] / shown["distance"].iloc[-1])
    listed = ", ".join(f"{d:.2f} at depth {depth}" for depth, d in zip(shown["depth"], shown["distance"], strict=True))
    detail = f"Width {width}; distance to the proxy: {listed}; initialization alone makes {share:.0%} of the last."
    finding = _INVERSE.judge(power, detail=detail, missing="More seeds, or larger widths.")
    if share > _BOTTLENECK and finding.verdict is not Verdict.REPRODUCED:
        low, high = power.interval(LEVEL)
        wider = f"Widths above {width}: there the distance is a network's own initialization, which depth cannot mend."
        return Finding(Verdict.INCONCLUSIVE, power.value, low, high, detail, wider)
    return finding


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
        "power of L at which logits approach the proxy of the infinite network, at the largest width",
        "between -3/2 and -1/2",
        "Nearer to 1/L than to no dependence or to 1/L^2.",
        (f"{CNN_DYNAMICS}/runs.parquet", f"{CNN_DYNAMICS}/probes.parquet"),
        _error_falls,
        "fig5",
    ),
)
