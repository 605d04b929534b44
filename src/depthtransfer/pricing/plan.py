"""What targets cost: what is stored of their runs and solutions, and what the rest takes here and elsewhere."""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

from depthtransfer.configuration import load_theory, refinement_path
from depthtransfer.pricing.cost import JobCost, job_cost
from depthtransfer.pricing.jobs import Jobs, Resources
from depthtransfer.pricing.machines import CPU, HERE, Machine, machine
from depthtransfer.pricing.theory import seconds
from depthtransfer.pricing.timing import measure
from depthtransfer.store.store import Store
from depthtransfer.studies.plan import solutions
from depthtransfer.sweeps.grid import ExperimentRuns, Request, load_runs
from depthtransfer.sweeps.refinement import load_refined
from depthtransfer.sweeps.shards import packed
from depthtransfer.targets import Target


@dataclass(frozen=True)
class ClusterJobs:
    """An experiment's runs, stored ones too, as the jobs that a cluster's profile makes of them.

    Args:
        count: number of jobs.
        most: what one of them is counted to take at most, of each.
        asked: the most that one of them asks the cluster for.
    """

    count: int
    most: JobCost
    asked: Resources


@dataclass(frozen=True)
class ExperimentCost:
    """The cost of one experiment of a preset.

    Args:
        sweep: its runs.
        missing: those that no store holds.
        cost: of the missing runs as one job, by machine; an upper bound where runs diverge early.
        jobs: of a cluster, by named machine, if they were asked for.
    """

    sweep: ExperimentRuns
    missing: tuple[Request, ...]
    cost: dict[str, JobCost]
    jobs: dict[str, ClusterJobs]

    @property
    def flops(self) -> float:
        """Operations of the missing runs."""
        return sum(request.flops for request in self.missing)

    @property
    def memory(self) -> int:
        """Bytes of tensors that the largest of all its networks trains with."""
        return max(request.memory for request in self.sweep.requests)


@dataclass(frozen=True)
class StudyCost:
    """A study of the theory: solutions asked for and stored, and the time of the others (s) in one process."""

    preset: str
    study: str
    solutions: int
    stored: int
    seconds: float


@dataclass(frozen=True)
class TargetCost:
    """All that targets cost, and where.

    Args:
        experiments: each once.
        studies: of the theory, which is solved on this machine's processor wherever networks train.
        machines: this one first.
        workers: processes side by side on this machine.
        measured: whether this machine was timed.
    """

    experiments: tuple[ExperimentCost, ...]
    studies: tuple[StudyCost, ...]
    machines: tuple[Machine, ...]
    workers: int
    measured: bool

    def hours(self, name: str) -> float:
        """At most so many hours of a machine; of this one with the theory."""
        trained = sum(each.cost[name].seconds for each in self.experiments)
        return (trained + (self.theory_seconds if name == HERE else 0.0)) / 3600

    @property
    def theory_seconds(self) -> float:
        """Wall time of the studies, as many side by side as there are workers (s)."""
        return packed((study.seconds for study in self.studies), self.workers)

    @property
    def disk_mb(self) -> int:
        """Runs and tables (MiB)."""
        return sum(each.cost[HERE].disk_mb for each in self.experiments)

    def content(self) -> dict[str, Any]:
        """The cost for programs; hours of wall time, MiB."""
        return {
            "workers": self.workers,
            "speed": "measured" if self.measured else "typical",
            "experiments": [_content(each) for each in self.experiments],
            "studies": [asdict(each) for each in self.studies],
            "total": {
                "hours": {place.name: self.hours(place.name) for place in self.machines},
                "theory_hours": self.theory_seconds / 3600,
                "flops": sum(each.flops for each in self.experiments),
                "disk_mb": self.disk_mb,
            },
        }


