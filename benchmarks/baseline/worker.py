"""A process that trains plainly, one run after another: `python -m benchmarks.baseline.worker`.

It reads one JSON line a request and answers with the seconds that its steps took. Torch keeps its default threads.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.baseline.data import InMemoryImages, loader
from benchmarks.baseline.network import PlainCNN
from benchmarks.cells import BATCH_SIZE
from benchmarks.images import generate

WARM_UP_STEPS = 5
"""Untimed steps of each run; the loader's processes are up and their queues full when the clock starts."""


def main() -> None:
    """Serve until standard input ends."""
    images, labels = generate()
    dataset = InMemoryImages(images.transpose(0, 2, 3, 1).copy(), labels)
    for line in sys.stdin:
        seconds = train(dataset, **json.loads(line))
        print(json.dumps({"event": "done", "seconds": seconds}), flush=True)


def train(
    dataset: InMemoryImages, *, width: int, depth: int, steps: int, precision: str, workers: int, **_: Any
) -> float:
    """Train one network for some steps and return their wall time (s)."""
    model = PlainCNN(width, depth)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    batches = _endless(dataset, workers)
    losses: list[float] = []
    correct = 0
    started = time.perf_counter()
    for step in range(WARM_UP_STEPS + steps):
        if step == WARM_UP_STEPS:
            started = time.perf_counter()
        images, targets = next(batches)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = model(images)
            loss = F.cross_entropy(logits, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
        correct += int((logits.argmax(1) == targets).sum().item())
    return time.perf_counter() - started


def _endless(dataset: InMemoryImages, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from loader(dataset, BATCH_SIZE, workers)


if __name__ == "__main__":
    main()
