"""Parameters and floating-point operations of each architecture, counted without torch.

A multiply-add counts as two operations. A training step costs the forward pass, the gradients of all weights and the
gradients of all inputs but the images: 3 times the forward pass less the stem's input gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import (
    CNN_STAGES,
    ImageShape,
    cnn_readout_fan_in,
    cnn_stage_sizes,
)


@dataclass(frozen=True)
class Cost:
    """What one network needs.

    Args:
        parameters: number of trained parameters.
        step_flops: operations of one training step for one image.
        readout_fan_in: N of the scaling table.
        layers: convolutions and matrix products a forward pass runs through; each has a fixed cost of its own.
    """

    parameters: int
    step_flops: float
    readout_fan_in: int
    layers: int


def cost(model: str, *, width: int, depth: int, shape: ImageShape, classes: int) -> Cost:
    """Return the cost of one network.

    Raises:
        ConfigurationError: if the model is unknown or the sizes do not fit it.
    """
    if model not in _COSTS:
        raise ConfigurationError(f"model {model!r} is unknown", f"choose one of {', '.join(sorted(_COSTS))}")
    return _COSTS[model](width, depth, shape, classes)


def names() -> tuple[str, ...]:
    """Names of the known architectures."""
    return tuple(sorted(_COSTS))


def _cnn(width: int, depth: int, shape: ImageShape, classes: int) -> Cost:
    fan_in = cnn_readout_fan_in(width=width, depth=depth, shape=shape)
    sizes = cnn_stage_sizes(shape)
    stem = 9 * shape.channels * width
    parameters, forward = stem + fan_in * classes, 2.0 * stem * sizes[0] ** 2 + 2.0 * fan_in * classes
    for stage, size in enumerate(sizes):
        channels = width * 2**stage
        weights = depth // CNN_STAGES * 9 * channels**2
        if stage:
            weights += 9 * channels * channels // 2
        parameters += weights
        forward += 2.0 * weights * size**2
    backward = 2 * forward - 2.0 * stem * sizes[0] ** 2
    return Cost(parameters, forward + backward, fan_in, depth + CNN_STAGES + 1)


_COSTS: dict[str, Callable[[int, int, ImageShape, int], Cost]] = {"cnn": _cnn}
