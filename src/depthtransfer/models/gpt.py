"""A small GPT for paper B's Figures 14 to 16: pre-norm, causal, attention logits over the size of a head."""

import torch
from torch import Tensor, nn

from depthtransfer.models.gpt_sizes import GPTOptions, check_gpt
from depthtransfer.models.shapes import TextShape
from depthtransfer.models.transformer import Transformer


class GPT(Transformer):
    """Characters and positions, then attention and MLP branches by turns, then a readout at every position.

    The readout has weights of its own, without bias. The embedding of a character is the column that a one-hot input
    picks from a matrix of fan-in one, and so are positions: entries of both start at unit scale.

    Args:
        width: entries w of a token.
        depth: residual branches L of the whole network, two a block.
        shape: characters T of a window.
        classes: characters V of the vocabulary.
        branch_multiplier: factor on every residual branch.
        options: heads, normalization, MLP; the defaults if none are given.

    Raises:
        ConfigurationError: if heads do not divide the width, or the depth is odd.
    """

    INPUTS = ("characters", "positions")

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        shape: TextShape,
        classes: int,
        branch_multiplier: float,
        options: GPTOptions | None = None,
    ) -> None:
        options = options or GPTOptions()
        check_gpt(width, depth, classes, options)
        super().__init__()
        self.width = width
        self.characters = nn.Embedding(classes, width)
        self.positions = nn.Parameter(torch.randn(shape.context * width))
        self.add_branches(
            width=width,
            depth=depth,
            heads=options.heads,
            mlp_ratio=options.mlp_ratio,
            normalization=options.normalization,
            branch_multiplier=branch_multiplier,
            causal=True,
        )
        self.readout = nn.Linear(width, classes, bias=False)

    def forward(self, characters: Tensor) -> Tensor:
        """Map places in the vocabulary (B, T), int64, to logits of the characters that follow (B, T, V)."""
        x = self.characters(characters) + self.positions.view(-1, self.width)
        logits: Tensor = self.readout(self.norm(self.branches(x)))
        return logits

    def fan_ins(self) -> dict[str, int]:
        """One, of the embedding: a one-hot input picks one of its rows."""
        return {"characters.weight": 1}
