"""Which runs belong to one curve: what else varies in a table, how long runs are, which are repeats of one another.

Whatever varies besides the swept value, the scheme, the sizes and the seed is one of three things. A *setting* splits
the sweep: its values are looked at each for themselves. A *companion* is a function of what is looked at already (a
number of parameters, a head size): it changes nothing. A *measurement* differs from run to run: it is no setting, and
is named in a note. What is none of these cannot be told apart from the hyperparameter, and is refused.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from depthtransfer.errors import AnalysisError
from depthtransfer.sweep_table.cells import codes, is_numeric, numbers
from depthtransfer.sweep_table.cleaning import Runs
from depthtransfer.sweep_table.naming import CLOCKS, is_length, is_outcome, is_setting, listed, plain

Places = npt.NDArray[Any]

_FEWEST = 3  # values that make a curve
_MANY = 20  # values that nobody chooses by hand


@dataclass(frozen=True, eq=False)
class Curves:
    """Runs, arranged by the curve that they belong to.

    Attributes:
        runs: the runs; columns of ``splits`` are added to the frame, as text, and seeds are whole numbers from 0.
        splits: columns of the frame that hold settings by which the sweep is split.
        paired: whether a seed of one value is the same as that of another.
    """

    runs: Runs
    splits: tuple[str, ...]
    paired: bool


def arranged(runs: Runs) -> Curves:
    """Find settings, take the last row of each run, keep lengths apart, and number the seeds.

    Raises:
        AnalysisError: if a column varies with the hyperparameter and cannot be separated from it.
    """
    runs = _last_rows(runs)
    frame, notes = runs.frame.copy(), list(runs.notes)
    splits: list[str] = []
    unused: list[str] = []
    for column in sorted(runs.others, key=lambda name: (not is_setting(name), is_length(name))):
        kind, values = _kind(runs, column, frame, splits)
        if kind == "setting":
            frame[column] = values
            splits.append(column)
        elif kind in ("measurement", "companion of the value"):
            unused.append(column)
            if kind == "companion of the value":
                notes.append(f"column '{column}' varies along with the swept value, and is taken as part of it")
    quiet = [name for name in unused if not is_outcome(name)]
    measured = [name for name in quiet if not any(f"'{name}' varies along" in note for note in notes)]
    if measured:
        notes.append(f"columns taken for measurements or names of runs, not for settings: {listed(measured)}")
    frame = _without_strays(frame, runs, splits, notes)
    for column in splits:
        notes.append(f"column '{column}' splits the sweep: {listed(sorted(set(frame[column]), key=_order))}")
    frame, paired = _numbered(frame, runs, splits, notes)
    return Curves(replace(runs, frame=frame.reset_index(drop=True), notes=notes), tuple(splits), paired)


def _order(cell: object) -> tuple[int, float, str]:
    text = str(cell)
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _kind(
    runs: Runs, column: str, frame: pd.DataFrame, splits: list[str]
) -> tuple[str, "npt.NDArray[np.object_] | None"]:
    """What a column is, and of a setting its values as text."""
    if is_outcome(column):
        return "measurement", None
    index, known = codes(runs.raw, column)
    index = index[frame["row"].to_numpy()]
    present = np.unique(index)
    if len(present) < 2 or (len(present) == 2 and present[0] == -1 and not is_setting(column)):
        return "constant", None
    length = is_length(column)
    # Runs that diverged stopped early: how long they ran says nothing of how long they were to.
    told = ~frame["diverged"].to_numpy() if length else np.ones(len(frame), dtype=bool)
    place = frame.groupby(["scheme", *runs.sizes, *splits], sort=False, dropna=False).ngroup().to_numpy()
    if _follows(index[told], place[told]):
        return "companion", None
    if not is_setting(column) and _measured(runs, column, present, frame):
        return "measurement", None
    if _follows_value(runs, column, frame, place, index):
        return "companion of the value", None
    names = np.array([*known, "(none)"], dtype=object)[index]
    if length:
        names = _planned(frame, place, names, told)
    _refuse_shattered(runs, column, frame, place, names)
    return "setting", names


def _follows(index: Places, place: Places) -> bool:
    """Whether a column has a single value wherever the place is the same."""
    if not len(index):
        return True
    pairs = np.unique(place * (int(index.max()) + 2) + index)
    return len(pairs) == len(np.unique(place))


def _measured(runs: Runs, column: str, present: Places, frame: pd.DataFrame) -> bool:
    """Whether a column holds a new value in most rows, as what is measured and what names a run does."""
    many = len(present) > 0.5 * len(frame) and len(frame) >= 6
    if not is_numeric(runs.raw, column):
        return many
    values = numbers(runs.raw, column)[0][frame["row"].to_numpy()]
    values = values[np.isfinite(values)]
    fractions = bool(len(values)) and not np.array_equal(values, np.round(values))
    return (many or len(present) > _MANY) and (fractions or many)


def _follows_value(runs: Runs, column: str, frame: pd.DataFrame, place: Places, index: Places) -> bool:
    """Whether a column is a function of the swept value alone, one that rises or falls with it all the way."""
    value = frame["value"].to_numpy()
    levels = np.unique(value, return_inverse=True)[1]
    if len(np.unique(levels)) < 2 or not _follows(index, levels):
        return False
    if not is_numeric(runs.raw, column):
        return False
    numeric = numbers(runs.raw, column)[0][frame["row"].to_numpy()]
    order = np.argsort(value, kind="stable")
    steps = np.diff(numeric[order])[np.diff(value[order]) > 0]
    return bool((steps > 0).all() or (steps < 0).all())


def _planned(
    frame: pd.DataFrame,
    place: Places,
    names: "npt.NDArray[np.object_]",
    told: "npt.NDArray[np.bool_]",
) -> "npt.NDArray[np.object_]":
    """Lengths of runs; one that diverged early has that of the longest run of its network that finished."""
    names = names.copy()
    for group in np.unique(place[~told]):
        here = place == group
        finished = sorted(set(names[here & told]), key=_order)
        early = here & ~told & ~np.isin(names, finished)
        if finished and early.any():
            names[early] = finished[-1]
    return names


def _refuse_shattered(
    runs: Runs, column: str, frame: pd.DataFrame, place: Places, names: "npt.NDArray[np.object_]"
) -> None:
    """Refuse a column whose values leave no curve whole: it varies from run to run with the hyperparameter."""
    value = frame["value"]
    before = value.groupby(place).nunique()
    after = value.groupby([place, names]).nunique()
    if before.max() >= _FEWEST and after.max() < _FEWEST:
        some = listed(sorted(set(names), key=_order), 3)
        raise AnalysisError(
            f"{runs.raw.name}: column '{column}' varies from run to run along with {runs.columns['hyperparameter']} "
            f"({some}), so that no {_FEWEST} values of it can be compared",
            f"keep one value (--where '{column}=...'), follow it as a size (--over '{column}'), or say that it is no "
            f"setting (--ignore '{column}')",
        )


def _last_rows(runs: Runs) -> Runs:
    """Of a table that holds the whole course of its runs, the last row of each run."""
    clock = next((name for name in runs.others if plain(name) in CLOCKS), None)
    if clock is None:
        return runs
    frame = runs.frame
    identity = ["scheme", *runs.sizes, "value", "seed"]
    if not frame.duplicated(identity).any():
        return runs
    names = [name for name in runs.others if plain(name) in ("run", "run_id", "id", "run_name", "name", "key")]
    settings = [name for name in runs.others if is_setting(name) and not is_length(name)]
    keyed = frame.assign(
        **{f"other {place}": codes(runs.raw, name)[0][frame["row"].to_numpy()] for place, name in enumerate(settings)}
    )
    keys = [*identity, *(name for name in keyed.columns if name.startswith("other "))]
    for name in names:
        index = codes(runs.raw, name)[0][frame["row"].to_numpy()]
        if len(np.unique(index)) < len(frame):  # a name for each row says nothing of runs
            keyed["other run"] = index
            keys = [*dict.fromkeys([*keys, "other run"])]
    keyed["clock"] = numbers(runs.raw, clock)[0][frame["row"].to_numpy()]
    if keyed["clock"].isna().any() or keyed.duplicated([*keys, "clock"]).any():
        return runs
    rows_a_run = keyed.groupby(keys, dropna=False)["clock"].transform("size")
    if not (rows_a_run > 1).any():
        return runs
    last = keyed.groupby(keys, dropna=False)["clock"].idxmax().sort_values()
    note = f"the table holds the course of its runs: the last '{clock}' of each is looked at ({len(last)} runs)"
    return replace(runs, frame=frame.loc[last].reset_index(drop=True), notes=[*runs.notes, note])


def _without_strays(frame: pd.DataFrame, runs: Runs, splits: list[str], notes: list[str]) -> pd.DataFrame:
    """Leave out runs that are shorter than the rest of their curve, where they are too few for one of their own."""
    for column in [name for name in splits if is_length(name)]:
        others = [name for name in splits if name != column]
        keys = ["scheme", *runs.sizes, *others]
        count = frame.groupby([*keys, column], dropna=False)["value"].transform("nunique")
        most = count.groupby([frame[name] for name in keys], dropna=False).transform("max")
        stray = (count < _FEWEST) & (most >= _FEWEST)
        if stray.any():
            lengths = listed(sorted(set(frame.loc[stray, column]), key=_order), 5)
            plural = "s" if stray.sum() > 1 else ""
            notes.append(
                f"{int(stray.sum())} run{plural} of another length than the rest of their curve ('{column}': {lengths})"
                " left out: losses after unequal training are not compared"
            )
            frame = frame[~stray]
        if frame[column].nunique() == 1 or _follows(
            pd.factorize(frame[column])[0], frame.groupby(keys, dropna=False).ngroup().to_numpy()
        ):
            splits.remove(column)
    return frame


def _numbered(frame: pd.DataFrame, runs: Runs, splits: list[str], notes: list[str]) -> tuple[pd.DataFrame, bool]:
    """Seeds as whole numbers, repeats told apart; rows that stand there twice are dropped."""
    # Values that differ by rounding only are one value; see analysis.sweep.
    with np.errstate(divide="ignore"):
        frame = frame.assign(octave=np.round(np.log2(frame["value"].to_numpy()), 9))
    place = ["scheme", *runs.sizes, *splits, "octave", "seed"]
    copies = frame.duplicated([*place, "loss", "diverged"])
    if copies.any():
        copies &= _same_rows(frame, runs)
    if copies.any():
        first = int(frame.loc[copies, "row"].iloc[0])
        many = "row stands" if copies.sum() == 1 else "rows stand"
        notes.append(f"{int(copies.sum())} {many} there twice and counted once (the first: {runs.raw.place(first)})")
        frame = frame[~copies]
    repeat = frame.groupby(place, dropna=False).cumcount()
    paired = runs.seeded
    if (repeat > 0).any():
        if runs.seeded:
            row = int(frame.loc[(repeat > 0).to_numpy(), "row"].iloc[0])
            notes.append(
                f"{int((repeat > 0).sum())} runs repeat another's settings and seed (first: {runs.raw.place(row)}); "
                "they are taken as further seeds"
            )
        else:
            notes.append("there is no seed: runs of the same settings are taken as repeats, not paired over values")
    seed = frame["seed"].to_numpy() + 1
    number = seed + repeat.to_numpy() * (int(seed.max(initial=0)) + 1)
    return frame.assign(seed=number), paired


def _same_rows(frame: pd.DataFrame, runs: Runs) -> "pd.Series[bool]":
    """Whether a row equals an earlier one in every column of the raw table."""
    raw = pd.DataFrame({name: codes(runs.raw, name)[0][frame["row"].to_numpy()] for name in runs.raw.frame.columns})
    return pd.Series(raw.duplicated().to_numpy(), index=frame.index)
