"""Make sure that runs exist: look them up, train what is missing."""

import contextlib
import hashlib
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from depthtransfer.data import load
from depthtransfer.errors import StoreError, UserError
from depthtransfer.store.records import Record
from depthtransfer.store.store import Store, warn
from depthtransfer.sweeps.checkpoint import FOLDER, Checkpoints
from depthtransfer.sweeps.grid import ExperimentRuns, Request
from depthtransfer.sweeps.pool import Pool
from depthtransfer.sweeps.progress import Progress, describe
from depthtransfer.sweeps.shards import TYPICAL


class RunFailedError(UserError):
    """Runs whose process died; the others are finished and kept."""

    exit_code = 5


def ensure(
    sweep: ExperimentRuns,
    requests: Sequence[Request],
    store: Store,
    *,
    data_directory: Path,
    workers: int,
    log: TextIO | None = None,
) -> int:
    """Train the runs that no layer of the store holds and return how many they were.

    With nothing missing, no torch is imported and no data are opened. Runs in flight when the process ends go on, at
    the next call, from their last state, if they had trained for a while; else they start anew.
    What another build puts into the same store meanwhile is not trained again.

    Raises:
        DataError: if the data are missing or wrong, before any worker starts.
        RunFailedError: if worker processes died; everything else was trained first.
        UserError: what stopped a worker (a full disk, no GPU).
    """
    absent = set(store.missing(request.spec.key for request in requests))
    missing = [request for request in requests if request.spec.key in absent]
    checkpoints = Checkpoints(store.local / FOLDER)
    checkpoints.discard(checkpoints.keys() & {request.spec.key for request in requests} - absent)  # of a killed process
    if not missing:
        return 0
    for name in sorted({request.spec.dataset for request in missing}):
        load(name, sweep.declarations[name], data_directory)
    missing.sort(key=lambda request: (-TYPICAL.seconds(request), _own_order(request)))
    pool = Pool(sweep, store.local, data_directory, workers)
    failures: list[str] = []
    trained = 0
    runs = {request.spec.key: request for request in missing}
    title = f"{sweep.preset}/{sweep.experiment}"
    with (
        Progress(title, missing, min(workers, len(missing)), log) as progress,
        contextlib.closing(pool.run(missing)) as events,
    ):
        for event in events:
            progress.update(event)
            trained += event["event"] == "done" and event["trained"]
            if event["event"] == "failed":
                failures.append(f"{describe(runs[event['key']])}: {event['why']}")
    if failures:
        raise RunFailedError(
            f"{len(failures)} of {len(missing)} runs failed, first {failures[0]}",
            "the others are kept; run the same command again",
        )
    return trained


def _own_order(request: Request) -> str:
    """Where a run stands among equally long ones; builds that share a store differ, so that they seldom meet."""
    return hashlib.sha256(f"{platform.node()} {Path.cwd()} {request.spec.key}".encode()).hexdigest()


def complete(
    sweep: ExperimentRuns, store: Store, *, data_directory: Path, workers: int, log: TextIO | None = None
) -> dict[str, tuple[Record, str]]:
    """Return every run of a sweep, verified; missing and damaged ones are computed on the spot.

    Raises:
        UserError: as `ensure`; also if a run is still unreadable after it was computed.
    """
    keys = [request.spec.key for request in sweep.requests]
    records = store.read(keys)
    if len(records) < len(keys):
        absent = [request for request in sweep.requests if request.spec.key not in records]
        warn(f"{sweep.preset}/{sweep.experiment}: {len(absent)} runs missing or damaged, training them now")
        ensure(sweep, absent, store, data_directory=data_directory, workers=workers, log=log)
        records |= store.read([request.spec.key for request in absent])
    if missing := [key for key in keys if key not in records]:
        raise StoreError(
            f"{store.path(missing[0])} cannot be read back after it was written", "check the disk it lies on"
        )
    return records
