"""A few sizes of every architecture, as arguments of `registry.build` and, less the multiplier, of `costs.cost`."""

from typing import Any

import torch
from torch import Tensor, nn

from depthtransfer.models.registry import build, is_unmodified, maker
from depthtransfer.models.shapes import ImageShape, Shape, TextShape


def _examples(*sizes: tuple[int, int, Shape, dict[str, Any]]) -> list[dict[str, Any]]:
    return [dict(zip(("width", "depth", "shape", "options"), s, strict=True)) | {"classes": 7} for s in sizes]


EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "cnn": _examples(
        (4, 3, ImageShape(1, 8), {}),
        (8, 12, ImageShape(1, 8), {}),
        (3, 6, ImageShape(3, 9), {}),
        (4, 3, ImageShape(2, 28), {}),
        (4, 6, ImageShape(3, 32), {}),
        (16, 3, ImageShape(3, 32), {}),
    ),
    "resnet18_bn": _examples(
        (4, 4, ImageShape(1, 8), {}),
        (2, 8, ImageShape(3, 9), {}),
        (3, 12, ImageShape(2, 28), {"stem": "cifar"}),
        (8, 8, ImageShape(3, 32), {"stem": "imagenet"}),
        (4, 4, ImageShape(3, 45), {"stem": "imagenet"}),
    ),
    "mlp": _examples(
        (4, 3, ImageShape(1, 8), {}),
        (32, 30, ImageShape(1, 8), {"activation": "abs", "normalization": "layer_norm"}),
        (16, 7, ImageShape(3, 9), {"nonlinearity": "pre"}),
        (24, 10, ImageShape(2, 8), {"block_depth": 2, "activation": "tanh"}),
        (24, 10, ImageShape(1, 8), {"block_depth": 3, "activation": "gelu", "nonlinearity": "pre"}),
        (16, 17, ImageShape(1, 8), {"checkpointing": True, "activation": "identity"}),
        (8, 5, ImageShape(1, 8), {"nonlinearity": "pre", "normalization": "layer_norm", "activation": "tanh"}),
    ),
    "vit": _examples(
        (4, 2, ImageShape(1, 8), {}),
        (32, 8, ImageShape(1, 8), {"patch_size": 2}),
        (6, 6, ImageShape(3, 9), {"patch_size": 3, "heads": 2, "normalization": "none", "mlp_ratio": 1}),
        (64, 2, ImageShape(3, 32), {"pooling": "mean"}),
        (12, 4, ImageShape(3, 64), {"patch_size": 8, "heads": 3, "normalization": "none", "pooling": "mean"}),
    ),
    "gpt": _examples(
        (4, 2, TextShape(4), {}),
        (32, 8, TextShape(16), {"mlp_ratio": 2}),
        (12, 4, TextShape(40), {"heads": 3, "normalization": "none"}),
    ),
}
"""Every entry holds width, depth, shape, options and classes; the first is the smallest."""


LIBRARY: dict[str, list[dict[str, Any]]] = {
    "torchvision_resnet": _examples(
        (8, 4, ImageShape(1, 8), {}), (12, 8, ImageShape(3, 9), {}), (16, 4, ImageShape(3, 32), {"stem": "imagenet"})
    ),
    "torchvision_vit": _examples(
        (16, 2, ImageShape(1, 8), {}), (32, 8, ImageShape(1, 8), {"patch_size": 2}), (64, 4, ImageShape(3, 32), {})
    ),
    "torch_encoder": _examples(
        (16, 2, ImageShape(1, 8), {}), (32, 8, ImageShape(1, 8), {"norm": "last"}), (64, 4, ImageShape(3, 32), {})
    ),
}
"""The same of the libraries' own models, of which no role is known."""

CASES = [(name, sizes) for name, examples in EXAMPLES.items() for sizes in examples]
COUNTED = [*CASES, *((name, sizes) for name, examples in LIBRARY.items() for sizes in examples)]


def built(name: str, *, width: int, depth: int, **sizes: Any) -> nn.Module:
    """A network of any architecture; branches of this project's own are halved."""
    if is_unmodified(name):
        return maker(name, **sizes)(width=width, depth=depth)
    return build(name, width=width, depth=depth, branch_multiplier=0.5, **sizes)


def batch(shape: Shape, count: int) -> tuple[Tensor, Tensor]:
    """Blank inputs as training hands them over, and the flattened targets of their logits."""
    if isinstance(shape, TextShape):
        characters = torch.zeros(count, shape.context, dtype=torch.int64)
        return characters, characters.flatten()
    images = torch.zeros(count, shape.channels, shape.size, shape.size).to(memory_format=torch.channels_last)
    return images, torch.zeros(count, dtype=torch.int64)


def random_inputs(sizes: dict[str, Any], count: int, seed: int = 0) -> Tensor:
    """Random images or characters for a network of these sizes."""
    shape, generator = sizes["shape"], torch.Generator().manual_seed(seed)
    if isinstance(shape, TextShape):
        return torch.randint(sizes["classes"], (count, shape.context), generator=generator)
    return torch.randn(count, shape.channels, shape.size, shape.size, generator=generator)
