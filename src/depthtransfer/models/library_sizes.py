"""Options, sizes, checks and cost of the libraries' own models, without torch."""

from typing import Literal

from pydantic import Field

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.resnet18_bn_sizes import RESNET18_STAGES, ResNet18BNOptions, resnet18_bn_cost
from depthtransfer.models.shapes import Cost, ImageShape
from depthtransfer.strict import Strict

COLOURS = 3
"""Channels that torchvision's models expect; a grey image is shown to them three times."""
HEAD = 16
"""Entries of a head of attention, at every width: heads that grow need another scale of their logits."""
MLP_RATIO = 4
BRANCHES_PER_BLOCK = 2
_NARROWEST = 8  # see models.network: strided 1x1 convolutions of fewer channels
_KERNELS_PER_NORM, _KERNELS_OF_GREY = 1, 3
_KERNELS_PER_BLOCK, _OTHER_KERNELS = 34, 22


class TorchvisionResNetOptions(ResNet18BNOptions):
    """What may be chosen: the stem; "imagenet" is torchvision's, "cifar" what is usually put in its place."""


class TorchvisionViTOptions(Strict):
    """What may be chosen.

    Args:
        patch_size: side of a patch (pixels); it divides the side of the images.
    """

    patch_size: int = Field(default=4, ge=1)


class TorchEncoderOptions(Strict):
    """What may be chosen.

    Args:
        norm: where torch's layer normalizes: "first", at the start of a branch, or "last", after it is added.
    """

    norm: Literal["first", "last"] = "first"


def torchvision_resnet_blocks(width: int, depth: int) -> int:
    """Return the blocks of each of the four stages.

    Raises:
        ConfigurationError: if width or depth do not fit.
    """
    if width < _NARROWEST:
        raise ConfigurationError(
            f"width = {width} of the torchvision_resnet", f"give at least {_NARROWEST} channels to its first stage"
        )
    if depth < RESNET18_STAGES or depth % RESNET18_STAGES:
        raise ConfigurationError(
            f"depth = {depth} of the torchvision_resnet cannot be shared by {RESNET18_STAGES} stages",
            f"give a positive multiple of {RESNET18_STAGES}",
        )
    return depth // RESNET18_STAGES


def transformer_blocks(model: str, width: int, depth: int) -> int:
    """Return the blocks of a transformer of `depth` residual branches whose heads fit its width.

    Raises:
        ConfigurationError: if width or depth do not fit.
    """
    if width < HEAD or width % HEAD:
        raise ConfigurationError(
            f"width = {width} of the {model} cannot be shared by heads of {HEAD} entries",
            f"give a positive multiple of {HEAD}",
        )
    if depth < BRANCHES_PER_BLOCK or depth % BRANCHES_PER_BLOCK:
        raise ConfigurationError(
            f"depth = {depth} of the {model}, which has two residual branches a block (attention and MLP)",
            "give a positive even number",
        )
    return depth // BRANCHES_PER_BLOCK


def torchvision_resnet_cost(
    width: int, depth: int, shape: ImageShape, classes: int, options: TorchvisionResNetOptions
) -> Cost:
    """Count torchvision's ResNet of `depth` basic blocks and `width` channels in its first stage.

    It is the ResNet18 type with running means, a bias at the readout, and images of three channels.

    Raises:
        ConfigurationError: if width, depth or image size do not fit.
    """
    torchvision_resnet_blocks(width, depth)
    alike = resnet18_bn_cost(width, depth, ImageShape(COLOURS, shape.size), classes, options)
    norms = 2 * depth + RESNET18_STAGES
    return Cost(
        parameters=alike.parameters + classes,
        step_flops=alike.step_flops,
        readout_fan_in=alike.readout_fan_in,
        layers=alike.layers,
        kernels=alike.kernels + _KERNELS_PER_NORM * norms + _KERNELS_OF_GREY * (shape.channels < COLOURS),
        kept=alike.kept,
        largest=alike.largest,
    )


def torchvision_vit_cost(
    width: int, depth: int, shape: ImageShape, classes: int, options: TorchvisionViTOptions
) -> Cost:
    """Count torchvision's vision transformer of `depth` branches, a class token among its tokens.

    Raises:
        ConfigurationError: if width, depth or image size do not fit.
    """
    blocks = transformer_blocks("torchvision_vit", width, depth)
    if shape.size % options.patch_size:
        raise ConfigurationError(
            f"images of {shape.size} pixels do not divide into patches of {options.patch_size} pixels",
            "give a patch_size that divides the side of the images",
        )
    patches = (shape.size // options.patch_size) ** 2
    inputs = COLOURS * options.patch_size**2
    return _transformer_cost(width, blocks, classes, patches, inputs, shape.channels * shape.size**2, token=True)


def torch_encoder_cost(width: int, depth: int, shape: ImageShape, classes: int, options: TorchEncoderOptions) -> Cost:
    """Count torch's encoder of `depth` branches over the rows of an image.

    Raises:
        ConfigurationError: if width or depth do not fit.
    """
    blocks = transformer_blocks("torch_encoder", width, depth)
    inputs = shape.channels * shape.size
    return _transformer_cost(width, blocks, classes, shape.size, inputs, shape.size * inputs, token=False)


def _transformer_cost(
    width: int, blocks: int, classes: int, patches: int, inputs: int, pixels: int, *, token: bool
) -> Cost:
    """Count a transformer with biases everywhere.

    Attention is counted as in ``vit_cost``. A block keeps the input of each branch and of each matrix, queries, keys
    and values, and what comes out of the MLP's first matrix before and after its nonlinearity.

    Args:
        width: entries of a token.
        blocks: of two branches each.
        classes: outputs.
        patches: tokens that are read in.
        inputs: numbers that each of them has.
        pixels: numbers of an image as it is kept.
        token: whether there is a class token besides.
    """
    tokens = patches + token
    matrices = blocks * (4 + 2 * MLP_RATIO) * width**2
    vectors = blocks * (9 + MLP_RATIO) * width + (tokens + token + 3) * width + classes
    embedding = inputs * width
    forward = 2.0 * (embedding * patches + matrices * tokens + classes * width)
    backward = 2 * forward - 2.0 * embedding * patches
    attention = blocks * (2 + 5) * 2.0 * tokens**2 * width
    stream = tokens * width
    block = (8 + 2 * MLP_RATIO) * stream + (width // HEAD + 4) * tokens
    return Cost(
        parameters=embedding + matrices + classes * width + vectors,
        step_flops=forward + backward + attention,
        readout_fan_in=width,
        layers=blocks * 6 + 2,
        kernels=_KERNELS_PER_BLOCK * blocks + _OTHER_KERNELS,
        kept=pixels + blocks * block + (1 + token) * stream,
        largest=max(pixels, MLP_RATIO * stream),
    )
