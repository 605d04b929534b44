"""A process that times training steps: `python -m depthtransfer.pricing.timing`.

It reads one JSON line of setup and one of specification a network from standard input, and writes one JSON line an
answer to standard output. Networks train as in a worker, on random pixels and at a learning rate of almost nothing.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from depthtransfer.errors import UserError

if TYPE_CHECKING:
    from depthtransfer.data import Dataset, Declaration
    from depthtransfer.sweeps.spec import RunSpec


SECONDS = 0.2
"""How long a network is trained for one of its timings, at least."""
_TIMINGS = 3
_FEWEST, _MOST = 2, 100
_LEAST = 1e-6
_LEARNING_RATE = 1e-12
_BATCHES = 4
"""Distinct batches of random pixels."""


def main(commands: TextIO, answers: TextIO) -> int:
    """Serve until standard input ends; what the user can put right is an answer too."""

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    try:
        serve(commands, answer)
    except UserError as error:
        answer({"error": error.what, "remedy": error.remedy})
        return error.exit_code
    return 0


def serve(commands: TextIO, answer: Callable[[dict[str, Any]], None]) -> None:
    """Say what this process trains on, then how long each network takes."""
    import torch

    from depthtransfer.data import Declaration
    from depthtransfer.sweeps.spec import RunSpec
    from depthtransfer.sweeps.worker import prepared

    setup = json.loads(commands.readline())
    declarations = {name: Declaration.model_validate(d) for name, d in setup["declarations"].items()}
    device = prepared(setup["device"])
    memory = torch.cuda.get_device_properties(0).total_memory if device == "cuda" else None
    answer({"device": device, "gpu_bytes": memory, "start": time.process_time()})
    while line := commands.readline():
        spec = RunSpec.from_fields(json.loads(line))
        answer(timed(spec, declarations[spec.dataset], device))


def timed(spec: "RunSpec", declaration: "Declaration", device: str) -> dict[str, float]:
    """Seconds of one training step, and of a run beside its steps.

    On a processor it is the time that this process computed, so that what else runs now does not count; otherwise it is
    wall time. Of a few timings the least, for the same reason.
    """
    from depthtransfer.data import Dataset
    from depthtransfer.sweeps.execution import Executor

    class RandomPixels(Executor):
        """An executor that needs no files."""

        def dataset(self, name: str) -> Dataset:
            return pixels

    pixels = random_pixels(spec, declaration)
    executor = RandomPixels({}, Path(), device)
    tiny = replace(spec, learning_rate=_LEARNING_RATE, warmup=0, probe_steps=(), probe_images=0, probe_blocks=False)
    clock = time.process_time if device == "cpu" else time.perf_counter

    def run(steps: int) -> float:
        started = clock()
        executor.run(replace(tiny, steps=steps))
        return clock() - started

    run(_FEWEST)
    few = min(run(_FEWEST) for _ in range(_TIMINGS))
    more = _FEWEST + min(_MOST, max(_FEWEST, round(SECONDS * _FEWEST / few)))
    step = max(min(run(more) for _ in range(_TIMINGS)) - few, _LEAST) / (more - _FEWEST)
    return {"step": step, "beside": max(few - _FEWEST * step, 0.0)}


def random_pixels(spec: "RunSpec", declaration: "Declaration") -> "Dataset":
    """A few batches of the declared form."""
    import numpy as np

    from depthtransfer.data import Dataset

    rng = np.random.default_rng(0)
    count = min(declaration.train_images, _BATCHES * spec.batch_size)
    form = (count, declaration.channels, declaration.image_size, declaration.image_size)
    labels = rng.integers(declaration.classes, size=count)
    names = tuple(map(str, range(declaration.classes)))
    return Dataset(spec.dataset, rng.integers(256, size=form, dtype=np.uint8), labels, names, declaration)


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
