"""Sizes, checks and cost of the residual CNN, without torch."""

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import Cost, ImageShape, check_stages
from depthtransfer.strict import Strict

CNN_STAGES = 3
CNN_STRIDED_STEM_FROM = 16
CNN_KERNELS_PER_BLOCK = 8
"""Forward: ReLU, convolution, sum; backward: the branch's factor, two of the convolution, ReLU, sum of gradients."""
CNN_OTHER_KERNELS = 23
"""Stem, transitions, pooling, readout and loss."""


class CNNOptions(Strict):
    """The residual CNN has none."""


def cnn_stem_stride(shape: ImageShape) -> int:
    """Stride of the stem: 2 (paper A's 32-pixel images), or 1 where three poolings would leave nothing."""
    return 2 if shape.size >= CNN_STRIDED_STEM_FROM else 1


def cnn_stage_sizes(shape: ImageShape) -> list[int]:
    """Side of the feature maps (pixels) in each of the three stages."""
    first = -(-shape.size // cnn_stem_stride(shape))
    return [first // 2**stage for stage in range(CNN_STAGES)]


def cnn_readout_fan_in(*, width: int, depth: int, shape: ImageShape) -> int:
    """Return N, the flattened inputs of the readout (16 w for 32-pixel images).

    Raises:
        ConfigurationError: if width, depth or image size do not fit.
    """
    check_stages("cnn", CNN_STAGES, width=width, depth=depth)
    side: int = cnn_stage_sizes(shape)[-1] // 2
    if side < 1:
        raise ConfigurationError(
            f"images of {shape.size} pixels vanish in the {CNN_STAGES} poolings of the cnn",
            "give images of at least 8 pixels",
        )
    last_channels = width << (CNN_STAGES - 1)
    return last_channels * side * side


def cnn_cost(width: int, depth: int, shape: ImageShape, classes: int, options: Strict) -> Cost:
    """Count a residual CNN of `depth` blocks and `width` channels in its first stage.

    Raises:
        ConfigurationError: if width, depth or image size do not fit.
    """
    fan_in = cnn_readout_fan_in(width=width, depth=depth, shape=shape)
    sizes = cnn_stage_sizes(shape)
    stem = 9 * shape.channels * width
    parameters, forward = stem + fan_in * classes, 2.0 * stem * sizes[0] ** 2 + 2.0 * fan_in * classes
    maps = [shape.channels * shape.size**2]
    for stage, size in enumerate(sizes):
        channels = width * 2**stage
        weights = depth // CNN_STAGES * 9 * channels**2
        if stage:
            weights += 9 * channels * channels // 2
        parameters += weights
        forward += 2.0 * weights * size**2
        blocks, pooled = depth // CNN_STAGES, channels * (size // 2) ** 2
        maps += [channels * size**2] * (blocks + 1) + [2 * pooled, pooled]  # pooling keeps places of eight bytes
    backward = 2 * forward - 2.0 * stem * sizes[0] ** 2
    return Cost(
        parameters=parameters,
        step_flops=forward + backward,
        readout_fan_in=fan_in,
        layers=depth + CNN_STAGES + 1,
        kernels=CNN_KERNELS_PER_BLOCK * depth + CNN_OTHER_KERNELS,
        kept=sum(maps),
        largest=max(maps),
    )
