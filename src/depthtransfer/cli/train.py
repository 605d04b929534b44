"""`depthtransfer train`: the runs of an experiment, or of one shard of it."""

import argparse
from pathlib import Path

from depthtransfer.cli.options import add_log, add_sweep, add_workers, interrupt_on_termination, open_log
from depthtransfer.data import default_data_directory
from depthtransfer.errors import ConfigurationError
from depthtransfer.files import write_atomic
from depthtransfer.pricing.jobs import Jobs
from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.sweeps.runner import ensure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_sweep(parser)
    add_workers(parser)
    add_log(parser)
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="share I of N equal ones (default: %(default)s)")
    parser.add_argument(
        "--machine",
        default="cpu",
        help="what the shares are to be equal on: cpu or a GPU's name (default: %(default)s)",
    )
    parser.add_argument("--manifest", type=Path, help="file that lists the shard's runs once all are stored")


def run(arguments: argparse.Namespace) -> int:
    """Train what is missing, then write the manifest."""
    interrupt_on_termination()
    sweep = load_runs(arguments.preset, arguments.experiment)
    index, count = parse_shard(arguments.shard)
    requests = Jobs.of({"machine": arguments.machine}).shares(sweep, count)[index - 1]
    with open_log(arguments.log) as log:
        trained = ensure(
            sweep,
            requests,
            Store.default(),
            data_directory=default_data_directory(),
            workers=arguments.workers,
            log=log,
        )
        summary = f"{sweep.preset}/{sweep.experiment}: {len(requests)} runs, {trained} trained, the others stored"
        print(summary, file=log)
    if arguments.manifest:
        lines = "".join(f"{key}\n" for key in sorted(request.spec.key for request in requests))
        write_atomic(arguments.manifest, lines.encode())
    return 0


def parse_shard(text: str) -> tuple[int, int]:
    """Return (I, N) of a share written I/N."""
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise ConfigurationError(f"--shard {text}", "write I/N with 1 <= I <= N, such as 2/8")
    return int(index), int(count)
