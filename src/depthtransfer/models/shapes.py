"""What a network is asked to fit and what it needs, known without torch so that a plan is checked before it runs."""

from dataclasses import dataclass

from depthtransfer.data.declaration import Declaration
from depthtransfer.errors import ConfigurationError
from depthtransfer.scaling import Optimizer


@dataclass(frozen=True)
class ImageShape:
    """Channels and side (pixels) of square input images."""

    channels: int
    size: int


@dataclass(frozen=True)
class TextShape:
    """Characters of a window of text."""

    context: int


Shape = ImageShape | TextShape


def shape_of(data: Declaration) -> Shape:
    """Return the shape of a data set's examples."""
    if data.kind == "text":
        return TextShape(data.context)
    return ImageShape(data.channels, data.image_size)


@dataclass(frozen=True)
class Cost:
    """What one network needs.

    A multiply-add counts as two operations. A training step costs the forward pass, the gradients of all weights and
    the gradients of all inputs but the images. Normalizations and activations are not counted.

    Args:
        parameters: number of trained parameters.
        step_flops: operations of one training step for one image.
        readout_fan_in: N of the scaling table.
        layers: convolutions and matrix products on the longest path of a forward pass.
        kernels: operations that a training step starts, forward and backward; each has a fixed cost of its own. The
            optimizer's are not counted.
        kept: numbers of four bytes that the backward pass keeps of one image, the image included.
        largest: numbers of the largest tensor among them.
        made_again: numbers of one image that the backward pass computes anew and holds for a while.
    """

    parameters: int
    step_flops: float
    readout_fan_in: int
    layers: int
    kernels: int
    kept: int
    largest: int
    made_again: int = 0


def check_stages(model: str, stages: int, *, width: int, depth: int) -> None:
    """Refuse a width without channels and a depth that does not give every stage the same number of blocks.

    Raises:
        ConfigurationError: naming the model and what would be right.
    """
    if width < 1:
        raise ConfigurationError(f"width = {width} of the {model}", "give a positive number of channels")
    if depth < stages or depth % stages:
        raise ConfigurationError(
            f"depth = {depth} of the {model} cannot be shared by {stages} stages",
            f"give a positive multiple of {stages}",
        )


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
    return NUMBER * (weights + batch_size * (cost.kept + cost.made_again + _TRANSIENT * cost.largest))
