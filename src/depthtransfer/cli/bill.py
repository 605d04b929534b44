"""The bill of some targets: prices of their experiments and studies, and how they are shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from depthtransfer.cli.targets import Target
from depthtransfer.machine import usable_cores
from depthtransfer.pricing.machines import CPU, HERE, Machine, machine
from depthtransfer.pricing.price import Price
from depthtransfer.sweeps.grid import ExperimentRuns


@dataclass(frozen=True)
class StudyPrice:
    """A study of the theory: solutions asked for and stored, and the time of the others (s) in one process."""

    preset: str
    study: str
    solutions: int
    stored: int
    seconds: float


@dataclass(frozen=True)
class Bill:
    """All prices, and where they hold.

    Args:
        prices: of the experiments.
        studies: of the theory, which is solved on this machine's processor wherever networks train.
        machines: this one first.
        workers: processes side by side on this machine.
        measured: whether this machine was timed.
    """

    prices: tuple[Price, ...]
    studies: tuple[StudyPrice, ...]
    machines: tuple[Machine, ...]
    workers: int
    measured: bool

    def hours(self, machine: str | None, *, likely: bool = False) -> float:
        """Hours of this machine, theory included, or of training on one GPU of another.

        At most so many; or what is likely, if runs diverge as those that are stored of the same experiments did.
        """
        name = machine or HERE
        trained = sum(price.likely[name] if likely else price.needs[name].seconds for price in self.prices)
        return (trained + (0.0 if machine else self.theory_seconds)) / 3600

    def _hours_by_machine(self, *, likely: bool) -> dict[str, float]:
        names = [machine.name for machine in self.machines]
        return {name: self.hours(None if name == HERE else name, likely=likely) for name in names}

    @property
    def theory_seconds(self) -> float:
        """Wall time of the studies, as many side by side as there are workers (s)."""
        from depthtransfer.sweeps.shards import packed

        return packed((study.seconds for study in self.studies), self.workers)

    def content(self) -> dict[str, Any]:
        """The bill for programs; hours of wall time, MiB."""
        return {
            "workers": self.workers,
            "speed": "measured" if self.measured else "typical",
            "experiments": [_of_experiment(price) for price in self.prices],
            "studies": [
                {
                    "preset": each.preset,
                    "study": each.study,
                    "solutions": each.solutions,
                    "stored": each.stored,
                    "missing": each.solutions - each.stored,
                    "hours": each.seconds / 3600,
                }
                for each in self.studies
            ],
            "total": {
                "hours": self._hours_by_machine(likely=False),
                "likely_hours": self._hours_by_machine(likely=True),
                "theory_hours": self.theory_seconds / 3600,
                "flops": sum(price.flops for price in self.prices),
                "disk_mb": sum(price.needs[HERE].disk_mb for price in self.prices),
            },
        }


def make_bill(
    targets: Sequence[Target],
    *,
    machines: Sequence[str],
    workers: int,
    measured: bool,
    shard_minutes: float | None = None,
) -> Bill:
    """Price targets, each experiment and study once; this machine is timed only if something is missing.

    Raises:
        UserError: if a machine is unknown, a configuration is wrong, or this machine cannot be timed.
    """
    from dataclasses import replace

    from depthtransfer.pricing.price import price
    from depthtransfer.pricing.survival import as_stored
    from depthtransfer.store.store import Store

    elsewhere = [machine(name) for name in machines]
    asked = dict.fromkeys((target.preset, name) for target in targets for name in target.experiments)
    sweeps = [_sweep(preset, experiment) for preset, experiment in asked]
    store = Store.default()
    absent = set(store.missing(request.spec.key for sweep in sweeps for request in sweep.requests))
    missing = [request for sweep in sweeps for request in sweep.requests if request.spec.key in absent]
    here = replace(machine(CPU), name=HERE)
    if missing and measured:
        from depthtransfer.pricing.calibration import measure

        declarations = {name: each for sweep in sweeps for name, each in sweep.declarations.items()}
        devices = {sweep.device for sweep in sweeps}
        workers = min(workers, usable_cores())
        here = measure(missing, declarations, devices.pop() if len(devices) == 1 else "auto", workers)
    places = (here, *elsewhere)
    prices = tuple(
        price(sweep, absent, places, {HERE: workers}, shard_minutes, as_stored(sweep.experiment, store, missing))
        for sweep in sweeps
    )
    studies = tuple(dict.fromkeys((target.preset, study) for target in targets for study in target.studies))
    return Bill(prices, tuple(_study(*study) for study in studies), places, workers, bool(missing) and measured)


def _sweep(preset: str, experiment: str) -> ExperimentRuns:
    """All runs that are known to be needed: those of added values too, once there are any."""
    from depthtransfer.configuration import refinement_path
    from depthtransfer.sweeps.grid import load_runs
    from depthtransfer.sweeps.refinement import load_refined

    known = refinement_path(preset, experiment).exists()
    return load_refined(preset, experiment) if known else load_runs(preset, experiment)


def _study(preset: str, study: str) -> StudyPrice:
    from depthtransfer.configuration import load_theory
    from depthtransfer.pricing.theory import seconds
    from depthtransfer.store.store import Store
    from depthtransfer.studies.plan import solutions

    unique = {each.key: each for each in solutions(load_theory(preset), study)}
    absent = Store.of_solutions().missing(unique)
    return StudyPrice(preset, study, len(unique), len(unique) - len(absent), seconds(unique[key] for key in absent))


def _of_experiment(price: Price) -> dict[str, Any]:
    return {
        "preset": price.sweep.preset,
        "experiment": price.sweep.experiment,
        "runs": len(price.sweep.requests),
        "stored": len(price.sweep.requests) - len(price.missing),
        "missing": len(price.missing),
        "flops": price.flops,
        "bytes_of_a_run": price.memory,
        "likely_seconds": dict(price.likely),
        "needs": {name: asdict(each) for name, each in price.needs.items()},
        "shards": {name: asdict(each) for name, each in price.shards.items()},
    }
