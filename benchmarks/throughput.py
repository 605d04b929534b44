"""Training steps per second of a sweep on both cores: this project's workers against plain torch.

The same runs, two of each kind, are trained both ways in turns: by two of the project's workers side by side, and
plainly, one after the other. All processes are warm. The workers' time is that of the whole run, from the order to the
stored result; the yardstick's begins after its model is built and its loader's queues are full.
"""

import math
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import images
from benchmarks.cells import CORES, PRECISIONS, Cell
from benchmarks.lane import Lane
from benchmarks.report import Measurement
from benchmarks.timing import Settings, in_turns, median, spread
from benchmarks.workers import finish, specification, start
from depthtransfer.data import Declaration

TARGETS = {"fp32": 1.5, "bf16": 2.5}
"""Least ratio to the yardstick in fp32, geometric mean over the grid."""

LOADER_WORKERS = (0, 2)
"""Processes of the DataLoader that people try on two cores; the faster is taken for each cell and precision."""

_RUNS = CORES
_TRIAL_STEPS = 20


@dataclass(frozen=True)
class Sides:
    """Warm processes of both ways of training.

    Args:
        workers: the project's workers, one a core.
        plain: the yardstick.
        declared: the images of both.
    """

    workers: Sequence[Lane]
    plain: Lane
    declared: Declaration

    def ours(self, cell: Cell, precision: str, steps: int) -> float:
        """Train one run in each worker at a time and return the seconds a step of either takes away."""
        started = time.perf_counter()
        for seed, lane in enumerate(self.workers):
            spec = specification(cell, self.declared, steps=steps, precision=precision, seed=seed)
            lane.send(spec.fields())
        for lane in self.workers:
            finish(lane)
        return (time.perf_counter() - started) / (steps * len(self.workers))

    def plainly(self, cell: Cell, precision: str, loader_workers: int, steps: int) -> float:
        """Train the same runs one after the other and return seconds per step."""
        request = {"width": cell.width, "depth": cell.depth, "steps": steps, "precision": precision}
        seconds = 0.0
        for _ in range(_RUNS):
            self.plain.send(request | {"workers": loader_workers})
            seconds += self.plain.receive("done")["seconds"]
        return seconds / (steps * _RUNS)


def measure(cells: Sequence[Cell], settings: Settings) -> list[Measurement]:
    """Return rates and ratios per cell, and the geometric means that have a target."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        declared = images.prepare(folder)
        workers = [start(stack, folder, declared) for _ in range(_RUNS)]
        plain = stack.enter_context(Lane("benchmarks.baseline.worker", threads=None))
        sides = Sides(workers, plain, declared)
        results: list[Measurement] = []
        ratios: dict[tuple[str, str], list[list[float]]] = {}
        for cell in cells:
            rows, found = _compare(cell, sides, settings)
            results += rows
            for pair, values in found.items():
                ratios.setdefault(pair, []).append(values)
    return results + [_mean(pair, values) for pair, values in ratios.items()]


def _compare(
    cell: Cell, sides: Sides, settings: Settings
) -> tuple[list[Measurement], dict[tuple[str, str], list[float]]]:
    """Return the rates of a cell, and its ratios by (our precision, the yardstick's), one value a repetition."""
    print(f"  {cell}", file=sys.stderr, flush=True)
    sides.ours(cell, PRECISIONS[0], _TRIAL_STEPS)
    per_step = sides.ours(cell, PRECISIONS[0], _TRIAL_STEPS) * _RUNS
    steps = max(_TRIAL_STEPS, math.ceil(settings.seconds / per_step))
    choices = {precision: _best_loader(cell, precision, sides, steps) for precision in PRECISIONS}
    order = [(side, precision) for precision in PRECISIONS for side in ("ours", "plain")]
    things = [
        partial(sides.ours, cell, precision, steps)
        if side == "ours"
        else partial(sides.plainly, cell, precision, choices[precision], steps)
        for side, precision in order
    ]
    seconds = dict(zip(order, in_turns(things, settings.repetitions), strict=True))
    rows = [
        Measurement(
            "throughput",
            f"{cell} {precision}, {'workers' if side == 'ours' else 'plain torch'}",
            1.0 / median(values),
            "steps/s",
            spread=spread(values),
            note="" if side == "ours" else f"DataLoader with num_workers={choices[precision]}",
        )
        for (side, precision), values in seconds.items()
    ]
    return rows, {
        (one, other): [plain / ours for plain, ours in zip(seconds["plain", other], seconds["ours", one], strict=True)]
        for one, other in (("fp32", "fp32"), ("bf16", "fp32"), ("bf16", "bf16"))
    }


def _best_loader(cell: Cell, precision: str, sides: Sides, steps: int) -> int:
    sides.plainly(cell, precision, 0, _TRIAL_STEPS)
    return min(LOADER_WORKERS, key=lambda workers: sides.plainly(cell, precision, workers, steps))


def _mean(pair: tuple[str, str], by_cell: Sequence[Sequence[float]]) -> Measurement:
    """Geometric mean over the cells, within each repetition."""
    ours, plain = pair
    means = [math.exp(sum(map(math.log, turn)) / len(turn)) for turn in zip(*by_cell, strict=True)]
    cells = ", ".join(f"{median(values):.2f}" for values in by_cell)
    return Measurement(
        "throughput",
        f"workers in {ours} against plain torch in {plain}",
        median(means),
        "x",
        spread=spread(means),
        at_least=TARGETS[ours] if plain == "fp32" else None,
        note=f"geometric mean; by cell {cells}",
    )
