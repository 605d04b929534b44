"""What a sweep says: the optimum of each size, how it moves, what keeping it costs, and what is not known.

The statistics are those of ``depthtransfer.analysis``, which knows a scheme, a width and a depth. Here every curve is
one such configuration under a name of its own, and each size in turn takes the place of the width.

**Logarithm or loss.** The bottom of a curve is sought in the logarithm of the loss: it has its optimum where the loss
has it, and a loss that comes down to 1e-3 has a flat valley of which only the logarithm shows the bottom. A loss that
may be negative has no logarithm; it is looked at as it is: after so large a constant is added that the logarithm is
straight.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtri

from depthtransfer.analysis import averaged, diagnosis, estimates, optima, regret, shifts
from depthtransfer.analysis.measured import half_width
from depthtransfer.analysis.optimum import Estimate
from depthtransfer.sweep_table.cleaning import Runs
from depthtransfer.sweep_table.splitting import Curves

STEEP, LITTLE = 0.5, 0.25
"""Slopes of log2 optimum over log2 size: the least exponent with which theory moves an optimum whose scaling is wrong,
and half of it, below which a slope counts as none however well it is known."""

_DRAWS = 1e8  # resampled losses in all: what a minute has time for
_RESAMPLES = (100, 1000)
_STRAIGHT = 1e4  # spreads of the loss that are added to one that may be negative
_TIE = 1e-12
_BEND_LEVEL, _BEND = 0.99, 0.25  # how certain a bend has to be, and how many octaves off a straight line
_HIDDEN = 0.8  # of the grid's extent; an interval wider than that says nothing
_FLAT = "flat_valley"


@dataclass(frozen=True, eq=False)
class Verdict:
    """Tables on one sweep.

    Attributes:
        hyperparameter: what was swept.
        sizes: names of its sizes.
        splits: settings by which it is split.
        optima: one row per curve; see ``judged``.
        transfer: one row per scheme and size that varies.
        regret: one row per curve.
        curves: averaged losses.
        notes: what a reader has to know.
    """

    hyperparameter: str
    sizes: tuple[str, ...]
    splits: tuple[str, ...]
    optima: pd.DataFrame
    transfer: pd.DataFrame
    regret: pd.DataFrame
    curves: pd.DataFrame
    notes: tuple[str, ...]


def judged(arranged: Curves, *, seed: int = 0, level: float = 0.95) -> Verdict:
    """Look for the optimum of each curve and compare the sizes.

    Args:
        arranged: the runs.
        seed: of the bootstrap.
        level: of the intervals.

    Returns:
        Tables; sizes have their names, schemes theirs, settings that split the sweep a column each.

        - optima: log2_optimum (NaN where nothing is known), low, high, optimum (as a value), loss, best_value,
          grid_low, grid_high, largest_stable, values, seeds, runs, diverged, flags (a list), known ("exact", "at_most",
          "at_least", "unknown"), verdict (in words), add_values (a list), add_seeds;
        - transfer: over, smallest, largest, sizes, shift, slope with intervals and bounds, power_law (whether one slope
          describes all sizes; None where that is not known), moves ("stays", "left", "right", "unknown"), verdict, and
          the best losses at both ends;
        - regret: source (the smallest network), the value transferred, loss there, best_loss, regret, low, high, ratio,
          status.

    Raises:
        AnalysisError: see ``depthtransfer.analysis``.
    """
    runs, notes = arranged.runs, list(arranged.runs.notes)
    frame, names = _named(arranged)
    table, lift = _positive(frame, runs, notes)
    table["log_loss"] = np.log(table["loss"])
    _level_seeds(table, arranged, notes)
    table = pd.DataFrame(
        {
            "scheme": table["curve"],
            "width": 1,
            "depth": 1,
            "seed": table["seed"],
            "status": np.where(table["diverged"], "diverged", "ok"),
            "loss": np.exp(table["log_loss"]),
            runs.hyperparameter: table["value"],
        }
    )
    resamples = int(np.clip(_DRAWS / len(table), *_RESAMPLES))
    found = estimates(table, runs.hyperparameter, resamples=resamples, seed=seed)
    keys = names.loc[[each.sweep.scheme for each in found]].reset_index(drop=True)
    best = _optima(found, keys, lift, level)
    moved = _transfer(best, found, keys, runs, level)
    shown = averaged([estimate.sweep for estimate in found])
    identity = names.loc[shown["scheme"]].reset_index(drop=True)
    shown = pd.concat([identity, shown.drop(columns=["scheme", "width", "depth"])], axis="columns")
    shown[["loss", "low", "high"]] -= lift
    return Verdict(
        runs.hyperparameter,
        runs.sizes,
        arranged.splits,
        best,
        moved,
        _regret(found, keys, runs, lift, seed, level),
        shown,
        (*notes, *_remarks(best, moved)),
    )


def _named(arranged: Curves) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs with the name of their curve, and what each name stands for."""
    runs = arranged.runs
    identity = ["scheme", *arranged.splits, *runs.sizes]
    frame = runs.frame.copy()
    number = frame.groupby(identity, sort=True, dropna=False).ngroup()
    firsts = frame.loc[~number.duplicated(), identity].assign(number=number[~number.duplicated()]).sort_values("number")
    labels = [
        f"{place:06d} " + ", ".join(f"{name} {value}" for name, value in row.items() if name != "number")
        for place, row in enumerate(firsts.to_dict("records"))
    ]
    frame["curve"] = np.array(labels, dtype=object)[number]
    return frame, firsts.drop(columns="number").set_axis(labels, axis="index")


