"""Vision transformers with Adam: Figure 3, Figure B.3."""

from functools import partial

from depthtransfer.analysis import estimates, optima, stopped
from depthtransfer.analysis.measured import mean, weighted_sum
from depthtransfer.analysis.movement import measured_optima
from depthtransfer.analysis.ordering import difference
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, Region, TooLittleError, all_of

VIT, NO_NORM, COSINE = "vit_learning_rate", "vit_no_norm_learning_rate", "vit_cosine_learning_rate"
DRIFT = "vit_drift"
_SCALED = "mup_sqrt_depth"
_EARLY = 1 / 3
_SAME = Region(-0.74, 0.74)
_DRIFTS, _FALLS = Region(low=0.0), Region(high=0.0)


def _stays(experiments: tuple[str, ...], evidence: Evidence) -> Finding:
    return all_of(
        *(
            transfer.judge_slope(
                transfer.select(evidence.optima(experiment), _SCALED, experiment), "depth", transfer.DEPTH_STAYS
            )
            for experiment in experiments
        )
    )


def _early_tuning(evidence: Evidence) -> Finding:
    runs = transfer.select(evidence.runs(VIT), _SCALED, VIT)
    early = stopped(runs, evidence.steps(VIT), _EARLY)
    found = [optima(estimates(early)), transfer.select(evidence.optima(VIT), _SCALED, VIT)]
    both = [dict(zip(zip(t["width"], t["depth"], strict=True), measured_optima(t), strict=True)) for t in found]
    differences = [difference(both[0][size], both[1][size]) for size in both[1] if size in both[0]]
    if not differences:
        raise TooLittleError("there are no runs to compare", "add the experiment to the preset")
    detail = f"{len(differences)} sizes, after {int(early['steps'].max())} of {int(runs['steps'].max())} steps."
    return _SAME.judge(mean(differences), detail=detail, missing="More seeds, or a finer grid.")


def _drift_falls(evidence: Evidence) -> Finding:
    """Both parts: the shortest training drifts at all, and the longest by less."""
    optima = transfer.select(evidence.optima(DRIFT), _SCALED, DRIFT)
    lengths = transfer.equally_long(optima)
    if len(lengths) < 2:
        raise TooLittleError(f"{DRIFT} has a single length of training", "add a longer one")
    slopes = [mean(transfer.slopes([table], "depth")) for table in lengths]
    steps = [int(table["steps"].iloc[0]) for table in lengths]
    said = ", ".join(f"{slope.value:+.2f} after {count} steps" for slope, count in zip(slopes, steps, strict=True))
    missing = "More seeds, or a wider range of depths or lengths."
    return all_of(
        _DRIFTS.judge(slopes[0], detail=f"Slopes: {said}.", missing=missing),
        _FALLS.judge(weighted_sum([slopes[-1], slopes[0]], [1.0, -1.0]), missing=missing),
    )


CLAIMS = (
    Claim(
        "A8",
        "Figure 3a, b",
        "In vision transformers trained with Adam, scaled by 1/sqrt(L), the best learning rate is the same at every "
        "depth, with LayerNorm and without.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "between -1/4 and 1/4, with and without normalization",
        transfer.WHY_A_QUARTER,
        (f"{VIT}/optima.parquet", f"{NO_NORM}/optima.parquet"),
        partial(_stays, (VIT, NO_NORM)),
        "fig3",
    ),
    Claim(
        "A9",
        "Figure 3d",
        "With warm-up and a cosine schedule the best learning rate of the vision transformer still stays over depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "between -1/4 and 1/4",
        transfer.WHY_A_QUARTER,
        (f"{COSINE}/optima.parquet",),
        partial(_stays, (COSINE,)),
        "fig3",
    ),
    Claim(
        "A11",
        "Appendix B.2, Figure B.3",
        "The learning rate that is best after a third of the training is best at its end.",
        "log2 of the optimum after a third of the steps less that at the end, mean over sizes",
        "between -0.74 and 0.74",
        "One step of the paper's grid of learning rates for Adam, ten values over two decades.",
        (f"{VIT}/optima.parquet", f"{VIT}/runs.parquet", f"{VIT}/steps.parquet"),
        _early_tuning,
        "figB3",
    ),
    Claim(
        "C5",
        "Beyond the papers",
        "In vision transformers with LayerNorm and 1/sqrt(L) the best learning rate of short training drifts to the "
        "right with depth, and that drift falls with the length of training.",
        "slope of log2(optimum) over log2(depth) after the shortest training; and that after the longest less it",
        "above 0; below 0",
        "What drifting and falling mean.",
        (f"{DRIFT}/optima.parquet",),
        _drift_falls,
        "drift",
    ),
)
