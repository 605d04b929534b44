"""Hyperparameters besides the learning rate: Figure 4."""

from functools import partial

from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim
from depthtransfer.claims.evidence import Evidence
from depthtransfer.claims.verdict import Finding

_NAMES = {
    "momentum": ("momentum", "momentum, as 1/(1 - momentum),", "Figure 4a"),
    "gamma0": ("feature-learning strength gamma_0", "gamma_0", "Figure 4b"),
    "weight_decay": ("weight decay", "weight decay", "Section 3 (regularization)"),
}


def _stays(hyperparameter: str, evidence: Evidence) -> Finding:
    experiment = f"cnn_{hyperparameter}"
    runs = transfer.select(evidence.runs(experiment), "mup_sqrt_depth", experiment)
    return transfer.judge_slope(runs, "depth", transfer.DEPTH_STAYS, hyperparameter)


CLAIMS = tuple(
    Claim(
        f"A10-{hyperparameter.replace('_', '-')}",
        place,
        f"With muP and branches scaled by 1/sqrt(L), the best {name} of the CNN is the same at every depth.",
        f"slope of log2 of the best {quantity} over log2(depth), mean over widths",
        "between -1/4 and 1/4",
        transfer.WHY_A_QUARTER,
        (f"cnn_{hyperparameter}/runs.parquet",),
        partial(_stays, hyperparameter),
        "fig4",
    )
    for hyperparameter, (name, quantity, place) in _NAMES.items()
)
