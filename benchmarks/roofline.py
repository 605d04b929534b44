"""How much of the rate of its bare convolutions a training step reaches, on one thread."""

import math
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from benchmarks import convolutions, images, machine
from benchmarks.cells import BATCH_SIZE, DTYPES, PRECISIONS, Cell
from benchmarks.report import Measurement
from benchmarks.timing import Settings, Timed, in_turns, median, repeated, spread
from benchmarks.workers import specification
from depthtransfer.data import Declaration
from depthtransfer.sweeps.execution import Executor
from depthtransfer.training.process import keep_freed_memory, make_deterministic

COMPUTE_BOUND_FROM = 2 / 3
"""A cell is compute-bound when its bare convolutions reach this share of the rate of matrix products: then twice the
time goes into arithmetic at the machine's limit than into everything else (memory traffic, layouts, calls)."""

TARGET = 0.8
_TRIAL_STEPS = 10


def measure(cells: Sequence[Cell], settings: Settings) -> list[Measurement]:
    """Return, for each cell and precision, the rate of training steps over that of the bare convolutions."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        declared = images.prepare(Path(folder))
        executor = Executor({images.NAME: declared}, Path(folder), "cpu")
        return [_share(cell, precision, executor, declared, settings) for precision in PRECISIONS for cell in cells]


def _share(cell: Cell, precision: str, executor: Executor, declared: Declaration, settings: Settings) -> Measurement:
    layers = convolutions.convolutions(cell, getattr(torch, DTYPES[precision]))
    step, bare, product = in_turns(
        [
            _training(cell, precision, executor, declared, settings.seconds),
            repeated(partial(convolutions.step, layers), settings.seconds),
            machine.matrix_product(precision, settings.seconds / 4),
        ],
        settings.repetitions,
    )
    shares = [one / other for one, other in zip(bare, step, strict=True)]
    arithmetic = cell.cost.step_flops * BATCH_SIZE / median(bare) / (machine.OPERATIONS / median(product))
    bound = arithmetic >= COMPUTE_BOUND_FROM
    return Measurement(
        "roofline",
        f"{cell} {precision}: step against bare convolutions",
        median(shares),
        "x",
        spread=spread(shares),
        at_least=TARGET if bound else None,
        note=f"step {median(step) * 1e3:.3g} ms, bare {median(bare) * 1e3:.3g} ms at {arithmetic:.0%} of a "
        f"matrix product's rate: {'compute-bound' if bound else 'not compute-bound, no target'}",
    )


def _training(cell: Cell, precision: str, executor: Executor, declared: Declaration, seconds: float) -> Timed:
    """Return a measurement of one training step as a worker makes it, batches and augmentation included.

    The switches of determinism are the worker's; the bare convolutions run without them.
    """

    def run(steps: int) -> float:
        spec = specification(cell, declared, steps=steps, precision=precision, seed=0)
        make_deterministic()
        keep_freed_memory()
        took: float = executor.run(spec, lambda step, loss: None).provenance["seconds"]
        torch.use_deterministic_algorithms(False)
        return took / steps

    run(_TRIAL_STEPS)
    steps = max(_TRIAL_STEPS, math.ceil(seconds / run(_TRIAL_STEPS)))
    return partial(run, steps)
