"""The linear network of paper B: its features against the recursion of infinite width and the limit of depth."""

import numpy as np

from depthtransfer.analysis.measured import Measured, slope_weights, weighted_sum
from depthtransfer.analysis.recursion import distances
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, NotRunError, Region, all_of

_WIDTH_RATE, _DEPTH_RATE = Region(-0.75, -0.25), Region(-1.25, -0.75)


def _features(evidence: Evidence) -> Finding:
    table = evidence.theory("linear")
    rows = table[(table["part"] == "features") & (table["quantity"] == "H")]
    if rows.empty:
        raise NotRunError("the study of linear networks has no features", "make the table again")
    found = []
    for over, region, missing in (("width", _WIDTH_RATE, "More seeds or widths."), ("depth", _DEPTH_RATE, "")):
        away = distances(rows, over)
        logs = [
            Measured(float(np.log2(row["distance"])), float(row["standard_error"] / row["distance"] / np.log(2.0)))
            for _, row in away.iterrows()
        ]
        slope = weighted_sum(logs, slope_weights(away[over].tolist()))
        last = away.iloc[-1]
        detail = f"Slope over {over} {slope.value:+.2f}; at {over} {last[over]:.0f} off by {last['distance']:.1%}."
        found.append(region.judge(slope, detail=detail, missing=missing))
    return all_of(*found)


CLAIMS = (
    Claim(
        "B10",
        "Tensor Programs VI, Figures 8 and 9",
        "While a linear network trains, the size of its features in every layer approaches the recursion of infinite "
        "width like N^(-1/2), and that its limit of infinite depth like 1/L.",
        "slope of log2(relative distance of <h^2>, root mean square over layers and updates) over log2(width), of "
        "single networks, and over log2(depth), of infinite width",
        "between -3/4 and -1/4 over width; between -5/4 and -3/4 over depth",
        "Half way to the neighbouring half-integer powers.",
        ("theory/linear.parquet",),
        _features,
        "tp6_fig8",
    ),
)