def _positive(frame: pd.DataFrame, runs: Runs, notes: list[str]) -> tuple[pd.DataFrame, float]:
    """The runs with losses that have a logarithm, and what was added to them."""
    loss = frame["loss"].to_numpy()
    stable = loss[np.isfinite(loss)]
    if not len(stable) or stable.min() > 0:
        return frame, 0.0
    if stable.min() == 0:
        resolution = stable[stable > 0].min(initial=np.inf)
        if not np.isfinite(resolution):
            resolution = 1.0
        notes.append(
            f"{int((stable == 0).sum())} runs have a loss of 0, which has no logarithm: taken as {resolution / 2:.3g}, "
            "half of the smallest other one"
        )
        return frame.assign(loss=np.where(loss == 0, resolution / 2, loss)), 0.0
    lift = _STRAIGHT * float(np.ptp(stable) or 1.0) - float(stable.min())
    notes.append(
        f"column '{runs.columns['loss']}' holds negative losses ({stable.min():.4g}): its bottom is sought in the loss "
        "itself, not in its logarithm"
    )
    return frame.assign(loss=loss + lift), lift


def _level_seeds(table: pd.DataFrame, arranged: Curves, notes: list[str]) -> None:
    """Take the common offset of each seed out where not every seed has every value, so that a mean is one of equals."""
    if not arranged.paired:
        return
    stable = table["log_loss"].notna()
    grouped = table[stable].groupby("curve")
    seeds = grouped["seed"].transform("nunique")
    cells = seeds * grouped["octave"].transform("nunique")
    ragged = stable.copy()
    ragged[stable] = (seeds > 1) & (cells > grouped["seed"].transform("size"))
    if not ragged.any():
        return
    part = table.loc[ragged, ["curve", "octave", "seed", "log_loss"]]
    offset = pd.Series(0.0, index=part.index)
    for _ in range(30):  # alternating means of an additive model: value + seed
        level = (part["log_loss"] - offset).groupby([part["curve"], part["octave"]]).transform("mean")
        offset = (part["log_loss"] - level).groupby([part["curve"], part["seed"]]).transform("mean")
        offset -= offset.groupby(part["curve"]).transform("mean")
    table.loc[ragged, "log_loss"] -= offset
    notes.append("not every seed was run at every value: what a seed adds to all values is taken out before averaging")


