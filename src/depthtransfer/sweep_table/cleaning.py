"""From cells to runs: which column is what, how every run ended, what is left out and why.

A run that says it diverged, or that finished with a loss that is not a number, is infinitely bad. A run without a
loss is none: it is left out. So is one that has not finished, whatever its last loss. Each of these is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from depthtransfer.errors import AnalysisError
from depthtransfer.sweep_table.cells import Flags, Numbers, codes, is_numeric, numbers
from depthtransfer.sweep_table.naming import (
    ROLES,
    SIZES,
    STATUSES,
    guessed,
    listed,
    logarithm_base,
    our_name,
    plain,
    same_column,
)
from depthtransfer.sweep_table.reading import RawTable

_SEPARATORS = (",", ";", "|", "/", "&", "+", " and ")
_TRUE, _FALSE = {"true", "1", "yes", "t", "y"}, {"false", "0", "no", "f", "n"}


@dataclass(frozen=True)
class Asked:
    """What the user says of the table; None is for the tool to guess.

    Attributes:
        hyperparameter, loss, scheme, width, depth, seed, status: names of columns.
        over: further columns that are sizes.
        where: keep rows in which these columns hold these values.
        ignore: columns that neither split the sweep nor are mentioned.
        diverged: words for a run's end that mean divergence, besides those that are known to.
    """

    hyperparameter: str | None = None
    loss: str | None = None
    scheme: str | None = None
    width: str | None = None
    depth: str | None = None
    seed: str | None = None
    status: str | None = None
    over: Sequence[str] = ()
    where: Sequence[tuple[str, str]] = ()
    ignore: Sequence[str] = ()
    diverged: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs that ended, one a row.

    Attributes:
        frame: value, loss (finite where stable, else NaN), diverged, scheme, the sizes by our names, seed (a number, -1
            where it is not told), row (of the raw table).
        raw: the table they come from.
        hyperparameter: what was swept, by our name.
        sizes: names of the size columns of the frame, in the order in which they are looked at.
        columns: the user's column for each of our names.
        others: columns of the raw table that play no role yet.
        seeded: whether seeds are told.
        notes: what a reader has to know.
    """

    frame: pd.DataFrame
    raw: RawTable
    hyperparameter: str
    sizes: tuple[str, ...]
    columns: Mapping[str, str]
    others: tuple[str, ...]
    seeded: bool
    notes: list[str] = field(default_factory=list)


def cleaned(raw: RawTable, asked: Asked) -> Runs:
    """Find the columns and bring every run into the same form.

    Raises:
        AnalysisError: one line that names file, row and column, and what would help.
    """
    notes: list[str] = []
    raw = _selected(raw, asked)
    raw, long_name = _one_hyperparameter(raw, asked, notes)
    columns = _columns(raw, asked, long_name)
    values, scale_note = _values(raw, columns["hyperparameter"])
    notes += scale_note
    ended, diverged, loss = _outcomes(raw, columns, asked, notes)
    losses = [name for name in raw.frame.columns if plain(name) in ROLES["loss"] and name != columns["loss"]]
    if losses and asked.loss is None:
        notes.append(f"judged by '{columns['loss']}'; {listed(losses)} stands there too (--loss)")
    keep = ended & _has_value(raw, columns["hyperparameter"], values, ended, notes)
    sizes = {name: _sizes(raw, column, keep, notes) for name, column in columns.items() if name in _sizes_of(columns)}
    for size in sizes.values():
        keep &= np.isfinite(size)
    if not keep.any():
        raise AnalysisError(
            f"{raw.name}: no run is left to look at ({'; '.join(notes) or 'every row is empty'})",
            "give at least two values of the hyperparameter with a loss",
        )
    frame = pd.DataFrame({"value": values, "loss": np.where(diverged, np.nan, loss), "diverged": diverged, **sizes})
    frame["scheme"] = _schemes(raw, columns.get("scheme"), keep, notes)
    seeds = codes(raw, columns["seed"])[0] if "seed" in columns else np.full(len(frame), -1)
    frame["seed"] = seeds
    frame["row"] = np.arange(len(frame))
    used = {*columns.values(), *(name for name in raw.frame.columns if plain(name) in map(plain, asked.ignore))}
    others = tuple(name for name in raw.frame.columns if name not in used)
    return Runs(
        frame[keep].reset_index(drop=True),
        raw,
        our_name(long_name or columns["hyperparameter"]),
        tuple(sizes),
        columns,
        others,
        bool((seeds[keep] >= 0).any()),
        notes,
    )


def _sizes_of(columns: Mapping[str, str]) -> set[str]:
    return {name for name in columns if name in SIZES or name not in ROLES}


