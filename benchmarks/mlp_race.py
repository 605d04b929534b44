"""How a deep narrow MLP trains fastest on one core: `python -m benchmarks.mlp_race [--cells w64-L256 ...]`.

All ways are timed in turns, as whole training steps (forward, backward, fused Adam) of the same network, over the
matrix products of its blocks alone. Columns: median milliseconds of a step, and the median over turns of the ratio.
"""

import argparse
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.timing import Timed, in_turns, median, repeated
from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape
from depthtransfer.training.process import keep_freed_memory, make_deterministic

BATCH, CLASSES, SHAPE, RATES = 64, 10, ImageShape(3, 32), 8
CELLS = ("w64-L256", "w256-L256", "w256-L1024")


class PlainMLP(nn.Module):
    """The same network as ordinary modules and formulas."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.read_in = nn.Linear(SHAPE.channels * SHAPE.size**2, width, bias=False)
        self.layers = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(depth))
        self.readout = nn.Linear(width, CLASSES, bias=False)
        self.multiplier = float(depth**-0.5)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        x = self.read_in(images.flatten(1))
        for layer in self.layers:
            h = F.relu(layer(x))
            x = x + self.multiplier * (h - h.mean(1, keepdim=True))
        logits: Tensor = self.readout(x)
        return logits


def products(width: int, depth: int) -> Callable[[], None]:
    """Return the matrix products of all blocks: forward, and both of the backward pass."""
    x, weights = torch.randn(BATCH, width), [torch.randn(width, width) for _ in range(depth)]
    gradients = [torch.empty(width, width) for _ in range(depth)]

    def multiply() -> None:
        for weight, gradient in zip(weights, gradients, strict=True):
            y = F.linear(x, weight)
            torch.mm(y, weight)
            torch.mm(y.t(), x, out=gradient)

    return multiply


def batched_products(width: int, depth: int) -> Callable[[], None]:
    """Return the same for networks of several learning rates, each product one batched call."""
    x = torch.randn(RATES, BATCH, width)
    weights = [torch.randn(RATES, width, width) for _ in range(depth)]

    def multiply() -> None:
        for weight in weights:
            y = torch.bmm(x, weight.transpose(1, 2))
            torch.bmm(y, weight)
            torch.bmm(y.transpose(1, 2), x)

    return multiply


def training(model: nn.Module) -> Callable[[], None]:
    """Return a training step."""
    images = torch.randn(BATCH, SHAPE.channels, SHAPE.size, SHAPE.size)
    labels = torch.randint(CLASSES, (BATCH,))
    descent = torch.optim.Adam(model.parameters(), lr=1e-6, fused=True)

    def step() -> None:
        descent.zero_grad(set_to_none=True)
        torch.autograd.backward(F.cross_entropy(model(images), labels))
        descent.step()

    return step


def ways(width: int, depth: int, *, compiled: bool) -> dict[str, Callable[[], None]]:
    """Return what races, by name."""
    one_operation = partial(
        build, "mlp", width=width, depth=depth, shape=SHAPE, classes=CLASSES, branch_multiplier=depth**-0.5
    )
    found = {
        "matrix products alone": products(width, depth),
        "ordinary modules": training(PlainMLP(width, depth)),
        "one operation, stacked weights": training(one_operation()),
        "the same with checkpointing": training(one_operation(options={"checkpointing": True})),
    }
    if compiled:
        found["ordinary modules, torch.compile"] = training(torch.compile(PlainMLP(width, depth)))  # type: ignore[arg-type]
        found[f"matrix products of {RATES} rates, batched, for each"] = batched_products(width, depth)
    return found


def main() -> None:
    """Race on each cell and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", nargs="+", default=CELLS)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--compile", action="store_true", help="torch.compile, and several rates at once, as well")
    arguments = parser.parse_args()
    make_deterministic()
    keep_freed_memory()
    print("| network | way | ms a step | over the products |", "| --- | --- | --- | --- |", sep="\n")
    for cell in arguments.cells:
        width, depth = (int(part[1:]) for part in cell.split("-"))
        racing = ways(width, depth, compiled=arguments.compile)
        timed: list[Timed] = [repeated(way, arguments.seconds) for way in racing.values()]
        taken = in_turns(timed, arguments.repetitions)
        for name, values in zip(racing, taken, strict=True):
            share = RATES if "for each" in name else 1
            ratio = median([value / share / base for value, base in zip(values, taken[0], strict=True)])
            print(f"| {cell} | {name} | {1e3 * median(values) / share:.3g} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
