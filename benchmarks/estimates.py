"""`python -m benchmarks.estimates PRESET`: what `depthtransfer plan` predicts against what training then takes.

This machine is timed once as `plan` does it. Then runs of every experiment, evenly spread from the cheapest to the
dearest, are trained to their end in a temporary store, by worker processes side by side. Compared are core seconds, of
which other programs take little, and wall time, which is comparable on a machine that does nothing else.
"""

import argparse
import contextlib
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from depthtransfer.configuration import load_preset
from depthtransfer.data import default_data_directory, load
from depthtransfer.pricing.cost import job_cost, run_seconds
from depthtransfer.pricing.machines import Machine
from depthtransfer.pricing.timing import measure
from depthtransfer.store.records import Record
from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import ExperimentRuns, Request, load_runs
from depthtransfer.sweeps.pool import Pool

WORKERS = 2


@dataclass(frozen=True)
class Comparison:
    """Predicted and measured cost of some of an experiment's runs.

    Args:
        experiment: its name.
        runs: how many were trained.
        all_runs: how many the experiment has.
        planned: predicted core seconds if all runs went to their end.
        predicted: predicted core seconds of the steps that were taken, those after a divergence left out.
        measured: core seconds that the workers took, their start included.
        planned_wall: predicted wall time (s), as `plan` prints it.
        wall: measured wall time (s).
    """

    experiment: str
    runs: int
    all_runs: int
    planned: float
    predicted: float
    measured: float
    planned_wall: float
    wall: float

    def row(self) -> str:
        """The cells of a Markdown row."""
        numbers = (self.planned, self.predicted, self.measured)
        ratios = (self.predicted / self.measured, self.planned / self.measured, self.planned_wall / self.wall)
        cells = (
            self.experiment,
            f"{self.runs} of {self.all_runs}",
            *(f"{n:.0f}" for n in numbers),
            *(f"{n:.2f}" for n in ratios),
        )
        return f"| {' | '.join(cells)} |"


def spread_out(sweep: ExperimentRuns, machine: Machine, share: float, fewest: int) -> list[Request]:
    """A share of the runs, evenly from the cheapest to the dearest."""
    by_cost = sorted(sweep.requests, key=lambda each: run_seconds(each, sweep.declarations, machine))
    count = min(len(by_cost), max(fewest, round(share * len(by_cost))))
    return [by_cost[int((index + 0.5) * len(by_cost) / count)] for index in range(count)]


def compare(sweep: ExperimentRuns, machine: Machine, chosen: Sequence[Request], store: Path) -> Comparison:
    """Train some runs of a sweep and compare."""
    for name in sweep.declarations:
        load(name, sweep.declarations[name], default_data_directory())
    before, started = _core_seconds(), time.monotonic()
    with contextlib.closing(Pool(sweep, store, default_data_directory(), WORKERS).run(chosen)) as events:
        failed = [event for event in events if event["event"] == "failed"]
    wall, measured = time.monotonic() - started, _core_seconds() - before
    if failed:
        raise RuntimeError(f"{sweep.experiment}: {failed[0]}")
    taken = {key: len(record.series["loss"]) for key, (record, _) in _records(store, chosen).items()}
    start = min(WORKERS, len(chosen)) * machine.start_seconds
    each = [run_seconds(request, sweep.declarations, machine) for request in chosen]
    parts = [taken[request.spec.key] / request.spec.steps for request in chosen]
    return Comparison(
        experiment=sweep.experiment,
        runs=len(chosen),
        all_runs=len(sweep.requests),
        planned=start + sum(each),
        predicted=start + sum(seconds * part for seconds, part in zip(each, parts, strict=True)),
        measured=measured,
        planned_wall=job_cost(chosen, sweep.declarations, machine, WORKERS).seconds,
        wall=wall,
    )


def _records(store: Path, chosen: Sequence[Request]) -> dict[str, tuple[Record, str]]:
    return Store(store, layers=()).read([request.spec.key for request in chosen])


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def total(comparisons: Sequence[Comparison]) -> Comparison:
    """All experiments together."""
    sums = (sum(getattr(each, name) for each in comparisons) for name in list(Comparison.__annotations__)[1:])
    return Comparison("all", *sums)


def main() -> None:
    """Print one table a preset."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimates", description=__doc__)
    parser.add_argument("presets", nargs="+", metavar="PRESET")
    parser.add_argument("--share", type=float, default=0.1, help="of each experiment's runs (default: 0.1)")
    parser.add_argument("--fewest", type=int, default=8, help="runs of an experiment, at least (default: 8)")
    parser.add_argument("--experiments", nargs="+", metavar="NAME", help="only these (default: all of the preset)")
    arguments = parser.parse_args()
    for preset in arguments.presets:
        sweeps = [load_runs(preset, name) for name in arguments.experiments or load_preset(preset).experiments]
        declarations = {name: each for sweep in sweeps for name, each in sweep.declarations.items()}
        machine = measure([r for sweep in sweeps for r in sweep.requests], declarations, sweeps[0].device, WORKERS)
        print(f"\n{preset}: a worker starts in {machine.start_seconds:.1f} s, a run takes", end=" ")
        print(f"{machine.run_seconds:.3f} s beside its steps\n")
        print("| experiment | runs | planned, core s | of the steps taken | measured | ratio | planned | wall |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
        comparisons = []
        with tempfile.TemporaryDirectory() as folder:
            for sweep in sweeps:
                chosen = spread_out(sweep, machine, arguments.share, arguments.fewest)
                comparisons.append(compare(sweep, machine, chosen, Path(folder)))
                print(comparisons[-1].row(), flush=True)
        print(total(comparisons).row(), flush=True)


if __name__ == "__main__":
    main()
