"""How much of its planned training an experiment really does, since runs that diverge end there."""

from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path

from depthtransfer.configuration import load_preset, names
from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.shards import TYPICAL

Share = Callable[[Request], float]


def whole(request: Request) -> float:
    """Every run goes to its end: an upper bound."""
    return 1.0


def as_stored(experiment: str, store: Store, wanted: Collection[Request], config: Path = Path("config")) -> Share:
    """Return the share of its time that a run is likely to take, from the stored runs of the experiment.

    Runs of all presets count, by variant: those of a variant took some share of the time that they would have taken to
    their end. Where none is stored of a variant, nothing is known and a run counts whole.

    Args:
        experiment: by name.
        store: whose runs are looked at.
        wanted: runs that are to be trained; without any nothing is read.
        config: folder of the configuration.
    """
    if not wanted:
        return whole
    presets = [preset for preset in names(config / "presets") if experiment in load_preset(preset, config).experiments]
    requests = {
        request.spec.key: request
        for preset in presets
        for request in load_runs(preset, experiment, config).requests
        if store.has(request.spec.key)
    }
    planned: dict[str, float] = defaultdict(float)
    taken: dict[str, float] = defaultdict(float)
    for key, (record, _) in store.read(requests).items():
        request = requests[key]
        seconds = TYPICAL.seconds(request)
        planned[request.variant] += seconds
        taken[request.variant] += seconds * len(record.series["loss"]) / request.spec.steps
    return lambda request: taken[request.variant] / planned[request.variant] if planned[request.variant] else 1.0
