"""How much memory training one network needs, counted on torch's meta device: shapes without numbers."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Optimizer

_STATE = {Optimizer.SGD: 1, Optimizer.ADAM: 2, Optimizer.ADAMW: 2}
"""Numbers an optimizer keeps for each weight; SGD's is momentum, counted whether there is any or not."""
_TRANSIENT = 3
"""Tensors of the largest kept one's size that a backward step holds for a moment: two gradients and a workspace."""


def training_bytes(
    model: str,
    *,
    width: int,
    depth: int,
    shape: ImageShape,
    classes: int,
    batch_size: int,
    optimizer: Optimizer = Optimizer.SGD,
    options: Mapping[str, Any] | None = None,
) -> int:
    """Return the bytes of tensors alive at the peak of a training step.

    Counted are weights, gradients, optimizer state, the batch, every activation that the backward pass keeps (each
    storage once), and what it holds for a moment. The images of the data set, the interpreter and torch itself (about
    0.5 GiB on a CPU, more with CUDA) come on top. Counted in fp32, which bounds a run in bf16: that halves most of
    the activations.

    Args:
        model: architecture by name.
        width, depth, shape, classes, options: of the network.
        batch_size: images in a batch.
        optimizer: whose state is counted.

    Raises:
        ConfigurationError: if sizes or options do not fit.
    """
    kept: dict[int, tuple[Any, int]] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = (storage, storage.nbytes())  # held, so that no address is used twice
        return tensor

    with torch.device("meta"):
        network = build(
            model, width=width, depth=depth, shape=shape, classes=classes, branch_multiplier=1.0, options=options
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images = torch.empty(batch_size, shape.channels, shape.size, shape.size).to(memory_format=torch.channels_last)
        labels = torch.empty(batch_size, dtype=torch.int64)
    weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        F.cross_entropy(network(images), labels)
    activations = [size for address, (_, size) in kept.items() if address not in weights]
    parameters = sum(parameter.nbytes for parameter in network.parameters())
    transient = _TRANSIENT * max(activations)
    total: int = parameters * (2 + _STATE[optimizer]) + images.nbytes + sum(activations) + transient
    return total
