"""Options, sizes, checks and cost of the vision transformer, without torch."""

from typing import Literal

from pydantic import Field

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import Cost, ImageShape
from depthtransfer.strict import Strict

VIT_BRANCHES_PER_BLOCK = 2
VIT_KERNELS_PER_BLOCK = 23
"""Four matrices of three products, attention, GELU and two sums, each with what its backward pass takes."""
VIT_KERNELS_OF_NORMS = 4
VIT_OTHER_KERNELS = 18
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
    if width < 1 or width % options.heads:
        raise ConfigurationError(
            f"width = {width} of the vit cannot be shared by {options.heads} heads",
            f"give a positive multiple of {options.heads}",
        )
    if depth < VIT_BRANCHES_PER_BLOCK or depth % VIT_BRANCHES_PER_BLOCK:
        raise ConfigurationError(
            f"depth = {depth} of the vit, which has two residual branches a block (attention and MLP)",
            "give a positive even number",
        )
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

    Each attention is two products over all pairs of tokens; the backward pass takes five, since fused kernels compute
    the attention weights again instead of keeping them. The layers of a block are its four matrices and its two
    products of attention. A block keeps the input of each branch and of each matrix, queries, keys and values, one
    number a head and token, and of each normalization two numbers a token.

    Raises:
        ConfigurationError: if width, depth or image size do not fit the options.
    """
    patches = vit_patches(width, depth, shape, options)
    tokens = vit_tokens(patches, options)
    blocks = depth // VIT_BRANCHES_PER_BLOCK
    embedding = shape.channels * options.patch_size**2 * width
    matrices = blocks * (4 + 2 * options.mlp_ratio) * width**2
    vectors = (tokens + (options.pooling == "cls")) * width
    if options.normalization == "layer_norm":
        vectors += (depth + 1) * 2 * width
    parameters = embedding + vectors + matrices + classes * width
    forward = 2.0 * (embedding * patches + matrices * tokens + classes * width)
    backward = 2 * forward - 2.0 * embedding * patches
    attention = blocks * (2 + 5) * 2.0 * tokens**2 * width
    normalized = options.normalization == "layer_norm"
    stream = tokens * width
    block = (6 + 2 * normalized + 2 * options.mlp_ratio) * stream + (options.heads + 4 * normalized) * tokens
    pixels = shape.channels * shape.size**2
    return Cost(
        parameters=parameters,
        step_flops=forward + backward + attention,
        readout_fan_in=width,
        layers=blocks * 6 + 2,
        kernels=(VIT_KERNELS_PER_BLOCK + VIT_KERNELS_OF_NORMS * normalized) * blocks + VIT_OTHER_KERNELS,
        kept=pixels + blocks * block + stream * (options.pooling == "cls"),
        largest=max(pixels, max(3, options.mlp_ratio) * stream),
    )
