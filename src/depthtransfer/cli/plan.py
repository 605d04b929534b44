"""`depthtransfer plan`: what targets cost, before anything starts."""

import argparse
import json

from rich.table import Table

from depthtransfer.cli.options import add_workers, positive_number, print_table, table
from depthtransfer.configuration import DEFAULT_PRESET
from depthtransfer.pricing.plan import TargetCost, cost_of
from depthtransfer.targets import resolve

DEFAULT_MACHINES = "a100,h100"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument(
        "target",
        nargs="+",
        help="what Snakemake builds (figures/paper/fig1.pdf, results/smoke/report.html, all), a figure, an experiment",
    )
    parser.add_argument("--preset", help=f"preset of bare names (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--on",
        default=DEFAULT_MACHINES,
        metavar="NAMES",
        help="GPUs of config/machines.yaml to count on too, with commas between; 8xrtx4090 is a machine with eight "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--shard-minutes",
        type=positive_number,
        metavar="M",
        help="also show the jobs of about so many minutes that a cluster would get on the named GPUs",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--no-measure",
        action="store_true",
        help="estimate with typical speeds instead of timing this machine",
    )
    add_workers(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is stored, what is missing and what that costs."""
    cost = cost_of(
        [resolve(target, arguments.preset) for target in arguments.target],
        on=tuple(dict.fromkeys(name for name in arguments.on.split(",") if name)),
        workers=arguments.workers,
        measured=not arguments.no_measure,
        shard_minutes=arguments.shard_minutes,
    )
    if arguments.json:
        print(json.dumps(cost.content(), indent=2))
    else:
        show(cost, ", ".join(arguments.target))
    return 0


def show(cost: TargetCost, title: str) -> None:
    """Print tables and what they mean."""
    if cost.studies:
        print_table(_theory(cost, title))
    if cost.experiments:
        print_table(_training(cost, title))
    if any(each.jobs for each in cost.experiments):
        print_table(_jobs(cost))
    print(*_notes(cost), sep="\n")


def _theory(cost: TargetCost, title: str) -> Table:
    shown = table(f"{title}: theory", "study", "solutions", "stored", "to solve", "here")
    for each in cost.studies:
        counts = (each.solutions, each.stored, each.solutions - each.stored)
        shown.add_row(each.study, *map(str, counts), duration(each.seconds))
    return shown


def _training(cost: TargetCost, title: str) -> Table:
    places = [place.name for place in cost.machines]
    presets = ", ".join(dict.fromkeys(each.sweep.preset for each in cost.experiments))
    shown = table(f"{title} ({presets})", "experiment", "runs", "stored", "to train", "PFLOP", "GiB", *places)
    for each in cost.experiments:
        runs, missing = len(each.sweep.requests), len(each.missing)
        shown.add_row(
            each.sweep.experiment,
            *map(str, (runs, runs - missing, missing)),
            f"{each.flops / 1e15:.0f}" if each.flops >= 1e18 else f"{each.flops / 1e15:.3g}",
            f"{each.memory / 2**30:.2g}",
            *(duration(each.cost[name].seconds) for name in places),
        )
    return shown


def _jobs(cost: TargetCost) -> Table:
    headings = ("experiment", "on", "jobs", "workers", "time each", "asks for", "GiB of host", "GiB of GPU")
    shown = table("jobs of the cluster's profile", *headings)
    for each in cost.experiments:
        for name, jobs in each.jobs.items():
            sizes = (jobs.asked.mem_mb, jobs.most.gpu_mem_mb)
            shown.add_row(
                each.sweep.experiment,
                name if jobs.asked.gpus else "cpu",
                *map(str, (jobs.count, jobs.asked.workers)),
                *map(duration, (jobs.most.seconds, 60 * jobs.asked.minutes)),
                *(f"{size / 1024:.3g}" for size in sizes),
            )
    return shown


def _notes(cost: TargetCost) -> list[str]:
    how = "timed just now" if cost.measured else "typical"
    lines = [f"Here at most {duration(3600 * cost.hours('here'))} on {cost.workers} cores, speed {how}."]
    if cost.studies:
        lines.append("The theory is solved on this machine's processor; its time is typical.")
    if not cost.experiments:
        return lines
    for place in cost.machines[1:]:
        what = "all of them" if place.gpus > 1 else "one GPU"
        lines.append(f"{place.title}: {duration(3600 * cost.hours(place.name))} of {what}, a run at a time on each.")
    lines += [
        f"{each.sweep.experiment} needs {each.cost[place.name].gpu_mem_mb / 1024:.1f} GiB of {place.title}, "
        f"which has {place.gpu_bytes / 2**30:.0f}: its largest networks do not fit."
        for each in cost.experiments
        for place in cost.machines
        if place.gpu_bytes is not None and each.cost[place.name].gpu_mem_mb * 2**20 > place.gpu_bytes
    ]
    return [
        *lines,
        "PFLOP and times: of the runs to train, none of them diverging. A run that diverges ends there: in reference",
        "a third of the time was not spent. GiB: tensors of the largest network's training step, beside torch and the",
        f"images. Disk: {cost.disk_mb} MiB of runs and tables.",
    ]


def duration(seconds: float) -> str:
    """A time in minutes or hours, with two digits, or more where they count."""
    if seconds == 0:
        return "0"
    number, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.2g} {unit}"
