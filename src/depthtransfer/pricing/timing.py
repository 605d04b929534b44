"""This machine timed: some steps of a network of each architecture, in as many processes as will train side by side.

`python -m depthtransfer.pricing.timing` is one of these processes. It reads a JSON line of setup and one of
specification a network, and answers in JSON lines. Networks train as in a worker, on random pixels.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, TextIO

from depthtransfer.data.declaration import Declaration
from depthtransfer.errors import UserError
from depthtransfer.pricing.machines import CPU, HERE, Machine, machine
from depthtransfer.sweeps.grid import Request
from depthtransfer.sweeps.pool import ONE_THREAD
from depthtransfer.sweeps.shards import TYPICAL
from depthtransfer.sweeps.spec import RunSpec

SECONDS = 0.3
"""How long a network is trained for one of its timings, about."""
_LONGEST_STEP = 0.5
"""Of a network that is timed, where there is a choice (s, typically)."""
_LIKE_A_GPU = "a100"
"""What a GPU that is timed is taken for."""
_LOADING = 2.0
"""The command itself, and its data set: seconds before the first step, beside a worker's own start."""
_TIMINGS, _FEWEST, _MOST, _BATCHES = 3, 2, 100, 4


def measure(requests: Iterable[Request], declarations: Mapping[str, Declaration], device: str, workers: int) -> Machine:
    """Return this machine, timed on networks like those of the runs.

    Raises:
        UserError: if a process cannot train here.
    """
    cells = chosen(requests)
    used = {name: declarations[name].model_dump(mode="json") for name in {cell.spec.dataset for cell in cells}}
    lines = [{"device": device, "declarations": used}, *(cell.spec.fields() for cell in cells)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    with ThreadPoolExecutor(workers) as threads:
        answers = list(threads.map(_asked, [text] * workers))
    found = answers[0][0]
    like = machine(CPU if found["device"] == "cpu" else _LIKE_A_GPU)
    return replace(
        like,
        name=HERE,
        title="this machine",
        gpu_bytes=found["gpu_bytes"],
        start_seconds=_LOADING + fmean(answer[0]["start"] for answer in answers),
        slowness={
            cell.spec.model: fmean(answer[place]["step"] for answer in answers)
            / (like.speed.seconds(cell) / cell.spec.steps)
            for place, cell in enumerate(cells, start=1)
        },
    )


def chosen(requests: Iterable[Request]) -> list[Request]:
    """Of each architecture the network whose step costs the median of those that do not take long."""
    by_model: dict[str, list[Request]] = {}
    for request in requests:
        by_model.setdefault(request.spec.model, []).append(request)
    return [_median(of_model) for of_model in by_model.values()]


def _median(requests: list[Request]) -> Request:
    ordered = sorted(requests, key=_step)
    short = [request for request in ordered if _step(request) <= _LONGEST_STEP] or ordered[:1]
    return short[len(short) // 2]


def _step(request: Request) -> float:
    return TYPICAL.seconds(request) / request.spec.steps


def _asked(text: str) -> list[dict[str, Any]]:
    """The answers of a timing process: what it trains on, then the time of each network."""
    command = [sys.executable, "-m", "depthtransfer.pricing.timing"]
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        refused = next((answer for answer in answers if "error" in answer), None)
        what, remedy = (refused["error"], refused["remedy"]) if refused else ("a process failed", "see above for why")
        raise UserError(f"this machine cannot be timed: {what}", f"{remedy}; or give --no-measure")
    return answers


# ---- the process


def main(commands: TextIO, answers: TextIO) -> int:
    """Answer every line of standard input; what the user can put right is an answer too."""
    import torch

    from depthtransfer.sweeps.worker import prepared

    setup = json.loads(commands.readline())
    declarations = {name: Declaration.model_validate(said) for name, said in setup["declarations"].items()}
    try:
        device = prepared(setup["device"])
        memory = torch.cuda.get_device_properties(0).total_memory if device == "cuda" else None
        print(json.dumps({"device": device, "gpu_bytes": memory, "start": time.process_time()}), file=answers)
        for line in commands:
            spec = RunSpec.from_fields(json.loads(line))
            print(json.dumps({"step": step_seconds(spec, declarations[spec.dataset], device)}), file=answers)
    except UserError as error:
        print(json.dumps({"error": error.what, "remedy": error.remedy}), file=answers)
        return error.exit_code
    return 0


def step_seconds(spec: RunSpec, declaration: Declaration, device: str) -> float:
    """Seconds of one training step, the least of some timings.

    On a processor it is the time that this process computed, so that what else runs now does not count; otherwise it
    is wall time.
    """
    import numpy as np

    from depthtransfer.data import Dataset
    from depthtransfer.sweeps.execution import Executor

    rng = np.random.default_rng(0)
    count = min(declaration.train_images, _BATCHES * spec.batch_size)
    form = (count, declaration.channels, declaration.image_size, declaration.image_size)
    labels = rng.integers(declaration.classes, size=count)
    names = tuple(map(str, range(declaration.classes)))
    pixels = Dataset(spec.dataset, rng.integers(256, size=form, dtype=np.uint8), labels, names, declaration)
    executor = Executor({}, Path(), device, loaded={spec.dataset: pixels})
    tiny = replace(spec, learning_rate=1e-12, warmup=0, probe_steps=(), probe_images=0, probe_blocks=False)
    clock = time.process_time if device == "cpu" else time.perf_counter

    def run(steps: int) -> float:
        started = clock()
        executor.run(replace(tiny, steps=steps))
        return clock() - started

    run(_FEWEST)
    few = min(run(_FEWEST) for _ in range(_TIMINGS))
    more = _FEWEST + min(_MOST, max(_FEWEST, round(SECONDS * _FEWEST / few)))
    return max(min(run(more) for _ in range(_TIMINGS)) - few, 1e-6) / (more - _FEWEST)


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
