"""Options, sizes, checks and cost of the small GPT, without torch."""

from typing import Literal

from pydantic import Field

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.shapes import Cost, TextShape
from depthtransfer.models.transformer_sizes import Blocks, check_blocks
from depthtransfer.strict import Strict

_OTHER_KERNELS = 16
"""Embedding, positions, readout and loss."""


class GPTOptions(Strict):
    """What may be chosen.

    Args:
        heads: number of attention heads; it divides the width.
        normalization: "layer_norm" at the start of every branch and before the readout, or "none" anywhere.
        mlp_ratio: hidden width of the MLP branches over the width.
        vocabulary: characters at most; a text of more is refused.
    """

    heads: int = Field(default=4, ge=1)
    normalization: Literal["layer_norm", "none"] = "layer_norm"
    mlp_ratio: int = Field(default=4, ge=1)
    vocabulary: int = Field(default=256, ge=2)


def check_gpt(width: int, depth: int, classes: int, options: GPTOptions) -> None:
    """Refuse sizes that do not fit.

    Raises:
        ConfigurationError: naming what would be right.
    """
    check_blocks("gpt", width, depth, options.heads)
    if classes > options.vocabulary:
        raise ConfigurationError(
            f"a vocabulary of {classes} characters, where the gpt has {options.vocabulary} at most",
            "choose a text of fewer characters, or raise options.vocabulary",
        )


def gpt_cost(width: int, depth: int, shape: TextShape, classes: int, options: GPTOptions) -> Cost:
    """Count a GPT of `depth` branches, for one window. Looking up an embedding is no operation.

    Kept besides what the blocks keep are the characters and those that follow, the stream before and behind the last
    normalization, and the logarithms of the probabilities.

    Raises:
        ConfigurationError: if width, depth or vocabulary do not fit the options.
    """
    check_gpt(width, depth, classes, options)
    tokens, normalized = shape.context, options.normalization == "layer_norm"
    blocks = Blocks(width, depth, tokens, options.heads, options.mlp_ratio, normalized)
    stream = tokens * width
    return Cost(
        parameters=blocks.matrices + blocks.vectors + (2 * classes + tokens) * width,
        step_flops=6.0 * tokens * (blocks.matrices + classes * width) + blocks.attention_flops,
        readout_fan_in=width,
        layers=blocks.layers + 1,
        kernels=blocks.kernels + _OTHER_KERNELS,
        kept=blocks.kept + (1 + normalized) * stream + tokens * (classes + 4 + 2 * normalized),
        largest=max(blocks.largest, tokens * classes),
    )
