"""Options, sizes, checks and cost of the residual MLP of paper B, without torch."""

import math
from typing import Literal

from pydantic import Field

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import Cost, ImageShape
from depthtransfer.strict import Strict

MLP_OTHER_KERNELS = 12
"""Flattening, read-in, readout, loss, and the copy of the gradient that the blocks' backward pass begins with."""

# Kernels forward and backward. A layer: its product each way, and its activation with what is kept of it.
_OF_ACTIVATION = {"relu": (2, 1), "abs": (3, 1), "tanh": (1, 1), "gelu": (1, 1), "identity": (0, 0)}
_OF_BLOCK = (3, 2)
"""Sum over coordinates, sum and subtraction; sum and subtraction."""
_OF_NORM = (1, 4)
_OF_SEGMENT = 3
"""The weights' gradients of all its blocks."""
_SLOPE_IN_A_BYTE = ("relu", "abs")


class MLPOptions(Strict):
    """What may be chosen.

    Args:
        activation: the nonlinearity phi.
        block_depth: layers k of each block.
        nonlinearity: "post", phi(W x) as in paper B, or "pre", W phi(x).
        normalization: "layer_norm", without gains and biases, on the input of every block, or "none".
        checkpointing: whether the backward pass computes every block anew from every sqrt(L)-th stream, which takes a
            third more arithmetic and a small part of the memory.
    """

    activation: Literal["relu", "abs", "tanh", "gelu", "identity"] = "relu"
    block_depth: int = Field(default=1, ge=1, le=16)
    nonlinearity: Literal["post", "pre"] = "post"
    normalization: Literal["layer_norm", "none"] = "none"
    checkpointing: bool = False


def mlp_segment(depth: int) -> int:
    """Blocks between two streams that are kept under checkpointing: the root of the depth, rounded up."""
    return math.isqrt(depth - 1) + 1


def mlp_pixels(width: int, depth: int, shape: ImageShape) -> int:
    """Return the inputs of the read-in, C H W.

    Raises:
        ConfigurationError: if a size is not positive.
    """
    for name, size in (("width", width), ("depth", depth)):
        if size < 1:
            raise ConfigurationError(f"{name} = {size} of the mlp", "give a positive number")
    return shape.channels * shape.size**2


def mlp_cost(width: int, depth: int, shape: ImageShape, classes: int, options: MLPOptions) -> Cost:
    """Count a residual MLP of `depth` blocks.

    Raises:
        ConfigurationError: if a size is not positive.
    """
    pixels = mlp_pixels(width, depth, shape)
    layers = depth * options.block_depth
    blocks = layers * width**2
    parameters = (pixels + classes) * width + blocks
    forward = 2.0 * parameters
    backward = 2 * forward - 2.0 * pixels * width
    normalized = options.normalization == "layer_norm"
    first, second = (
        layers * (1 + _OF_ACTIVATION[options.activation][way]) + depth * (_OF_BLOCK[way] + normalized * _OF_NORM[way])
        for way in (0, 1)
    )
    if options.nonlinearity == "pre" and not normalized:
        second += depth
    block = _kept_of_block(width, options)
    segment = mlp_segment(depth)
    segments = -(-depth // segment)
    again = 2.0 * blocks if options.checkpointing else 0.0
    kept = segments * width if options.checkpointing else depth * block
    return Cost(
        parameters=parameters,
        step_flops=forward + backward + again,
        readout_fan_in=width,
        layers=layers + 2,
        kernels=first * (1 + options.checkpointing) + second + _OF_SEGMENT * segments + MLP_OTHER_KERNELS,
        kept=round(pixels + width + classes + 2 + kept),  # logits and labels count in networks as narrow as these
        largest=max(pixels, width),
        made_again=round(segment * block) if options.checkpointing else 0,
    )


def _kept_of_block(width: int, options: MLPOptions) -> float:
    """Numbers of four bytes that the backward pass keeps of one block and one image.

    Of each layer the input of its product and the slope of its activation: a byte; or phi itself (tanh), which is the
    next input already but behind the last product; or what phi is taken of (gelu). Of a normalization its deviation,
    and its result where that is not kept as one of these.
    """
    activation, pre = options.activation, options.nonlinearity == "pre"
    per_coordinate = float(options.block_depth)
    if activation in _SLOPE_IN_A_BYTE:
        per_coordinate += 0.25 * options.block_depth
    elif activation == "tanh":
        per_coordinate += not pre
    elif activation == "gelu":
        per_coordinate += options.block_depth
    if options.normalization == "none":
        return width * per_coordinate
    per_coordinate += pre and activation in (*_SLOPE_IN_A_BYTE, "tanh")
    return width * per_coordinate + 1