def _optima(found: Sequence[Estimate], keys: pd.DataFrame, lift: float, level: float) -> pd.DataFrame:
    table, flagged = optima(found, level=level), diagnosis(found, level=level)
    flat = np.array([_flat(estimate) for estimate in found])
    unknown = table["edge"].isin(["both", "all_diverged", "untrained"]) | flat
    bound = table["edge"].map({"left": "at_most", "right": "at_least", "none": "exact", "all_diverged": "at_most"})
    bound = bound.fillna("unknown").mask(flat, "unknown")
    wide = (
        ~unknown
        & (table["high"] - table["low"] > _HIDDEN * (table["grid_high"] - table["grid_low"]))
        & (bound == "exact")
    )
    bound = bound.mask(wide, "unknown")
    result = keys.copy()
    result["hyperparameter"] = table["hyperparameter"]
    result["log2_optimum"] = table["log2_optimum"].mask(unknown)
    result["low"] = table["low"].mask(flat, -np.inf)
    result["high"] = table["high"].mask(flat, np.inf)
    result["optimum"] = table["optimum"].mask(unknown)
    result["loss"] = table["loss"] - lift
    result["best_value"] = np.exp2(table["grid_best"]) if len(table) else []
    for name in ("grid_low", "grid_high", "grid_step", "largest_stable", "smallest_diverged"):
        result[name] = table[name]
    result["values"] = [len(estimate.sweep.log2_values) for estimate in found]
    for name in ("seeds", "runs", "diverged"):
        result[name] = table[name]
    result["flags"] = [
        [*(text.split()), *([_FLAT] if even else [])] for text, even in zip(flagged["flags"], flat, strict=True)
    ]
    result["known"] = bound
    result["add_values"] = [[float(value) for value in text.split()] for text in flagged["add_values"]]
    result["add_seeds"] = flagged["add_seeds"]
    for name in ("centre", "standard_error", "degrees", "edge", "grid_best"):
        result[name] = table[name]
    result["edge"] = result["edge"].mask(flat, "both")
    result["verdict"] = [_words(row) for _, row in result.iterrows()]
    return result


def _flat(estimate: Estimate) -> bool:
    """Whether the lowest loss stands at values more than two steps apart, exactly: there is no bottom to be found."""
    if estimate.all_diverged:
        return False
    lowest = np.flatnonzero(estimate.curve <= estimate.curve.min() + _TIE)
    return int(lowest[-1] - lowest[0]) > 2


def _words(row: "pd.Series[Any]") -> str:
    """The verdict on one curve."""
    more = _more(row)
    if row["edge"] == "all_diverged":
        return f"everything diverged: at most {2.0 ** row['grid_low']:.3g}{more}"
    if row["known"] == "at_most":
        return f"at most {row['best_value']:.3g}: the smallest value tried is the best{more}"
    if row["known"] == "at_least":
        return f"at least {row['best_value']:.3g}: the largest value tried is the best{more}"
    if _FLAT in row["flags"]:
        return "cannot tell: the lowest loss stands at values far apart"
    if row["known"] == "unknown":
        what = "a single value was tried" if row["values"] == 1 else "noise hides the bottom"
        return f"cannot tell: {what}{more}"
    return f"{row['optimum']:.3g}"


def _more(row: "pd.Series[Any]") -> str:
    """The runs that would decide."""
    values = ", ".join(f"{value:.3g}" for value in row["add_values"])
    wanted = [f"{row['hyperparameter']} {values}"] if values else []
    wanted += ["more seeds"] if row["add_seeds"] and not values else []
    return f"; would decide: {' and '.join(wanted)}" if wanted else ""


