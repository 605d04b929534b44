"""Sizes, checks and cost of the ResNet18-type network with batch normalization, without torch."""

from dataclasses import dataclass
from typing import Literal

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import Cost, ImageShape, check_stages
from depthtransfer.strict import Strict

RESNET18_STAGES = 4
RESNET18_KERNELS_PER_BLOCK = 17
"""Twice convolution, normalization and ReLU, with four backward; sum, its gradients' sum, and the branch's factor."""
RESNET18_OTHER_KERNELS = 32
"""Stem, shortcuts, mean, readout and loss."""


class ResNet18BNOptions(Strict):
    """What may be chosen.

    Args:
        stem: "cifar", one 3x3 convolution of stride 1, or "imagenet", one 7x7 convolution of stride 2 and a max-pooling
            of stride 2.
    """

    stem: Literal["cifar", "imagenet"] = "cifar"


@dataclass(frozen=True)
class Stem:
    """First layer: side and stride of its convolution, and whether a 3x3 max-pooling of stride 2 follows."""

    side: int
    stride: int
    pooled: bool


STEMS = {"cifar": Stem(3, 1, False), "imagenet": Stem(7, 2, True)}


def resnet18_bn_sizes(width: int, depth: int, shape: ImageShape, options: ResNet18BNOptions) -> list[int]:
    """Return the side of the feature maps (pixels) behind the stem's convolution and in each of the four stages.

    Raises:
        ConfigurationError: if width, depth or image size do not fit.
    """
    check_stages("resnet18_bn", RESNET18_STAGES, width=width, depth=depth)
    stem = STEMS[options.stem]
    smallest = stem.stride * (2 if stem.pooled else 1) * 2 ** (RESNET18_STAGES - 1)
    if shape.size < smallest:
        raise ConfigurationError(
            f"images of {shape.size} pixels vanish in the strides of the resnet18_bn with stem {options.stem}",
            f"give images of at least {smallest} pixels",
        )
    behind_stem = _halved(shape.size) if stem.stride == 2 else shape.size
    sides = [behind_stem, _halved(behind_stem) if stem.pooled else behind_stem]
    while len(sides) <= RESNET18_STAGES:
        sides.append(_halved(sides[-1]))
    return sides


def resnet18_bn_cost(width: int, depth: int, shape: ImageShape, classes: int, options: ResNet18BNOptions) -> Cost:
    """Count a network of `depth` blocks and `width` channels in its first stage.

    Its layers are those of the longest path, as ResNets are named: stem, two a block, readout.

    Raises:
        ConfigurationError: if width, depth or image size do not fit.
    """
    behind_stem, *sides = resnet18_bn_sizes(width, depth, shape, options)
    blocks = depth // RESNET18_STAGES
    fan_in = width << (RESNET18_STAGES - 1)
    stem = STEMS[options.stem].side ** 2 * shape.channels * width
    parameters, forward = stem + 2 * width + fan_in * classes, 2.0 * stem * behind_stem**2 + 2.0 * fan_in * classes
    maps = [shape.channels * shape.size**2, *[width * behind_stem**2] * 2]
    kernels = RESNET18_KERNELS_PER_BLOCK * depth + RESNET18_OTHER_KERNELS
    if STEMS[options.stem].pooled:
        kernels += 2
        pooled = width * sides[0] ** 2
        maps += [2 * pooled, pooled]  # places of eight bytes
    for stage, side in enumerate(sides):
        channels = width << stage
        weights, norms = 2 * blocks * 9 * channels**2, 2 * blocks
        if stage:
            entering = channels // 2
            weights += 9 * channels * (entering - channels) + channels * entering
            norms += 1
            maps.append(channels * side**2)
        parameters += weights + norms * 2 * channels
        forward += 2.0 * weights * side**2
        maps += [channels * side**2] * (4 * blocks)
    backward = 2 * forward - 2.0 * stem * behind_stem**2
    return Cost(
        parameters=parameters,
        step_flops=forward + backward,
        readout_fan_in=fan_in,
        layers=2 * depth + 2,
        kernels=kernels,
        kept=sum(maps),
        largest=max(maps),
    )


def _halved(side: int) -> int:
    """A stride of two over an odd side keeps the last pixel."""
    return -(-side // 2)
