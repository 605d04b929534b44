"""What every figure of a target costs from nothing, at typical speeds: a table for documentation."""

from collections.abc import Mapping, Sequence

from depthtransfer import figures
from depthtransfer.cli.targets import Target
from depthtransfer.pricing.cost import JobCost, job_cost
from depthtransfer.pricing.machines import Machine, machine
from depthtransfer.sweeps.grid import ExperimentRuns, load_runs

_SHARED = "all"


def price_list(target: Target, machines: Sequence[str]) -> str:
    """Return a Markdown table: one row a figure whose runs or solutions the target has, and one for all together.

    Raises:
        UserError: if a machine is unknown or a configuration is wrong.
    """
    places = [machine(name) for name in machines]
    sweeps = {name: load_runs(target.preset, name) for name in target.experiments}
    needed = {name: {place.name: _cost(sweep, place) for place in places} for name, sweep in sweeps.items()}
    theory = {study: _theory_seconds(target.preset, study) for study in target.studies}
    headings = ("figure", "runs", "PFLOP", "GiB of GPU", "GiB of disk", *(f"{place.name}, h" for place in places))
    rows = [(*headings, "theory, core h"), tuple("---" for _ in (*headings, ""))]
    for figure in figures.names():
        experiments, studies = figures.load(figure).EXPERIMENTS, figures.studies(figure)
        if set(experiments) <= sweeps.keys() and set(studies) <= theory.keys():
            rows.append(_row(f"`{figure}`", experiments, studies, sweeps, needed, theory, places))
    rows.append(_row(_SHARED, target.experiments, target.studies, sweeps, needed, theory, places))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _row(
    name: str,
    experiments: Sequence[str],
    studies: Sequence[str],
    sweeps: Mapping[str, ExperimentRuns],
    needed: Mapping[str, Mapping[str, JobCost]],
    theory: Mapping[str, float],
    places: Sequence[Machine],
) -> tuple[str, ...]:
    requests = {each.spec.key: each for name in experiments for each in sweeps[name].requests}
    of_each = {place.name: [needed[name][place.name] for name in experiments] for place in places}
    first = of_each[places[0].name] if places else []
    return (
        name,
        str(len(requests)) if requests else "",
        f"{sum(each.flops for each in requests.values()) / 1e15:.0f}" if requests else "",
        f"{max(each.gpu_mem_mb for each in first) / 1024:.1f}" if first else "",
        f"{sum(each.disk_mb for each in first) / 1024:.2f}" if first else "",
        *(_hours(sum(each.seconds for each in group)) if group else "" for group in of_each.values()),
        _hours(sum(theory[study] for study in studies)) if studies else "",
    )


def _cost(sweep: ExperimentRuns, place: Machine) -> JobCost:
    return job_cost(sweep.requests, sweep.declarations, place)


def _theory_seconds(preset: str, study: str) -> float:
    from depthtransfer.configuration import load_theory
    from depthtransfer.pricing.theory import seconds
    from depthtransfer.studies.plan import solutions

    return seconds(solutions(load_theory(preset), study))


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.0f}" if hours >= 9.95 else f"{hours:.2g}"
