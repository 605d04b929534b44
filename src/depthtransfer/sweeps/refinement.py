"""Values added to a sweep after its runs were looked at, and the file that remembers them."""

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from depthtransfer.configuration import load_preset, refinement_path
from depthtransfer.errors import StoreError
from depthtransfer.files import write_atomic
from depthtransfer.sweeps.grid import CONSTANTS, ExperimentRuns, Request, load_runs


@dataclass(frozen=True)
class Addition:
    """One value for one network of a sweep.

    Args:
        variant: the scheme, as the experiment calls it.
        width, depth: of the network.
        value: of the swept hyperparameter.
        round: in which round it was added, from 1.
        reason: why.
    """

    variant: str
    width: int
    depth: int
    value: float
    round: int
    reason: str


_COLUMNS = [field.name for field in fields(Addition)]


def load_refined(preset: str, experiment: str) -> ExperimentRuns:
    """Return the runs that a preset asks of an experiment, those of added values included where it refines.

    Raises:
        ConfigurationError: as `load_runs`.
        StoreError: if the preset refines and the table of added values is missing or damaged.
    """
    sweep = load_runs(preset, experiment)
    if not load_preset(preset).refine:
        return sweep
    return refined(sweep, read_additions(refinement_path(preset, experiment)))


def refined(sweep: ExperimentRuns, additions: Iterable[Addition]) -> ExperimentRuns:
    """Return the sweep with runs of the added values, each trained like the network's other ones, for every seed."""
    requests = {request.spec.key: request for request in sweep.requests}
    for addition in additions:
        for request in sweep.requests:
            here = (request.variant, request.spec.width, request.spec.depth)
            if here == (addition.variant, addition.width, addition.depth):
                added = _with_value(request, sweep.swept, addition.value)
                requests.setdefault(added.spec.key, added)
    return replace(sweep, requests=tuple(requests.values()))


def at_most(sweep: ExperimentRuns, rounds: int) -> list[Request]:
    """Return runs that cost what so many rounds may add: in each, one value of every network, for every seed."""
    one_value = {
        (request.variant, request.spec.width, request.spec.depth, request.spec.seed): request
        for request in sweep.requests
    }
    return list(one_value.values()) * rounds


def write_additions(additions: Iterable[Addition], path: Path) -> None:
    """Write what was added, one row each, values to the last bit; an empty file of one line if nothing was.

    Raises:
        StoreError: if the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([getattr(addition, name) for name in _COLUMNS] for addition in additions)
    write_atomic(path, text.getvalue().encode())


def read_additions(path: Path) -> list[Addition]:
    """Return what was added.

    Raises:
        StoreError: if the file is missing or not one that `write_additions` wrote.
    """
    remedy = f"remove it if it is there, and run: snakemake {path}"
    try:
        table = csv.DictReader(io.StringIO(path.read_bytes().decode()))
        if table.fieldnames != _COLUMNS:
            raise ValueError("other columns")
        additions = [_addition(row) for row in table]
    except FileNotFoundError as error:
        raise StoreError(f"{path} does not exist", remedy) from error
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is no table of added values: {type(error).__name__}", remedy) from error
    if wrong := [addition.value for addition in additions if not math.isfinite(addition.value)]:
        raise StoreError(f"{path} is no table of added values: it holds {wrong[0]}", remedy)
    return additions


def _addition(row: dict[str, str]) -> Addition:
    sizes = {name: int(row[name]) for name in ("width", "depth", "round")}
    return Addition(variant=row["variant"], value=float(row["value"]), reason=row["reason"], **sizes)


def _with_value(request: Request, swept: str, value: float) -> Request:
    change: dict[str, Any] = {swept: value}
    spec = request.spec
    if swept in CONSTANTS:
        change = {"constants": replace(spec.constants, **change)}
    return replace(request, spec=replace(spec, **change))
