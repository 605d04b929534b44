"""Options, sizes, checks and cost of the vision transformer, without torch."""

from typing import Literal

from pydantic import Field

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import Cost, ImageShape
from depthtransfer.models.transformer_sizes import Blocks, check_blocks
from depthtransfer.strict import Strict

_OTHER_KERNELS = 18
"""Patches, class token, positions, readout and loss."""


class ViTOptions(Strict):
    """What may be chosen.

    Args:
        patch_size: side of a patch (pixels); it divides the side of the images.
        heads: number of attention heads; it divides the width.
        normalization: "layer_norm" at the start of every branch and before the readout, or "none" anywhere.
        mlp_ratio: hidden width of the MLP branches over the width.
        pooling: what the readout sees: "cls", the class token, or "mean", the mean over patches without such a token.
    """

    patch_size: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    normalization: Literal["layer_norm", "none"] = "layer_norm"
    mlp_ratio: int = Field(default=4, ge=1)
    pooling: Literal["cls", "mean"] = "cls"


def vit_patches(width: int, depth: int, shape: ImageShape, options: ViTOptions) -> int:
    """Return the number of patches of an image.

    Raises:
        ConfigurationError: if width, depth or image size do not fit the options.
    """
    check_blocks("vit", width, depth, options.heads)
    if shape.size < 1 or shape.size % options.patch_size:
        raise ConfigurationError(
            f"images of {shape.size} pixels do not divide into patches of {options.patch_size} pixels",
            "give a patch_size that divides the side of the images",
        )
    side: int = shape.size // options.patch_size
    return side * side


def vit_tokens(patches: int, options: ViTOptions) -> int:
    """Return T, what attention runs over: the patches, and the class token if there is one."""
    return patches + (options.pooling == "cls")


def vit_cost(width: int, depth: int, shape: ImageShape, classes: int, options: ViTOptions) -> Cost:
    """Count a transformer of `depth` branches.

    Raises:
        ConfigurationError: if width, depth or image size do not fit the options.
    """
    patches = vit_patches(width, depth, shape, options)
    tokens = vit_tokens(patches, options)
    normalized = options.normalization == "layer_norm"
    blocks = Blocks(width, depth, tokens, options.heads, options.mlp_ratio, normalized)
    embedding = shape.channels * options.patch_size**2 * width
    vectors = (tokens + (options.pooling == "cls")) * width + blocks.vectors
    forward = 2.0 * (embedding * patches + blocks.matrices * tokens + classes * width)
    backward = 2 * forward - 2.0 * embedding * patches
    pixels = shape.channels * shape.size**2
    return Cost(
        parameters=embedding + vectors + blocks.matrices + classes * width,
        step_flops=forward + backward + blocks.attention_flops,
        readout_fan_in=width,
        layers=blocks.layers + 2,
        kernels=blocks.kernels + _OTHER_KERNELS,
        kept=pixels + blocks.kept + tokens * width * (options.pooling == "cls"),
        largest=max(pixels, blocks.largest),
    )
