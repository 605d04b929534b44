"""A bill as tables on a terminal."""

from typing import TYPE_CHECKING

from depthtransfer.cli.bill import Bill
from depthtransfer.pricing.machines import CPU, HERE

if TYPE_CHECKING:
    from rich.table import Table


_NARROWEST = 110
"""Columns; numbers are not cut where the output is narrower."""


def show(bill: Bill, title: str) -> None:
    """Print tables and what they mean."""
    from rich.console import Console

    console = Console()
    console.width = max(console.width, _NARROWEST)
    if bill.studies:
        console.print(_theory(bill, title))
    if bill.prices:
        console.print(_training(bill, title))
    if any(price.shards for price in bill.prices):
        console.print(_jobs(bill))
    for line in _notes(bill):
        console.print(line, highlight=False)


def _theory(bill: Bill, title: str) -> "Table":
    table = _table(f"{title}: theory", "study", "solutions", "stored", "to solve", HERE)
    for each in bill.studies:
        counts = (each.solutions, each.stored, each.solutions - each.stored)
        table.add_row(each.study, *map(str, counts), duration(each.seconds))
    return table


def _training(bill: Bill, title: str) -> "Table":
    places = [place.name for place in bill.machines]
    presets = ", ".join(dict.fromkeys(price.sweep.preset for price in bill.prices))
    headings = ("experiment", "runs", "stored", "to train", "PFLOP", "GiB", *places)
    table = _table(f"{title} ({presets})", *headings)
    for price in bill.prices:
        runs, missing = len(price.sweep.requests), len(price.missing)
        table.add_row(
            price.sweep.experiment,
            *map(str, (runs, runs - missing, missing)),
            f"{price.flops / 1e15:.0f}" if price.flops >= 1e18 else f"{price.flops / 1e15:.3g}",
            f"{price.memory / 2**30:.2g}",
            *(duration(price.needs[name].seconds) for name in places),
        )
    return table


def _jobs(bill: Bill) -> "Table":
    headings = ("experiment", "on", "jobs", "workers", "time each", "asks for", "GiB of host", "GiB of GPU")
    table = _table("jobs of the cluster's profile", *headings)
    for price in bill.prices:
        for name, split in price.shards.items():
            sizes = (split.asked.mem_mb, split.most.gpu_mem_mb)
            table.add_row(
                price.sweep.experiment,
                name if split.asked.gpus else CPU,
                *map(str, (split.count, split.asked.workers)),
                *map(duration, (split.most.seconds, 60 * split.asked.minutes)),
                *(f"{size / 1024:.3g}" for size in sizes),
            )
    return table


def _table(title: str, *headings: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", no_wrap=True)
    return table


def _notes(bill: Bill) -> list[str]:
    disk = sum(price.needs[HERE].disk_mb for price in bill.prices)
    how = "timed just now" if bill.measured else "typical"
    likely = duration(3600 * bill.hours(None, likely=True))
    lines = [
        f"Here at most {duration(3600 * bill.hours(None))} on {bill.workers} cores, speed {how}.",
        f"Likely {likely}: if as many runs diverge as did of those that are stored of these experiments.",
    ]
    if bill.studies:
        lines.append("The theory is solved on this machine's processor; its time is typical.")
    if bill.prices:
        lines += [
            f"{place.title}: {duration(3600 * bill.hours(place.name))} of one GPU, a run at a time."
            for place in bill.machines[1:]
        ]
        lines += [
            f"{price.sweep.experiment} needs {price.needs[place.name].gpu_mem_mb / 1024:.1f} GiB of {place.title}, "
            f"which has {place.gpu_bytes / 2**30:.0f}: its largest networks do not fit."
            for price in bill.prices
            for place in bill.machines
            if place.gpu_bytes is not None and price.needs[place.name].gpu_mem_mb * 2**20 > place.gpu_bytes
        ]
        lines.append("PFLOP and times: of the runs to train, none of them diverging early. GiB: tensors of the largest")
        lines.append(f"network's training step, beside torch and the images. Disk: {disk} MiB of runs and tables.")
    return lines


def duration(seconds: float) -> str:
    """A time in minutes or hours, with two digits, or more where they count."""
    if seconds == 0:
        return "0"
    number, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.2g} {unit}"
