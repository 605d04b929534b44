"""Checks and counts of what transformers of images and of text have in common, without torch."""

from dataclasses import dataclass

from depthtransfer.errors import ConfigurationError

_BRANCHES_PER_BLOCK = 2
_KERNELS_PER_BLOCK = 23
"""Four matrices of three products, attention, GELU and two sums, each with what its backward pass takes."""
_KERNELS_OF_NORMS = 4


def check_blocks(model: str, width: int, depth: int, heads: int) -> None:
    """Refuse a width that heads do not divide, and a depth that is not two branches a block.

    Raises:
        ConfigurationError: naming the model and what would be right.
    """
    if width < 1 or width % heads:
        raise ConfigurationError(
            f"width = {width} of the {model} cannot be shared by {heads} heads", f"give a positive multiple of {heads}"
        )
    if depth < _BRANCHES_PER_BLOCK or depth % _BRANCHES_PER_BLOCK:
        raise ConfigurationError(
            f"depth = {depth} of the {model}, which has two residual branches a block (attention and MLP)",
            "give a positive even number",
        )


@dataclass(frozen=True)
class Blocks:
    """What all blocks of a transformer need, with the normalization before the readout.

    Each attention is two products over all pairs of tokens; the backward pass takes five, since fused kernels compute
    the attention weights again instead of keeping them. A causal mask is not counted as less.

    Args:
        width: entries w of a token.
        depth: residual branches.
        tokens: T, what attention runs over.
        heads: number of attention heads.
        mlp_ratio: hidden width of the MLPs over the width.
        normalized: whether there are normalizations.
    """

    width: int
    depth: int
    tokens: int
    heads: int
    mlp_ratio: int
    normalized: bool

    @property
    def count(self) -> int:
        """Number of blocks."""
        return self.depth // _BRANCHES_PER_BLOCK

    @property
    def matrices(self) -> int:
        """Entries of all matrices."""
        return self.count * (4 + 2 * self.mlp_ratio) * self.width**2

    @property
    def vectors(self) -> int:
        """Gains and biases of all normalizations."""
        return (self.depth + 1) * 2 * self.width if self.normalized else 0

    @property
    def attention_flops(self) -> float:
        """Operations of attention alone in a step, of one input."""
        return self.count * (2 + 5) * 2.0 * self.tokens**2 * self.width

    @property
    def layers(self) -> int:
        """Four matrices and two products of attention in each block."""
        return self.count * 6

    @property
    def kernels(self) -> int:
        """Operations that a step starts."""
        return (_KERNELS_PER_BLOCK + _KERNELS_OF_NORMS * self.normalized) * self.count

    @property
    def kept(self) -> int:
        """Numbers that the backward pass keeps of one input: of each block the input of each branch and of each matrix,
        queries, keys and values, one number a head and token, and of each normalization two numbers a token."""
        stream = self.tokens * self.width
        block = (6 + 2 * self.normalized + 2 * self.mlp_ratio) * stream
        return self.count * (block + (self.heads + 4 * self.normalized) * self.tokens)

    @property
    def largest(self) -> int:
        """Numbers of the largest tensor of one input."""
        return max(3, self.mlp_ratio) * self.tokens * self.width
