"""What a sweep costs: how much of it is stored, and what the rest needs here and elsewhere."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from depthtransfer.sweeps.machines import Machine
from depthtransfer.sweeps.needs import Needs, needs
from depthtransfer.sweeps.requests import Request, Sweep


@dataclass(frozen=True)
class Shards:
    """An experiment's missing runs as jobs of about equal time.

    Args:
        count: number of jobs.
        each: what the dearest of them needs.
    """

    count: int
    each: Needs


@dataclass(frozen=True)
class Price:
    """The cost of one experiment of a preset.

    Args:
        sweep: what is priced.
        missing: its runs that no store holds.
        needs: of the missing runs as one job, by machine.
        shards: of the missing runs, by machine, if jobs were asked for.
    """

    sweep: Sweep
    missing: tuple[Request, ...]
    needs: Mapping[str, Needs]
    shards: Mapping[str, Shards]

    @property
    def flops(self) -> float:
        """Operations of the missing runs."""
        return sum(request.flops for request in self.missing)

    @property
    def memory(self) -> int:
        """Bytes of tensors that the largest of all its networks trains with."""
        return max(request.memory for request in self.sweep.requests)


def price(
    sweep: Sweep,
    absent: Collection[str],
    machines: Sequence[Machine],
    workers: Mapping[str, int],
    shard_minutes: float | None = None,
) -> Price:
    """Price the runs of a sweep whose keys are absent.

    Args:
        sweep: all runs.
        absent: keys that no store holds.
        machines: where to price them.
        workers: processes side by side, by machine; 1 on those that are not named.
        shard_minutes: wall time of a job, if the runs are to be split.
    """
    missing = tuple(request for request in sweep.requests if request.spec.key in absent)
    whole = {m.name: needs(missing, sweep.declarations, m, workers.get(m.name, 1)) for m in machines}
    split = {}
    if shard_minutes is not None and missing:
        for target in machines:
            count = workers.get(target.name, 1)
            split[target.name] = _split(sweep, missing, target, count, whole[target.name].seconds, shard_minutes)
    return Price(sweep, missing, whole, split)


def _split(
    sweep: Sweep, missing: Sequence[Request], target: Machine, workers: int, seconds: float, minutes: float
) -> Shards:
    from depthtransfer.sweeps.needs import run_seconds
    from depthtransfer.sweeps.shards import shard

    count = max(1, min(math.ceil(seconds / (60 * minutes)), len(missing) // workers))
    shares = shard(missing, lambda request: run_seconds(request, sweep.declarations, target), count)
    of_each = [needs(share, sweep.declarations, target, workers) for share in shares]
    return Shards(count, max(of_each, key=lambda each: (each.seconds, each.mem_mb)))
