"""Does the table behind Figure 1 say what the paper says? Prints one line a finding, exits 1 if one fails.

With muP alone the optimum of the learning rate moves left by at least two factors of two from the shallowest
to the deepest network, and depth lowers the largest learning rate that can be trained with; with branches
scaled by 1/sqrt(depth) it stays within one factor of two (arXiv 2309.16620, Figure 1).

usage: python .ci/check_claim.py results/smoke/cnn_learning_rate
"""

import csv
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

Row = dict[str, str]
FACTORS_OF_TWO = 2.0
STAYS = 1.0


@dataclass(frozen=True)
class Finding:
    """One sentence and whether the table bears it out."""

    text: str
    holds: bool

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}: {self.text}"


def drifts(row: Row) -> Finding:
    """MuP: the whole interval of the shift over depth lies at or below minus two factors of two."""
    high = float(row["shift_high"])
    sense = {"at_most": "at most ", "at_least": "at least "}.get(row["shift_bound"], "")
    text = (
        f"mup, width {row['width']}: from depth {row['smallest']} to {row['largest']} "
        f"log2 of the optimum moves by {sense}{float(row['shift']):.2f} "
        f"(interval {float(row['shift_low']):.2f} to {high:.2f}, needed: at most {-FACTORS_OF_TWO:g})"
    )
    return Finding(text, high <= -FACTORS_OF_TWO)


def diverges_with_depth(width: str, optima: list[Row]) -> Finding:
    """MuP: the smallest learning rate that diverges never rises with depth, and falls from end to end."""
    ordered = sorted(optima, key=lambda row: int(row["depth"]))
    limits = [float(row["smallest_diverged"] or "inf") for row in ordered]
    text = f"mup, width {width}: log2 of the smallest diverging value over depth is " + ", ".join(
        f"{limit:g} ({row['depth']})" for limit, row in zip(limits, ordered, strict=True)
    )
    falls = all(deeper <= shallower for shallower, deeper in pairwise(limits))
    return Finding(text, falls and limits[-1] < limits[0])


def stays(row: Row, optima: list[Row]) -> Finding:
    """MuP with 1/sqrt(depth): no depth has its optimum further than a factor of two from the shallowest's."""
    ordered = sorted(optima, key=lambda row: int(row["depth"]))
    places = [float(optimum["log2_optimum"] or "nan") for optimum in ordered]
    furthest = max((place - places[0] for place in places), key=abs)
    text = (
        f"mup_sqrt_depth, width {row['width']}: over depths {row['smallest']} to {row['largest']} "
        f"log2 of the optimum stays within {abs(furthest):.2f} (end to end {float(row['shift']):+.2f}, "
        f"interval {float(row['shift_low']):+.2f} to {float(row['shift_high']):+.2f}, needed: {STAYS:g})"
    )
    every = all(abs(place - places[0]) <= STAYS for place in places)
    return Finding(text, every and row["shift_bound"] == "exact")


def findings(optima: list[Row], transfer: list[Row]) -> list[Finding]:
    """Judge the tables written by ``depthtransfer analyze``; columns: ``depthtransfer.analysis``."""
    judged = []
    for row in (row for row in transfer if row["over"] == "depth"):
        same = [o for o in optima if (o["scheme"], o["width"]) == (row["scheme"], row["width"])]
        if row["scheme"] == "mup":
            judged += [drifts(row), diverges_with_depth(row["width"], same)]
        elif row["scheme"] == "mup_sqrt_depth":
            judged.append(stays(row, same))
    if len({finding.text.split(",")[0] for finding in judged}) < 2:
        raise ValueError("the tables must hold both schemes, mup and mup_sqrt_depth, over depth")
    return judged


def main(folder: str) -> int:
    """Read optimum.csv and transfer.csv, print the findings."""
    tables = []
    for name in ("optimum.csv", "transfer.csv"):
        with (Path(folder) / name).open(newline="", encoding="utf-8") as file:
            tables.append([row for row in csv.DictReader(file) if row["hyperparameter"] == "learning_rate"])
    judged = findings(*tables)
    print(*judged, sep="\n")
    return 0 if all(finding.holds for finding in judged) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
