"""`depthtransfer plan`: what a target needs, before anything starts."""

import argparse

from depthtransfer.cli.options import add_workers
from depthtransfer.configuration import DEFAULT_PRESET


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("target", help="figures/fig1.pdf, figures/paper/fig1.pdf, fig1, or an experiment")
    parser.add_argument("--preset", help=f"preset of a bare name (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--no-measure",
        action="store_true",
        help="estimate with typical speeds instead of timing this machine",
    )
    add_workers(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one row per experiment and study, and the total."""
    from rich.console import Console
    from rich.table import Table

    from depthtransfer.cli.studied import progress
    from depthtransfer.cli.targets import resolve, studies
    from depthtransfer.sweeps.estimate import TYPICAL
    from depthtransfer.sweeps.requests import load_sweep
    from depthtransfer.sweeps.store import Store

    preset, experiments = resolve(arguments.target, arguments.preset)
    if studied := studies(arguments.target):
        solved = Table("study", "solutions", "stored", "to solve", title=f"{arguments.target} ({preset})")
        for study in studied:
            solved.add_row(study, *map(str, progress(preset, study)))
        Console().print(solved)
        if not experiments:
            return 0
    sweeps = [load_sweep(preset, experiment) for experiment in experiments]
    store = Store.default()
    absent = set(store.missing(request.spec.key for sweep in sweeps for request in sweep.requests))
    speed = TYPICAL
    if absent and not arguments.no_measure:
        from depthtransfer.sweeps.calibration import measure

        speed = measure()
    table = Table(title=f"{arguments.target} ({preset})")
    measured = bool(absent) and not arguments.no_measure
    headings = ["experiment", "runs", "stored", "to train", "PFLOP to train", "hours here"]
    for heading in [*headings, "GiB a run"] if measured else headings:
        table.add_column(heading, justify="left" if heading == "experiment" else "right")
    hours = 0.0
    for sweep in sweeps:
        missing = [request for request in sweep.requests if request.spec.key in absent]
        seconds = speed.total(missing) / arguments.workers
        longest = max(map(speed.seconds, missing), default=0.0)
        hours += max(seconds, longest) / 3600
        flops = sum(request.flops for request in missing)
        table.add_row(
            sweep.experiment,
            str(len(sweep.requests)),
            str(len(sweep.requests) - len(missing)),
            str(len(missing)),
            f"{flops / 1e15:.3g}",
            f"{max(seconds, longest) / 3600:.2g}",
            *([f"{max(each.memory for each in sweep.requests) / 2**30:.3g}"] if measured else []),
        )
    console = Console()
    console.print(table)
    if measured:
        console.print("GiB a run: tensors of the largest network's training step, beside torch and the images.")
    how = "typical" if speed is TYPICAL else "measured here"
    console.print(
        f"At most {hours * 60:.3g} min on {arguments.workers} cores of this machine, if no run diverges early "
        f"(speed {how}: {speed.flops_per_second / 1e9:.0f} GFLOP/s a core, "
        f"{speed.seconds_per_kernel * 1e6:.0f} µs an operation)."
    )
    return 0
