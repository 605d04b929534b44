"""This machine timed: a network of each architecture trains for a moment, in as many workers as will train."""

import contextlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from depthtransfer.data import Declaration, default_data_directory, load
from depthtransfer.errors import UserError
from depthtransfer.pricing.machines import CPU, HERE, Machine, machine
from depthtransfer.store.records import Record
from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import ExperimentRuns, Request
from depthtransfer.sweeps.pool import Pool
from depthtransfer.sweeps.shards import TYPICAL

SECONDS = 0.2
"""How long a network is trained, typically."""
_LONGEST_STEP = 0.5
"""Of a network that is timed, where there is a choice (s, typically)."""
_FEWEST, _MOST = 5, 200
"""Steps."""
_TIMES = 3
"""Of each network and worker the quickest counts: the first warms up, and what else runs now disturbs some."""


def measure(requests: Iterable[Request], declarations: Mapping[str, Declaration], device: str, workers: int) -> Machine:
    """Return this machine, timed on networks like those of the runs, with their data.

    Raises:
        UserError: if the data are missing, or a worker cannot train here.
    """
    cells = chosen(requests)
    timed = [_briefly(cell, seed) for seed in range(_TIMES * workers) for cell in cells]
    used = {name: declarations[name] for name in {cell.spec.dataset for cell in cells}}
    for name, declaration in used.items():
        load(name, declaration, default_data_directory())
    with tempfile.TemporaryDirectory() as folder:
        sweep = ExperimentRuns("timing", "timing", "learning_rate", device, used, tuple(timed))
        pool = Pool(sweep, Path(folder), default_data_directory(), workers)
        with contextlib.closing(pool.run(timed)) as events:
            failed = [event["why"] for event in events if event["event"] == "failed"]
        if failed:
            raise UserError(f"this machine cannot be timed: {failed[0]}", "give --no-measure")
        records = [record for record, _ in Store(Path(folder), layers=()).read(r.spec.key for r in timed).values()]
    slowness = {}
    for cell in cells:
        steps = [r.provenance["seconds"] / len(r.series["loss"]) for r in records if _is_of(r, cell)]
        slowness[cell.spec.model] = min(steps) / _step(cell)
    return replace(machine(CPU), name=HERE, title="this machine", slowness=slowness)


def _briefly(cell: Request, seed: int) -> Request:
    """A run of a moment at a learning rate of almost nothing."""
    steps = min(_MOST, max(_FEWEST, round(SECONDS / _step(cell))))
    brief = replace(cell.spec, steps=steps, warmup=0, learning_rate=1e-12, seed=seed)
    without = replace(
        brief, probe_steps=(), probe_images=0, probe_blocks=False, probe_together=False, probe_streams=False
    )
    return replace(cell, spec=without)


def _is_of(record: Record, cell: Request) -> bool:
    return bool(record.specification["model"] == cell.spec.model)


def chosen(requests: Iterable[Request]) -> list[Request]:
    """Of each architecture the network whose step costs the median of those that do not take long."""
    by_model: dict[str, list[Request]] = {}
    for request in requests:
        by_model.setdefault(request.spec.model, []).append(request)
    return [_median(of_model) for of_model in by_model.values()]


def _median(requests: list[Request]) -> Request:
    ordered = sorted(requests, key=_step)
    short = [request for request in ordered if _step(request) <= _LONGEST_STEP] or ordered[:1]
    return short[len(short) // 2]


def _step(request: Request) -> float:
    """Typical time of one training step (s)."""
    return TYPICAL.seconds(request) / request.spec.steps
