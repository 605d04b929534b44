"""Growth of a process's resident memory over training steps: `python resident_memory.py '{"model": "cnn", ...}'`."""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape

SHAPE, BATCH = ImageShape(3, 32), 64


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measured(model: str, **sizes: Any) -> int:
    """Growth of this process's resident memory over two steps, after what any first step loads."""
    torch.set_num_threads(1)

    def steps(network: torch.nn.Module, batch: int) -> None:
        images = torch.randn(batch, 3, 32, 32).to(memory_format=torch.channels_last)
        descent = torch.optim.SGD(network.parameters(), lr=1e-6, momentum=0.9)
        for _ in range(2):
            descent.zero_grad()
            torch.autograd.backward(F.cross_entropy(network(images), torch.zeros(batch, dtype=torch.int64)))
            descent.step()

    common = {"shape": SHAPE, "classes": 10, "branch_multiplier": 0.1}
    steps(build(model, width=8, depth=12, options=sizes.get("options"), **common), 4)
    before = resident()
    peak = [0]
    finished = threading.Event()

    def watch() -> None:
        while not finished.is_set():
            peak[0] = max(peak[0], resident())
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    steps(build(model, **sizes, **common).to(memory_format=torch.channels_last), BATCH)
    finished.set()
    watcher.join()
    return peak[0] - before


if __name__ == "__main__":
    print(measured(**json.loads(sys.argv[1])))