def _selected(raw: RawTable, asked: Asked) -> RawTable:
    """The rows that ``where`` keeps."""
    names = list(raw.frame.columns)
    for unknown in asked.ignore:
        same_column(unknown, names, "ignore")
    if not asked.where:
        return raw
    keep = np.ones(len(raw.frame), dtype=bool)
    for wanted, value in asked.where:
        column = same_column(wanted, names, "where")
        index, known = codes(raw, column)
        try:
            word = f"{float(value):.12g}"
        except ValueError:
            word = value.strip()
        if word not in known:
            raise AnalysisError(f"no row has {column} = {value}", f"it has {listed(known)}")
        keep &= index == known.index(word)
    if not keep.any():
        raise AnalysisError("no row fits every --where", "leave one of them out")
    return raw.part(keep)


def _one_hyperparameter(raw: RawTable, asked: Asked, notes: list[str]) -> tuple[RawTable, str | None]:
    """A long table names the swept hyperparameter in one column and its value in another: the rows of one of them."""
    by_name = {plain(name): name for name in raw.frame.columns}
    named = next((by_name[name] for name in ("hyperparameter", "hparam", "hp", "swept") if name in by_name), None)
    if named is None or "value" not in by_name or is_numeric(raw, named):
        return raw, None
    index, known = codes(raw, named)
    if asked.hyperparameter in (None, named, by_name["value"]):
        candidates = [name for name in known if plain(name) in ROLES["hyperparameter"]]
        chosen = known[0] if len(known) == 1 else candidates[0] if len(candidates) == 1 else None
        if chosen is None:
            raise AnalysisError(f"column '{named}' names {listed(known)}", f"say which: --hyperparameter {known[0]}")
    else:
        chosen = next((name for name in known if plain(name) == plain(str(asked.hyperparameter))), None)
        if chosen is None:
            raise AnalysisError(f"column '{named}' does not name '{asked.hyperparameter}'", f"it names {listed(known)}")
    rows = index == known.index(chosen)
    if not rows.all():
        notes.append(f"{(~rows).sum()} rows sweep another hyperparameter than {chosen} and are left out")
    renamed = raw.frame.drop(columns=[named]).rename(columns={by_name["value"]: chosen})
    return replace(raw, frame=renamed).part(rows), chosen


def _columns(raw: RawTable, asked: Asked, long_name: str | None) -> dict[str, str]:
    """The user's column for each role and size, as asked for or guessed."""
    names = list(raw.frame.columns)
    found: dict[str, str] = {}
    over = [same_column(name, names, "over") for name in asked.over]
    for role in ROLES:
        wanted = getattr(asked, role)
        if role == "hyperparameter" and long_name is not None:
            found[role] = long_name
        elif wanted == "":
            continue
        elif wanted is not None:
            found[role] = same_column(wanted, names, role)
    for role in ROLES:
        if role in found or getattr(asked, role) == "":
            continue
        free = [name for name in names if name not in found.values() and name not in asked.ignore]
        column = guessed(role, free)
        if column is not None and not (role == "status" and not _tells_ends(raw, column, asked)):
            found[role] = column
    for role, example in (("hyperparameter", "lr"), ("loss", "val_loss")):
        if role not in found:
            raise AnalysisError(
                f"{raw.name}: no column looks like the {role} (it has {listed(names)})",
                f"name it: --{role} COLUMN, such as {example}; one row is one run",
            )
    for column in over:
        ours = next((role for role, theirs in found.items() if theirs == column), None)
        if ours in SIZES:
            continue
        if ours is not None:
            raise AnalysisError(f"column '{column}' is the {ours} and cannot be a size too", "name another with --over")
        found[plain(column)] = column
    return found


def _tells_ends(raw: RawTable, column: str, asked: Asked) -> bool:
    """Whether a column that is called like one of run's ends holds words for them."""
    known = {word.lower() for word in codes(raw, column)[1]}
    extra = {word.lower() for word in asked.diverged}
    return not known or bool(known & ({*STATUSES} | extra | _TRUE | _FALSE))


def _values(raw: RawTable, column: str) -> tuple[Numbers, list[str]]:
    """The swept values; of a column of logarithms, what they are the logarithms of."""
    values, _ = numbers(raw, column)
    base = logarithm_base(column)
    if base is None:
        return values, []
    return base**values, [f"column '{column}' is taken as the logarithm of the learning rate to base {base:g}"]


def _has_value(raw: RawTable, column: str, values: Numbers, ended: Flags, notes: list[str]) -> Flags:
    """Which rows have a place on the axis of the hyperparameter."""
    absent = ended & np.isnan(values)
    if absent.any():
        first = int(np.flatnonzero(absent)[0])
        notes.append(f"{_runs(absent)} without a value of '{column}' left out (the first: {raw.place(first)})")
    wrong = ended & ((values < 0) | np.isinf(values))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise AnalysisError(
            f"{raw.place(row)}, column '{column}' holds {values[row]:g}",
            "its logarithm is taken, so it must be positive and finite; of a column of logarithms tell the base by its "
            "name (log2_lr, log10_lr)",
        )
    zero = ended & (values == 0)
    if zero.any() and our_name(column) != "momentum":
        notes.append(f"{_runs(zero)} with {column} = 0 left out: zero has no place on a logarithmic axis")
        absent |= zero
    kept: Flags = ~absent
    return kept


