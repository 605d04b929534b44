"""How fast this machine trains: some steps of a few of the networks that are to be trained, as many side by side."""

import json
import math
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from depthtransfer.data.declaration import Declaration
from depthtransfer.errors import UserError
from depthtransfer.pricing.machines import CPU, HERE, Machine, machine
from depthtransfer.sweeps.grid import Request
from depthtransfer.sweeps.pool import ONE_THREAD
from depthtransfer.sweeps.shards import TYPICAL, Estimate

_LIKE_A_GPU = "a100"
"""What a GPU that is timed is taken for between the networks that were timed."""
_LONGEST_STEP = 0.5
"""Of a network that is timed, where there is a choice (s, typically)."""
_NEAREST = 2.0**-20
_LOADING = 2.0
"""The command itself, and its data set: seconds before the first step, beside a worker's own start."""

Family = tuple[str, str, str, int]


def family(request: Request) -> Family:
    """What is timed together: architecture, precision, images and batch."""
    spec = request.spec
    return spec.model, spec.precision, spec.dataset, spec.batch_size


@dataclass(frozen=True)
class Timed:
    """One network's step against what the base estimate says of it.

    Args:
        width, depth: of the network.
        ratio: measured over estimated time.
    """

    width: int
    depth: int
    ratio: float


@dataclass(frozen=True)
class Calibrated:
    """An estimate corrected by timings, each weighing by its nearness in log2 of width and depth.

    Args:
        base: what is corrected.
        timings: of each family.
    """

    base: Estimate
    timings: Mapping[Family, Sequence[Timed]]

    def seconds(self, request: Request) -> float:
        """Estimated wall time of one run on one of the workers that were timed side by side (s)."""
        return self.base.seconds(request) * self.ratio(request)

    def device_seconds(self, request: Request) -> float:
        """None: workers that shared a device were timed while they did."""
        return 0.0

    def ratio(self, request: Request) -> float:
        """Measured over estimated time, between and beyond the timed networks; 1 for what was not timed."""
        spec = request.spec
        near = [
            (math.log2(t.width / spec.width) ** 2 + math.log2(t.depth / spec.depth) ** 2 + _NEAREST, t.ratio)
            for t in self.timings.get(family(request), ())
        ]
        weights = sum(1 / distance for distance, _ in near)
        return math.exp(sum(math.log(ratio) / distance for distance, ratio in near) / weights) if near else 1.0


def chosen(requests: Iterable[Request]) -> list[Request]:
    """Networks to time: in each family the narrowest and widest, each the shallowest and deepest, of short steps."""
    families: dict[Family, dict[tuple[int, int], Request]] = defaultdict(dict)
    for request in requests:
        families[family(request)].setdefault((request.spec.width, request.spec.depth), request)
    found: list[Request] = []
    for cells in families.values():
        short = {k: r for k, r in cells.items() if TYPICAL.seconds(r) <= _LONGEST_STEP * r.spec.steps}
        short = short or dict([min(cells.items(), key=lambda cell: TYPICAL.seconds(cell[1]) / cell[1].spec.steps)])
        for width in sorted({min(width for width, _ in short), max(width for width, _ in short)}):
            depths = [depth for w, depth in short if w == width]
            found += [short[width, depth] for depth in sorted({min(depths), max(depths)})]
    return found


def measure(
    requests: Iterable[Request],
    declarations: Mapping[str, Declaration],
    device: str,
    workers: int,
    config: Path = Path("config"),
) -> Machine:
    """Time networks like those of the runs, on as many processes as workers, and return this machine.

    Raises:
        UserError: if a process cannot train here.
    """
    cells = chosen(requests)
    setup = {
        "device": device,
        "declarations": {
            name: declarations[name].model_dump(mode="json") for name in {each.spec.dataset for each in cells}
        },
    }
    lines = "".join(json.dumps(content) + "\n" for content in (setup, *(each.spec.fields() for each in cells)))
    with ThreadPoolExecutor(workers) as threads:
        answers = list(threads.map(_timed, [lines] * workers))
    found, times = answers[0][0], [of_cells for _, of_cells in answers]
    like = machine(CPU if found["device"] == "cpu" else _LIKE_A_GPU, config)
    return Machine(
        name=HERE,
        title="this machine",
        speed=corrected(like.speed, cells, [fmean(each["step"] for each in of) for of in zip(*times, strict=True)]),
        gpu_bytes=found["gpu_bytes"],
        decoding_threads=like.decoding_threads,
        start_seconds=_LOADING + fmean(about["start"] for about, _ in answers),
        run_seconds=fmean(each["beside"] for of_cells in times for each in of_cells),
    )


def corrected(base: Estimate, cells: Sequence[Request], steps: Sequence[float]) -> Calibrated:
    """An estimate that is right about these networks, each of whose steps takes so long (s)."""
    timings: dict[Family, list[Timed]] = defaultdict(list)
    for cell, step in zip(cells, steps, strict=True):
        ratio = step * cell.spec.steps / base.seconds(cell)
        timings[family(cell)].append(Timed(cell.spec.width, cell.spec.depth, ratio))
    return Calibrated(base, dict(timings))


def _timed(lines: str) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """What a timing process found, and its answers."""
    with subprocess.Popen(
        [sys.executable, "-m", "depthtransfer.pricing.timing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ONE_THREAD,
    ) as process:
        printed, _ = process.communicate(lines)
    answers = [json.loads(line) for line in printed.splitlines()]
    if process.returncode:
        refused = next((each for each in answers if "error" in each), None)
        what, remedy = (refused["error"], refused["remedy"]) if refused else ("a process failed", "see above for why")
        raise UserError(f"this machine cannot be timed: {what}", f"{remedy}; or give --no-measure")
    return answers[0], answers[1:]
