"""Make sure that solutions exist: look them up, solve what is missing, one after another."""

import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

from depthtransfer.errors import StoreError
from depthtransfer.store.provenance import SOLVING, provenance
from depthtransfer.store.records import Record
from depthtransfer.store.store import Store, warn
from depthtransfer.studies.solution import Solution


def complete(
    title: str, asked: Sequence[Solution], store: Store, log: TextIO | None = None
) -> dict[str, tuple[Record, str]]:
    """Return every solution by key, verified, with the layer it lies in; what no layer holds is solved and kept.

    With nothing missing JAX is not imported. Killing the process loses the solution in the works.

    Args:
        title: begins the lines of progress.
        asked: the solutions.
        store: where they are looked up and kept.
        log: takes the lines of progress too.

    Raises:
        ConfigurationError: if one cannot be solved or does not fit into memory.
        StoreError: if one cannot be kept, or not be read back.
    """
    keys = list(dict.fromkeys(each.key for each in asked))
    records = store.read(keys)
    missing = {each.key: each for each in asked if each.key not in records}
    begin = time.monotonic()
    for number, each in enumerate(missing.values(), start=1):
        if not store.read([each.key]):  # by another build that shares the store, since this one looked
            store.write(_solved(each.specification))
        line = f"{title}: {number} of {len(missing)} solved, {time.monotonic() - begin:.0f} s; {each.describe()}"
        for stream in (sys.stderr, log):
            if stream is not None:
                print(line, file=stream, flush=True)
    records |= store.read(list(missing))
    for each in asked:
        if each.key not in records:
            raise StoreError(f"{store.path(each.key)} cannot be read back after it was written", "check the disk")
        _report_divergence(title, each, records[each.key][0].summary)
    return records


def _solved(specification: dict[str, Any]) -> Record:
    from depthtransfer.studies.solvers import solve  # JAX, which a study with nothing to solve does without

    begin = time.monotonic()
    series, summary = solve(specification)
    seconds = round(time.monotonic() - begin, 3)
    return Record(specification, summary, provenance(SOLVING) | {"seconds": seconds}, series)


def _report_divergence(title: str, each: Solution, summary: dict[str, Any]) -> None:
    if summary["diverged_step"] is not None:
        why = "eta_0 times the tangent kernel exceeds 2" if not each.is_ensemble else "it is no longer finite"
        warn(
            f"{title}: {each.describe()} diverged at update {summary['diverged_step']} ({why}); "
            "later updates are left out; a smaller learning_rate would be stable"
        )
    elif summary["left_out"]:
        warn(f"{title}: {each.describe()}: {summary['left_out']} values are not finite and left out")
