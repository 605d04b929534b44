"""Peak memory of one training process on images like CIFAR-10."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import images
from benchmarks.cells import BATCH_SIZE, SHAPE, Cell
from benchmarks.lane import ROOT
from benchmarks.report import Measurement
from benchmarks.timing import Settings
from benchmarks.workers import finish, specification, start
from depthtransfer.sweeps.grid import Request, load_runs

PRESET, EXPERIMENT = "desktop", "cnn_learning_rate"
_STEPS = 10


def measure(cells: Sequence[Cell], settings: Settings) -> list[Measurement]:
    """Return the peak resident size (GiB) of a worker that has seen every image and trained the largest network."""
    largest = max(load_runs(PRESET, EXPERIMENT, ROOT / "config").requests, key=_activations)
    chosen = Cell(largest.spec.width, largest.spec.depth)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        declared = images.prepare(folder)
        worker = start(stack, folder, declared)
        runs = [(Cell(width=1, depth=3), images.COUNT // BATCH_SIZE), (chosen, _STEPS)]
        for cell, steps in runs:
            spec = specification(cell, declared, steps=steps, precision=largest.spec.precision, seed=0)
            worker.send(spec.fields())
            finish(worker)
        peak = _peak(worker.process.pid)
    return [
        Measurement(
            "memory",
            "peak resident size of one worker",
            peak / 2**30,
            "GiB",
            at_most=2.0,
            note=f"{images.COUNT} images of {SHAPE.size} pixels, {chosen} of the {PRESET} preset",
        )
    ]


def _activations(request: Request) -> int:
    """What the activations kept for the backward pass grow with; weights are small beside them."""
    return request.spec.width * request.spec.depth


def _peak(pid: int) -> int:
    """Return the high-water mark of a living process's resident size (bytes), mapped images included."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/PID/status has no VmHWM; this benchmark needs Linux")
