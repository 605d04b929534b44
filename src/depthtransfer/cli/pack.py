"""`depthtransfer pack`: stored runs of an experiment in one file."""

import argparse
from pathlib import Path

from depthtransfer.cli.options import add_sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_sweep(parser)
    parser.add_argument("--output", type=Path, required=True, help="file to write, such as results/committed/x.parquet")


def run(arguments: argparse.Namespace) -> int:
    """Read and verify every run of the experiment and write them as one pack.

    Raises:
        StoreError: if a run is missing or damaged.
    """
    from depthtransfer.errors import StoreError
    from depthtransfer.sweeps.refinement import load_refined
    from depthtransfer.sweeps.store import Store
    from depthtransfer.tables.atomic import write_atomic
    from depthtransfer.tables.records import encode

    sweep = load_refined(arguments.preset, arguments.experiment)
    keys = [request.spec.key for request in sweep.requests]
    records = Store.default().read(keys)
    if missing := len(keys) - len(records):
        raise StoreError(
            f"{missing} of {len(keys)} runs of {arguments.preset}/{arguments.experiment} are not stored",
            f"run: depthtransfer train {arguments.experiment} --preset {arguments.preset}",
        )
    content = encode(record for record, _ in records.values())
    write_atomic(arguments.output, content)
    print(f"{arguments.output}: {len(records)} runs, {len(content) / 1e6:.1f} MB")
    return 0