def _transfer(
    best: pd.DataFrame, found: Sequence[Estimate], keys: pd.DataFrame, runs: Runs, level: float
) -> pd.DataFrame:
    """How the optimum moves over each size that varies, everything else held."""
    columns = ["hyperparameter", "edge", "centre", "standard_error", "degrees", "grid_low", "grid_step", "grid_best"]
    rows = []
    for over, held in _axes(keys, runs.sizes):
        groups = best.groupby(held, sort=True, dropna=False) if held else [((), best)]
        for key, group in groups:
            if group[over].nunique() < 2:
                continue
            ordered = group.sort_values(over)
            table = ordered[columns].assign(scheme="", depth=1, width=ordered[over].to_numpy())
            row = shifts(table, "width", level=level).iloc[0]
            row_of = dict(zip(held, key if isinstance(key, tuple) else (key,), strict=True))
            bend, straight = _bend(table, ordered, over)
            moves = _moves(row)
            rows.append(
                {
                    **row_of,
                    "hyperparameter": row["hyperparameter"],
                    "over": over,
                    "smallest": float(ordered[over].iloc[0]),
                    "largest": float(ordered[over].iloc[-1]),
                    **{
                        name: row[name]
                        for name in row.index
                        if name.startswith(("sizes", "shift", "slope", "grid_shift"))
                    },
                    "power_law": straight,
                    "moves": moves,
                    "best_loss_smallest": float(ordered["loss"].iloc[0]),
                    "best_loss_largest": float(ordered["loss"].iloc[-1]),
                    "verdict": _moved(row, moves, bend, ordered, over),
                }
            )
    return pd.DataFrame(rows)


