"""How much memory training one network needs; counted from sizes, without torch."""

from depthtransfer.models.shapes import Cost
from depthtransfer.scaling import Optimizer

NUMBER = 4
"""Bytes of a number in fp32."""
_STATE = {Optimizer.SGD: 1, Optimizer.ADAM: 2, Optimizer.ADAMW: 2}
"""Numbers an optimizer keeps for each weight; SGD's is momentum, counted whether there is any or not."""
_TRANSIENT = 3
"""Tensors of the largest kept one's size that a backward step holds for a moment: two gradients and a workspace."""


def training_bytes(cost: Cost, *, batch_size: int, optimizer: Optimizer = Optimizer.SGD) -> int:
    """Return the bytes of tensors alive at the peak of a training step.

    Counted are weights, gradients, optimizer state, the batch, every activation that the backward pass keeps, and what
    it holds for a moment. The images of the data set, the interpreter and torch itself (about 0.5 GiB on a CPU, more
    with CUDA) come on top. Counted in fp32, which bounds a run in bf16: that halves most of the activations.

    Args:
        cost: of the network.
        batch_size: images in a batch.
        optimizer: whose state is counted.
    """
    weights = cost.parameters * (2 + _STATE[optimizer])
    return NUMBER * (weights + batch_size * (cost.kept + _TRANSIENT * cost.largest))
