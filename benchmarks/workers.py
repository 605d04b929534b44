"""The project's own worker processes, and runs for them."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.cells import BATCH_SIZE, Cell
from benchmarks.images import NAME
from benchmarks.lane import Lane
from depthtransfer.data import Declaration
from depthtransfer.scaling import Constants, Optimizer, Scheme
from depthtransfer.sweeps.spec import RunSpec

LEARNING_RATE = 2.0**-6
"""Far below the optimum, so that no run diverges and stops early."""


def start(stack: ExitStack, folder: Path, declared: Declaration) -> Lane:
    """Return a worker with one thread that reads its images and keeps its runs below a folder."""
    lane = stack.enter_context(Lane("depthtransfer.sweeps.worker", threads=1))
    lane.send(
        {
            "device": "cpu",
            "store": str(folder / "store"),
            "data_directory": str(folder),
            "declarations": {NAME: declared.model_dump(mode="json")},
        }
    )
    return lane


def finish(lane: Lane) -> dict[str, Any]:
    """Wait until a worker has stored its run.

    Raises:
        RuntimeError: if the run diverged, since a run that stops early measures nothing.
    """
    done = lane.receive("done")
    if done["status"] != "ok":
        raise RuntimeError(f"a run that should train diverged: {done}")
    return done


def specification(cell: Cell, declared: Declaration, *, steps: int, precision: str, seed: int) -> RunSpec:
    """Return a run of the paper's recipe: muP with 1/sqrt(L), plain SGD, crop, flip and rotation."""
    return RunSpec(
        model="cnn",
        width=cell.width,
        depth=cell.depth,
        scheme=Scheme.MUP_SQRT_DEPTH,
        constants=Constants(),
        optimizer=Optimizer.SGD,
        learning_rate=LEARNING_RATE,
        momentum=0.0,
        weight_decay=0.0,
        schedule="constant",
        warmup=0,
        dataset=NAME,
        data_identity=declared.identity,
        batch_size=BATCH_SIZE,
        crop_padding=4,
        flip=True,
        rotation_degrees=10.0,
        steps=steps,
        seed=seed,
        precision=precision,
    )
