"""Which sizes fit which architecture, known without torch so that a plan can be checked before anything runs."""

from dataclasses import dataclass

from depthtransfer.errors import ConfigurationError

CNN_STAGES = 3
CNN_STRIDED_STEM_FROM = 16


@dataclass(frozen=True)
class ImageShape:
    """Channels and side (pixels) of square input images."""

    channels: int
    size: int


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
    if width < 1:
        raise ConfigurationError(f"width = {width} of the cnn", "give a positive number of channels")
    if depth < CNN_STAGES or depth % CNN_STAGES:
        raise ConfigurationError(
            f"depth = {depth} of the cnn cannot be shared by {CNN_STAGES} stages",
            f"give a positive multiple of {CNN_STAGES}",
        )
    side: int = cnn_stage_sizes(shape)[-1] // 2
    if side < 1:
        raise ConfigurationError(
            f"images of {shape.size} pixels vanish in the {CNN_STAGES} poolings of the cnn",
            "give images of at least 8 pixels",
        )
    last_channels = width << (CNN_STAGES - 1)
    return last_channels * side * side
