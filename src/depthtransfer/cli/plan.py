"""`depthtransfer plan`: what targets cost, before anything starts."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from depthtransfer.cli.options import add_workers, positive_number
from depthtransfer.configuration import DEFAULT_PRESET

if TYPE_CHECKING:
    from depthtransfer.cli.bill import Bill
    from depthtransfer.cli.targets import Target
    from depthtransfer.pricing.budget import Budget

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
        help="GPUs of config/machines.yaml to price too, with commas between (default: %(default)s)",
    )
    parser.add_argument(
        "--budget",
        metavar="HOURS",
        help="refuse what costs more: 10h, 90min or 2d here; 500h@a100 counts the hours of one GPU",
    )
    parser.add_argument(
        "--shard-minutes",
        type=positive_number,
        metavar="M",
        help="also show the jobs of about so many minutes that a cluster would get on the named GPUs",
    )
    parser.add_argument(
        "--price-list",
        action="store_true",
        help="print what each figure costs from nothing, at typical speed (Markdown)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--no-measure",
        action="store_true",
        help="estimate with typical speeds instead of timing this machine",
    )
    add_workers(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is stored, what is missing and what that costs; refuse what exceeds the budget."""
    from depthtransfer.cli.bill_tables import show
    from depthtransfer.cli.targets import resolve
    from depthtransfer.pricing.budget import Budget

    targets = [resolve(target, arguments.preset) for target in arguments.target]
    if arguments.price_list:
        from depthtransfer.cli.price_list import price_list

        print("\n".join(price_list(target, _named(arguments.on)) for target in targets), end="")
        return 0
    budget = Budget.parse(arguments.budget) if arguments.budget else None
    made = _bill(arguments, targets, budget)
    if arguments.json:
        print(json.dumps(made.content(), indent=2))
    else:
        show(made, ", ".join(arguments.target))
    if budget is not None:
        budget.check(made.hours(budget.machine), " ".join(arguments.target))
    return 0


def _bill(arguments: argparse.Namespace, targets: "Sequence[Target]", budget: "Budget | None") -> "Bill":
    from depthtransfer.cli.bill import make_bill

    names = _named(arguments.on)
    if budget is not None and budget.machine is not None:
        names.append(budget.machine)
    return make_bill(
        targets,
        machines=tuple(dict.fromkeys(names)),
        workers=arguments.workers,
        measured=not arguments.no_measure,
        shard_minutes=arguments.shard_minutes,
    )


def _named(text: str) -> list[str]:
    return [name for name in text.split(",") if name]