def _axes(keys: pd.DataFrame, sizes: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each size that varies, with the columns that are held while it does.

    Sizes that grow together are followed as one: the first of them, the others not held.
    """
    varying = [size for size in sizes if keys[size].nunique() > 1]
    fixed = [name for name in keys.columns if name not in sizes]
    axes, led = [], set()
    for size in varying:
        held = [other for other in sizes if other != size]
        alone = keys.groupby([*fixed, *held], dropna=False)[size].nunique().max() > 1
        if alone:
            axes.append((size, [*fixed, *held]))
        elif size not in led:
            tied = [other for other in varying if other != size and not keys.duplicated([*fixed, size]).any()]
            led |= set(tied)
            axes.append((size, [*fixed, *(other for other in held if other not in tied)]))
    return axes


def _bend(table: pd.DataFrame, ordered: pd.DataFrame, over: str) -> tuple[str, bool | None]:
    """Where the optima bend for certain, and whether one slope describes them; None where that cannot be said.

    Deviations from the straight line are compared with their errors, each error widened to the quantile of its degrees
    of freedom.
    """
    exact = (table["edge"] == "none").to_numpy() & (ordered["known"] == "exact").to_numpy()
    if exact.sum() < 3:
        return "", None
    x = np.log2(ordered[over].to_numpy(dtype=float)[exact])
    y, error, degrees = (table[name].to_numpy(dtype=float)[exact] for name in ("centre", "standard_error", "degrees"))
    error = np.array([half_width(e, d, 0.95) / 1.96 for e, d in zip(error, degrees, strict=True)])
    if not (error > 0).all() or not np.isfinite(error).all():
        return "", None
    design = np.stack([np.ones_like(x), x], axis=1) / error[:, None]
    coefficients, *_ = np.linalg.lstsq(design, y / error, rcond=None)
    residual = (y - coefficients[0] - coefficients[1] * x) / error
    straight = bool(float(residual @ residual) < chdtri(exact.sum() - 2, 1.0 - _BEND_LEVEL))
    straight |= bool((np.abs(residual) * error).max() < _BEND)  # certain, and of no consequence
    if straight:
        return "", True
    turn = int(np.argmax(np.abs(y - np.linspace(y[0], y[-1], len(y)))))
    sizes = ordered[over].to_numpy(dtype=float)[exact]
    if 0 < turn < len(y) - 1 and (y[turn] - y[0]) * (y[turn] - y[-1]) > 0:
        way = "rises and then falls" if y[turn] > y[0] else "falls and then rises"
        return f"{way} (turns near {over} {sizes[turn]:g})", False
    return "bends", False


def _moves(row: "pd.Series[Any]") -> str:
    """Whether the optimum stays or which way it moves, by the interval of its slope.

    It stays if the interval holds 0 and excludes the exponents 1/2 and -1/2, or lies within half of them. It moves if
    the interval excludes 0.
    """
    low, high = float(row["slope_low"]), float(row["slope_high"])
    if (low > -LITTLE and high < LITTLE) or (-STEEP < low <= 0 <= high < STEEP):
        return "stays"
    return "left" if high < 0 else "right" if low > 0 else "unknown"


def _moved(row: "pd.Series[Any]", moves: str, bend: str, ordered: pd.DataFrame, over: str) -> str:
    """The verdict on one scheme over one size."""
    if bend:
        return f"{bend}: no power law"
    if moves == "unknown":
        bounded = ordered[ordered["known"] != "exact"]
        if len(bounded):
            sizes = ", ".join(f"{over} {size:g}" for size in bounded[over])
            return f"cannot tell: the optimum is not known at {sizes}"
        return "cannot tell: the interval of the slope holds 0 and an exponent of 1/2"
    return "stays" if moves == "stays" else f"moves {moves}"


def _regret(
    found: Sequence[Estimate], keys: pd.DataFrame, runs: Runs, lift: float, seed: int, level: float
) -> pd.DataFrame:
    """What it costs to keep the optimum of the smallest network of each scheme."""
    fixed = [name for name in keys.columns if name not in runs.sizes]
    ordered = keys.sort_values([*fixed, *runs.sizes])
    group = ordered.groupby(fixed, sort=False, dropna=False).ngroup() if fixed else pd.Series(0, index=ordered.index)
    placed = [
        replace(found[place], sweep=replace(found[place].sweep, scheme=f"{number:06d}", width=rank, depth=1))
        for rank, (place, number) in enumerate(zip(ordered.index.to_numpy(dtype=int), group, strict=True))
    ]
    table = regret(placed, seed=seed, level=level)
    result = ordered.reset_index(drop=True)
    first = group.reset_index(drop=True).map({number: index for index, number in reversed(list(enumerate(group)))})
    for size in runs.sizes:
        result[f"source_{size}"] = result[size].to_numpy()[first.to_numpy()]
    change = found[0].sweep.hyperparameter
    result["hyperparameter"] = change
    for name in ("transferred", "loss", "best_loss", "regret", "low", "high", "ratio", "status"):
        result[name] = table[name]
    if lift:
        result[["loss", "best_loss"]] -= lift
        result["ratio"] = np.nan
    return result


def _remarks(best: pd.DataFrame, moved: pd.DataFrame) -> list[str]:
    """What the tables say together: bounds, bends, and whether the scheme that transfers is also the better one."""
    notes = []
    edges = best[best["edge"].isin(["left", "right", "all_diverged"])]
    if len(edges) == len(best) and len(best) > 1:
        notes.append("the optimum lies at the edge of every grid: nothing can be said of how it moves")
    for _, row in (moved[moved["power_law"].eq(False)] if len(moved) else moved).iterrows():
        notes.append(
            f"{_called(row, best)}: the optimum over {row['over']} {row['verdict'].split(':')[0]}; its slope is no law"
        )
    if len(moved) and best["scheme"].nunique() > 1:
        for over, group in moved.groupby("over"):
            notes += _compared(group, str(over))
    return notes


def _called(row: "pd.Series[Any]", best: pd.DataFrame) -> str:
    held = [name for name in row.index if name in best.columns and name not in ("hyperparameter", "verdict")]
    words = [
        str(row[name]) if name == "scheme" else f"{name} {row[name]}" for name in held if row[name] not in ("", None)
    ]
    return ", ".join(words) or "all runs"


def _compared(group: pd.DataFrame, over: str) -> list[str]:
    """Losses of the schemes at the largest size that they share."""
    same = group[group["largest"] == group["largest"].max()]
    if same["scheme"].nunique() < 2:
        return []
    ranked = same[np.isfinite(same["best_loss_largest"])].groupby("scheme")["best_loss_largest"].min().sort_values()
    staying = set(same.loc[same["moves"] == "stays", "scheme"])
    if ranked.empty:
        return []
    words = ", ".join(f"{scheme} {loss:.4g}" for scheme, loss in ranked.items())
    note = f"best loss at {over} {same['largest'].max():g}: {words}"
    worse = [scheme for scheme in ranked.index if scheme in staying and ranked[scheme] > ranked.iloc[0]]
    if worse and ranked.index[0] not in staying:
        note += f"; {worse[0]} keeps its optimum and has the higher loss"
    return [note]
