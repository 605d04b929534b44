"""The residual CNN: learning rate (Figures 1, B.1), depth exponents (M.1), other hyperparameters (4)."""

from functools import partial

from depthtransfer.analysis.ordering import along
from depthtransfer.analysis.summary import losses_of
from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, Region, all_of

_OTHERS = {
    "momentum": ("momentum", "momentum, as 1/(1 - momentum),", "Figure 4a"),
    "gamma0": ("feature-learning strength gamma_0", "gamma_0", "Figure 4b"),
    "weight_decay": ("weight decay", "weight decay", "Section 3 (regularization)"),
}
CNN, CNN_SP, ALPHA = "cnn_learning_rate", "cnn_learning_rate_sp", "cnn_alpha"


def _slope(experiment: str, scheme: str, over: str, region: Region, evidence: Evidence) -> Finding:
    return transfer.judge_slope(transfer.select(evidence.optima(experiment), scheme, experiment), over, region)


def _loss_improves(evidence: Evidence) -> Finding:
    optima = transfer.select(evidence.optima(CNN), "mup_sqrt_depth", CNN)
    compared = [losses_of(some) for some in transfer.equally_long(optima)]
    falls = Region(high=0.0)
    return all_of(
        *(
            transfer.per_doubling([group for losses in compared for group in along(losses, over).values()], over, falls)
            for over in ("depth", "width")
        )
    )


CLAIMS = (
    Claim(
        "A1",
        "Figure 1b",
        "With muP and branches scaled by 1/sqrt(L), the best learning rate of the CNN is the same at every depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "between -1/4 and 1/4",
        transfer.WHY_A_QUARTER,
        (f"{CNN}/optima.parquet",),
        partial(_slope, CNN, "mup_sqrt_depth", "depth", transfer.DEPTH_STAYS),
        "fig1",
    ),
    Claim(
        "A2",
        "Figure 1a",
        "With muP and unscaled branches, the best learning rate of the CNN falls with depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "below -1/4",
        transfer.WHY_A_QUARTER,
        (f"{CNN}/optima.parquet",),
        partial(_slope, CNN, "mup", "depth", transfer.DEPTH_FALLS),
        "fig1",
    ),
    Claim(
        "A3",
        "Figure B.1",
        "In the standard parametrization, the best learning rate of the CNN falls with depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "below -1/4",
        transfer.WHY_A_QUARTER,
        (f"{CNN_SP}/optima.parquet",),
        partial(_slope, CNN_SP, "sp", "depth", transfer.DEPTH_FALLS),
        "figB1",
    ),
    Claim(
        "A3-width",
        "Figure B.1",
        "In the standard parametrization, the best learning rate of the CNN also moves with width.",
        transfer.SLOPE.format(axis="width", other="depth"),
        "below -1/2",
        transfer.WHY_A_HALF,
        (f"{CNN_SP}/optima.parquet",),
        partial(_slope, CNN_SP, "sp", "width", transfer.WIDTH_FALLS),
        "figB1",
    ),
    Claim(
        "A4",
        "Figure 1b",
        "With muP and branches scaled by 1/sqrt(L), the best learning rate of the CNN is the same at every width.",
        transfer.SLOPE.format(axis="width", other="depth"),
        "between -1/2 and 1/2",
        transfer.WHY_A_HALF,
        (f"{CNN}/optima.parquet",),
        partial(_slope, CNN, "mup_sqrt_depth", "width", transfer.WIDTH_STAYS),
        "fig1",
    ),
    Claim(
        "A5",
        "Figure 1b",
        "With muP and branches scaled by 1/sqrt(L), deeper and wider CNNs reach lower training loss, each at its "
        "best learning rate.",
        "change of the log of the best loss when depth, or width, doubles",
        "below 0, for depth and for width",
        "The sign is the claim; the interval decides whether it is known.",
        (f"{CNN}/optima.parquet",),
        _loss_improves,
        "fig1",
    ),
    Claim(
        "A19",
        "Appendix M, Figure M.1",
        "Branches scaled by 1/L, with learning rates scaled to match, also keep the best learning rate over depth.",
        transfer.SLOPE.format(axis="depth", other="width"),
        "between -1/4 and 1/4",
        transfer.WHY_A_QUARTER,
        (f"{ALPHA}/optima.parquet",),
        partial(_slope, ALPHA, "alpha 1", "depth", transfer.DEPTH_STAYS),
        "figM1",
    ),
    *(
        Claim(
            f"A10-{hyperparameter.replace('_', '-')}",
            place,
            f"With muP and branches scaled by 1/sqrt(L), the best {name} of the CNN is the same at every depth.",
            f"slope of log2 of the best {quantity} over log2(depth), mean over widths",
            "between -1/4 and 1/4",
            transfer.WHY_A_QUARTER,
            (f"cnn_{hyperparameter}/optima.parquet",),
            partial(_slope, f"cnn_{hyperparameter}", "mup_sqrt_depth", "depth", transfer.DEPTH_STAYS),
            "fig4",
        )
        for hyperparameter, (name, quantity, place) in _OTHERS.items()
    ),
)
