"""A transformer's training step over its matrix products alone, on one core: `python -m benchmarks.transformer_race`.

Both are timed in turns: whole steps (forward, backward, fused Adam) of the network, and the products of its weights and
of attention, forward and backward (attention's backward pass without what fused kernels compute again). Columns: median
milliseconds, and the median over turns of the ratio.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from benchmarks.timing import Timed, in_turns, median, repeated
from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape, Shape, TextShape
from depthtransfer.training.process import keep_freed_memory, make_deterministic

HEADS, RATIO, CLASSES = 4, 4, 64


@dataclass(frozen=True)
class Network:
    """One transformer with its batch; the ViT's patches are two pixels wide."""

    model: str
    width: int
    depth: int
    shape: Shape
    batch: int

    @property
    def tokens(self) -> int:
        """What attention runs over."""
        return self.shape.context if isinstance(self.shape, TextShape) else (self.shape.size // 2) ** 2 + 1

    def __str__(self) -> str:
        return f"{self.model}, width {self.width}, depth {self.depth}, {self.tokens} tokens, batch {self.batch}"


NETWORKS = (
    Network("vit", 32, 24, ImageShape(1, 8), 64),
    Network("gpt", 32, 16, TextShape(32), 16),
    Network("gpt", 64, 16, TextShape(32), 16),
    Network("gpt", 64, 32, TextShape(64), 32),
)
"""Those of smoke, and larger ones."""


def products(network: Network) -> Callable[[], None]:
    """Return the matrix products of all blocks and of a readout at every position: forward, and both backward."""
    width, blocks, rows = network.width, network.depth // 2, network.batch * network.tokens
    shapes = [(3 * width, width), (width, width), (RATIO * width, width), (width, RATIO * width)] * blocks
    if network.model == "gpt":
        shapes.append((CLASSES, width))
    weights = [torch.randn(shape) for shape in shapes]
    inputs = {size: torch.randn(rows, size) for _, size in shapes}
    heads = torch.randn(network.batch * HEADS, network.tokens, width // HEADS)

    def multiply() -> None:
        for weight in weights:
            x = inputs[weight.shape[1]]
            y = F.linear(x, weight)
            torch.mm(y, weight)
            torch.mm(y.t(), x)
        for _ in range(blocks):
            shares = torch.bmm(heads, heads.transpose(1, 2))
            torch.bmm(heads, heads.transpose(1, 2))
            for _ in range(2):
                torch.bmm(shares, heads)
                torch.bmm(shares.transpose(1, 2), heads)

    return multiply


def training(network: Network) -> Callable[[], None]:
    """Return a training step."""
    options = {"heads": HEADS, "mlp_ratio": RATIO} | ({"patch_size": 2} if network.model == "vit" else {})
    model = build(
        network.model,
        width=network.width,
        depth=network.depth,
        shape=network.shape,
        classes=CLASSES,
        branch_multiplier=network.depth**-0.5,
        options=options,
    )
    if isinstance(network.shape, TextShape):
        inputs = torch.randint(CLASSES, (network.batch, network.tokens))
        labels = torch.randint(CLASSES, (network.batch * network.tokens,))
    else:
        inputs = torch.randn(network.batch, network.shape.channels, network.shape.size, network.shape.size)
        labels = torch.randint(CLASSES, (network.batch,))
    descent = torch.optim.Adam(model.parameters(), lr=1e-6, fused=True)

    def step() -> None:
        descent.zero_grad(set_to_none=True)
        torch.autograd.backward(F.cross_entropy(model(inputs).flatten(0, -2), labels))
        descent.step()

    return step


def main(networks: Sequence[Network] = NETWORKS) -> None:
    """Time each network and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    make_deterministic()
    keep_freed_memory()
    print("| network | products, ms | step, ms | step over products |", "| --- | --- | --- | --- |", sep="\n")
    for network in networks:
        timed: list[Timed] = [
            repeated(products(network), arguments.seconds),
            repeated(training(network), arguments.seconds),
        ]
        bare, step = in_turns(timed, arguments.repetitions)
        ratio = median([one / other for one, other in zip(step, bare, strict=True)])
        print(f"| {network} | {1e3 * median(bare):.3g} | {1e3 * median(step):.3g} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
