"""What a sweep costs: how much of it is stored, and what the rest needs here and elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace

from depthtransfer.pricing.cost import JobCost, job_cost
from depthtransfer.pricing.jobs import Jobs, Resources
from depthtransfer.pricing.machines import HERE, Machine
from depthtransfer.pricing.survival import Share, whole
from depthtransfer.sweeps.grid import ExperimentRuns, Request


@dataclass(frozen=True)
class Shards:
    """An experiment's runs, stored ones too, as the jobs that a cluster's profile makes of them.

    Args:
        count: number of jobs.
        most: what one of them is counted to need at most, of each.
        asked: the most that one of them asks the cluster for.
    """

    count: int
    most: JobCost
    asked: Resources


@dataclass(frozen=True)
class Price:
    """The cost of one experiment of a preset.

    Args:
        sweep: what is priced.
        missing: its runs that no store holds.
        needs: of the missing runs as one job, by machine, if none diverges.
        likely: their wall time (s) by machine, if as many diverge as stored runs of the experiment did.
        shards: its jobs, by named machine, if they were asked for.
    """

    sweep: ExperimentRuns
    missing: tuple[Request, ...]
    needs: Mapping[str, JobCost]
    likely: Mapping[str, float]
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
    sweep: ExperimentRuns,
    absent: Collection[str],
    machines: Sequence[Machine],
    workers: Mapping[str, int],
    shard_minutes: float | None = None,
    share: Share = whole,
) -> Price:
    """Price the runs of a sweep whose keys are absent.

    Args:
        sweep: all runs.
        absent: keys that no store holds.
        machines: where to price them.
        workers: processes side by side, by machine; 1 on those that are not named.
        shard_minutes: wall time of a job, if jobs on the named machines are to be shown.
        share: of its time that a run is likely to take.
    """
    missing = tuple(request for request in sweep.requests if request.spec.key in absent)

    def needed(where: Machine, share: Share) -> JobCost:
        return job_cost(missing, sweep.declarations, where, workers.get(where.name, 1), share)

    most = {where.name: needed(where, whole) for where in machines}
    likely = {where.name: needed(where, share).seconds for where in machines}
    named = [target for target in machines if target.name != HERE] if shard_minutes else []
    split = {target.name: _split(sweep, target, shard_minutes or 0.0) for target in named}
    return Price(sweep, missing, most, likely, split)


def _split(sweep: ExperimentRuns, target: Machine, minutes: float) -> Shards:
    jobs = Jobs.of({"machine": target.name, "shard_minutes": minutes})
    where, count = jobs.on(sweep), jobs.count(sweep)
    shares = jobs.shares(sweep, count)
    counted = [astuple(job_cost(share, sweep.declarations, where, jobs.workers(sweep, share))) for share in shares]
    asked = [jobs.resources(sweep, share) for share in shares]
    longest = max(asked, key=lambda each: each.minutes)
    return Shards(
        count=count,
        most=JobCost(*map(max, zip(*counted, strict=True))),
        asked=replace(longest, mem_mb=max(each.mem_mb for each in asked)),
    )