def cost_of(
    targets: Sequence[Target], *, on: Sequence[str], workers: int, measured: bool, shard_minutes: float | None = None
) -> TargetCost:
    """Count targets, each experiment and study once; this machine is timed only if something is missing.

    Args:
        targets: what is asked for.
        on: names of further machines.
        workers: processes side by side here.
        measured: whether to time this machine; else it counts as a typical one.
        shard_minutes: wall time of a cluster's job on the named machines, if jobs are wanted.

    Raises:
        UserError: if a machine is unknown, a configuration is wrong, or this machine cannot be timed.
    """
    elsewhere = [machine(name) for name in on]
    asked = dict.fromkeys((target.preset, name) for target in targets for name in target.experiments)
    sweeps = [_known_runs(preset, experiment) for preset, experiment in asked]
    absent = set(Store.default().missing(request.spec.key for sweep in sweeps for request in sweep.requests))
    missing = [request for sweep in sweeps for request in sweep.requests if request.spec.key in absent]
    here = replace(machine(CPU), name=HERE)
    if missing and measured:
        declarations = {name: each for sweep in sweeps for name, each in sweep.declarations.items()}
        devices = {sweep.device for sweep in sweeps}
        here = measure(missing, declarations, devices.pop() if len(devices) == 1 else "auto", workers)
    experiments = []
    for sweep in sweeps:
        left = tuple(request for request in sweep.requests if request.spec.key in absent)
        cost = {each.name: job_cost(left, sweep.declarations, each) for each in elsewhere}
        cost = {HERE: job_cost(left, sweep.declarations, here, workers), **cost}
        jobs = {each.name: _jobs(sweep, each, shard_minutes) for each in elsewhere} if shard_minutes else {}
        experiments.append(ExperimentCost(sweep, left, cost, jobs))
    studies = dict.fromkeys((target.preset, study) for target in targets for study in target.studies)
    return TargetCost(
        experiments=tuple(experiments),
        studies=tuple(study_cost(*study) for study in studies),
        machines=(here, *elsewhere),
        workers=workers,
        measured=bool(missing) and measured,
    )


def study_cost(preset: str, study: str) -> StudyCost:
    """Count the solutions that a study asks for, and the time of those that no store holds."""
    unique = {each.key: each for each in solutions(load_theory(preset), study)}
    absent = Store.of_solutions().missing(unique)
    return StudyCost(preset, study, len(unique), len(unique) - len(absent), seconds(unique[key] for key in absent))


def _known_runs(preset: str, experiment: str) -> ExperimentRuns:
    """All runs that are known to be asked for: those of added values too, once there are any."""
    known = refinement_path(preset, experiment).exists()
    return load_refined(preset, experiment) if known else load_runs(preset, experiment)


def _jobs(sweep: ExperimentRuns, target: Machine, minutes: float) -> ClusterJobs:
    """Jobs on one GPU each, however many a machine has."""
    jobs = Jobs.of({"machine": target.kind, "shard_minutes": minutes})
    where, count = jobs.on(sweep), jobs.count(sweep)
    shares = jobs.shares(sweep, count)
    counted = [astuple(job_cost(share, sweep.declarations, where, jobs.workers(sweep, share))) for share in shares]
    asked = [jobs.resources(sweep, share) for share in shares]
    longest = max(asked, key=lambda each: each.minutes)
    return ClusterJobs(
        count=count,
        most=JobCost(*map(max, zip(*counted, strict=True))),
        asked=replace(longest, mem_mb=max(each.mem_mb for each in asked)),
    )


def _content(each: ExperimentCost) -> dict[str, Any]:
    runs, missing = len(each.sweep.requests), len(each.missing)
    return {
        "preset": each.sweep.preset,
        "experiment": each.sweep.experiment,
        "runs": runs,
        "stored": runs - missing,
        "missing": missing,
        "flops": each.flops,
        "bytes_of_a_run": each.memory,
        "cost": {name: asdict(cost) for name, cost in each.cost.items()},
        "jobs": {name: asdict(jobs) for name, jobs in each.jobs.items()},
    }
