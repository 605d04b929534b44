"""Judging whether an optimum stays or moves as networks grow."""

from collections.abc import Sequence

import pandas as pd

from depthtransfer.analysis.measured import Measured, mean, slope_weights, weighted_sum
from depthtransfer.analysis.movement import AXES, measured_optima, shift_of
from depthtransfer.claims.verdict import LEVEL, Finding, NotRunError, Region, TooLittleError, Verdict

DEPTH_STAYS = Region(-0.25, 0.25)
WIDTH_STAYS = Region(-0.5, 0.5)
DEPTH_FALLS = Region(high=-0.25)
DEPTH_RISES = Region(low=0.25)
WIDTH_FALLS = Region(high=-0.5)

SLOPE = "slope of log2(optimum) over log2({axis}), mean over {other}s"
WHY_A_QUARTER = (
    "Half way between an optimum that stays and one that moves as the square root of the depth, the smallest power "
    "that another choice of depth exponent would give; from depth 3 to 30 it is 0.8 octaves, a grid step of the paper."
)
WHY_A_HALF = (
    "Half way between an optimum that stays and the 1/N of a global learning rate in the standard parametrization."
)


def select(table: pd.DataFrame, scheme: str, experiment: str) -> pd.DataFrame:
    """The rows of one scheme in a table of runs or of optima.

    Raises:
        NotRunError: if there are none.
    """
    chosen = table[table["scheme"] == scheme]
    if chosen.empty:
        raise NotRunError(f"{experiment} has no run of {scheme}", "add it to the preset")
    return chosen


def equally_long(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows by number of steps: neither losses nor optima of runs of different length say anything of size."""
    return [some for _, some in table.groupby("steps", sort=True)]


def slopes(tables: Sequence[pd.DataFrame], over: str) -> list[Measured]:
    """The slope of each group of networks that share the other size.

    Args:
        tables: optima; those of one table are compared.
        over: "depth" or "width".

    Optima of a single seed are left out where there are groups without any: their noise is only guessed from how
    rough the curve is.

    Raises:
        TooLittleError: if no group has two sizes.
    """
    groups = [group.sort_values(over) for found in tables for _, group in found.groupby(AXES[over], sort=True)]
    groups = [group for group in groups if len(group) > 1]
    several = [group for group in groups if (group["seeds"] > 1).all()]
    if not groups:
        raise too_little(over)
    return [weighted_sum(measured_optima(group), slope_weights(group[over].tolist())) for group in several or groups]


def judge_slope(optima: pd.DataFrame, over: str, region: Region) -> Finding:
    """Judge the mean slope of the optimum of one scheme over a size.

    A mean could hide slopes that cancel, so a group whose own slope lies outside for certain keeps a claim from
    being reproduced.

    Args:
        optima: of one scheme.
        over: "depth" or "width".
        region: slopes for which the claim holds.

    Raises:
        TooLittleError: if there is a single size.
    """
    tables = equally_long(optima)
    parts = slopes(tables, over)
    average = mean(parts)
    described = "; ".join(text for found in tables if (text := _described(found, over)))
    finding = region.judge(average, detail=f"Shift at {described}.", missing=_open(optima))
    if finding.verdict is Verdict.REPRODUCED and any(region.excludes(part) for part in parts):
        return Finding(
            Verdict.INCONCLUSIVE,
            finding.value,
            finding.low,
            finding.high,
            finding.detail,
            f"slopes differ between {AXES[over]}s, some outside for certain; look at the table of transfer.",
        )
    return finding


def per_doubling(groups: list[list[tuple[int, Measured]]], over: str, falls: Region) -> Finding:
    """Judge the change of the log of the loss when a size doubles, mean over the groups that share the other one.

    Args:
        groups: size and loss of networks, a list for each other size.
        over: "depth" or "width".
        falls: changes for which the claim holds.

    Raises:
        TooLittleError: if no group has two sizes.
    """
    parts = [
        weighted_sum([loss for _, loss in group], slope_weights([size for size, _ in group]))
        for group in groups
        if len(group) > 1
    ]
    if not parts:
        raise too_little(over)
    average = mean(parts)
    low, high = average.interval(LEVEL)
    detail = f"Log of the best loss, change a doubling of {over}: {average.value:+.4f} ({low:+.4f} to {high:+.4f})."
    return falls.judge(average, detail=detail, missing=f"More seeds, or a wider range of {over}s.")


def too_little(over: str) -> TooLittleError:
    """Nothing to compare along a size."""
    return TooLittleError(
        f"no two {over}s were trained equally long", f"give a second {over} as many steps in the preset"
    )


def _described(found: pd.DataFrame, over: str) -> str:
    """The shift of each group in words."""
    texts = []
    for size, group in found.groupby(AXES[over], sort=True):
        ordered = group.sort_values(over)
        if len(ordered) < 2:
            continue
        first, last = ordered.iloc[0], ordered.iloc[-1]
        shift = shift_of(measured_optima(ordered))
        relation = {"exact": "", "at_most": "at most ", "at_least": "at least "}.get(shift.bound)
        moved = f"{relation}{shift.value:+.2f} octaves" if relation is not None else "unknown"
        gone = ordered.loc[ordered["edge"] == "all_diverged", over]
        diverged = f" (every value diverged at {', '.join(map(str, gone))})" if len(gone) else ""
        texts.append(f"{AXES[over]} {size}: {over} {first[over]} to {last[over]} {moved}{diverged}")
    return "; ".join(texts)


def _open(optima: pd.DataFrame, limit: int = 3) -> str:
    """The further runs that would decide, at the configurations that are known worst."""
    wishes = []
    for row in optima[optima["flags"] != ""].itertuples():
        wish = [f"values {str(row.add_values).replace(' ', ', ')}"] if row.add_values else []
        wish += ["seeds"] if row.add_seeds else []
        if wish:
            flagged = str(row.flags).replace("_", "-").replace(" ", ", ")
            wishes.append(f"width {row.width} depth {row.depth} ({flagged}): add {' and '.join(wish)}")
    if not wishes:
        return "More seeds, or a wider range of sizes."
    more = f"; {len(wishes) - limit} more like these" if len(wishes) > limit else ""
    return "; ".join(wishes[:limit]) + more + "."
