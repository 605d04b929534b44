"""Memory counted on the meta device against the resident memory of a real training step."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from depthtransfer.models.memory import training_bytes
from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Optimizer

SHAPE, BATCH = ImageShape(3, 32), 64
CELLS: dict[str, dict[str, Any]] = {
    "cnn": {"model": "cnn", "width": 64, "depth": 24},
    "resnet18_bn": {"model": "resnet18_bn", "width": 32, "depth": 16},
    "vit": {"model": "vit", "width": 128, "depth": 12},
    "vit without norm": {"model": "vit", "width": 128, "depth": 12, "options": {"normalization": "none"}},
}


def counted(model: str, **sizes: Any) -> int:
    return training_bytes(model, shape=SHAPE, classes=10, batch_size=BATCH, **sizes)


@pytest.mark.parametrize("cell", CELLS)
def test_counted_memory_is_what_a_step_needs(cell: str) -> None:
    done = subprocess.run([sys.executable, __file__, json.dumps(CELLS[cell])], capture_output=True, check=True)
    assert counted(**CELLS[cell]) == pytest.approx(int(done.stdout), rel=0.25)


def test_memory_grows_with_batch_depth_and_optimizer() -> None:
    plain = counted("vit", width=64, depth=4)
    assert counted("vit", width=64, depth=8) > 1.5 * plain
    assert training_bytes("vit", width=64, depth=4, shape=SHAPE, classes=10, batch_size=2 * BATCH) > 1.7 * plain
    parameters = 4 * sum(
        p.numel() for p in build("vit", width=64, depth=4, shape=SHAPE, classes=10, branch_multiplier=1.0).parameters()
    )
    assert counted("vit", width=64, depth=4, optimizer=Optimizer.ADAM) == plain + parameters


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