def _outcomes(
    raw: RawTable, columns: Mapping[str, str], asked: Asked, notes: list[str]
) -> tuple[Flags, Flags, Numbers]:
    """Whether each row is a run that ended, whether it diverged, and its loss."""
    words = _ends(raw, columns.get("status"), asked)
    gone = words == "diverged"
    loss, missing = numbers(raw, columns["loss"], rows=(words == "ok") | (words == ""))
    infinite = ~missing & ~np.isfinite(loss)
    stopped = (words == "unfinished") & ~infinite
    if stopped.any():
        notes.append(f"{_runs(stopped)} not finished ({_counted(raw, columns['status'], stopped)}) left out")
    late = (words == "unfinished") & infinite
    if late.any():
        notes.append(f"{_runs(late)} that broke off with a loss that is not finite count as diverged")
    told = (words == "ok") & infinite
    if told.any():
        notes.append(f"{_runs(told)} that finished with a loss that is not finite count as diverged")
    plainly = (words == "") & infinite
    if plainly.any():
        notes.append(f"{_runs(plainly)} with a loss that is not finite count as diverged")
    absent = missing & ((words == "ok") | (words == ""))
    if absent.any():
        notes.append(f"{_runs(absent)} without a loss left out: an empty cell is no divergence (write nan for one)")
    return ~stopped & ~absent, gone | infinite, loss


def _ends(raw: RawTable, column: str | None, asked: Asked) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    """For each row "ok", "diverged", "unfinished" or, where nothing is told, ""."""
    if column is None:
        return np.full(len(raw.frame), "", dtype="<U10")
    index, known = codes(raw, column)
    extra = {plain(word): "diverged" for word in asked.diverged}
    about_divergence = "diverged" in plain(column)
    meanings = []
    for word in known:
        name = word.lower()
        if name in _TRUE | _FALSE and about_divergence:
            meaning = "diverged" if name in _TRUE else "ok"
        else:
            meaning = extra.get(plain(word)) or STATUSES.get(plain(word)) or ""
        if not meaning:
            row = int(np.flatnonzero(index == known.index(word))[0])
            raise AnalysisError(
                f"{raw.place(row)}, column '{column}' holds '{word[:40]}', which is no known end of a run",
                f"write finished, diverged or running, or say --diverged '{word[:40]}' if it means divergence",
            )
        meanings.append(meaning)
    return np.array([*meanings, ""], dtype="<U10")[index]


def _counted(raw: RawTable, column: str, rows: Flags) -> str:
    index, known = codes(raw, column)
    count = np.bincount(index[rows], minlength=len(known))
    return ", ".join(f"{number} {known[place]}" for place, number in enumerate(count) if number)


def _sizes(raw: RawTable, column: str, keep: Flags, notes: list[str]) -> Numbers:
    size, missing = numbers(raw, column, rows=keep)
    wrong = keep & ~missing & ~((size > 0) & np.isfinite(size))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise AnalysisError(f"{raw.place(row)}, column '{column}' holds {size[row]:g}", "a size is positive and finite")
    absent = keep & missing
    if absent.any():
        notes.append(f"{_runs(absent)} without '{column}' left out")
    return size


def _schemes(raw: RawTable, column: str | None, keep: Flags, notes: list[str]) -> list[str]:
    """The scheme of each row; empty without such a column."""
    if column is None:
        return [""] * len(raw.frame)
    index, known = codes(raw, column)
    by_case: dict[str, str] = {}
    joined: list[str] = []
    for word in known:
        first = by_case.setdefault(word.lower(), word)
        if first != word:
            joined.append(f"'{word}' is taken for '{first}'")
    notes += joined
    present = {known[code].lower() for code in np.unique(index[keep]) if code >= 0}
    for word in known:
        several = next((parts for parts in map(word.split, _SEPARATORS) if _all_known(parts, present)), None)
        if several and word.lower() in present:
            row = int(np.flatnonzero(keep & (index == known.index(word)))[0])
            raise AnalysisError(
                f"{raw.place(row)}, column '{column}' holds '{word}', {len(several)} schemes in one cell",
                "give each scheme a row of its own",
            )
    truths = {name.lower() for name in known} <= _TRUE | _FALSE
    named = [f"{column}={by_case[word.lower()]}" if truths else by_case[word.lower()] for word in known]
    return [named[code] if code >= 0 else "(none)" for code in index]


def _all_known(parts: Sequence[str], present: set[str]) -> bool:
    """Whether a cell is made of several names that stand elsewhere, or that everybody knows."""
    names = [part.strip().lower() for part in parts]
    return len(names) > 1 and all(name in present | {"sp", "mup", "ntp"} for name in names)


def _runs(rows: Flags) -> str:
    count = int(rows.sum())
    return f"{count} run{'s' if count > 1 else ''}"
