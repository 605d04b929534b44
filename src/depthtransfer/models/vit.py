"""The vision transformer of paper A, Figure 3: pre-norm blocks, attention logits over the size of a head."""

import torch
from torch import Tensor, nn

from depthtransfer.models.shapes import ImageShape
from depthtransfer.models.transformer import Transformer
from depthtransfer.models.vit_sizes import ViTOptions, vit_patches, vit_tokens


class ViT(Transformer):
    """Patches, a class token and positions, then attention and MLP branches by turns, then a readout without bias.

    Class token and position embedding act as they are, like the columns that a one-hot input picks from a matrix of
    fan-in one. They are stored as vectors, whose fan-in is one: entries start at unit scale, as do those of a patch.

    Args:
        width: entries w of a token.
        depth: residual branches L of the whole network, two a block.
        shape: channels and side of the input images.
        classes: number of outputs.
        branch_multiplier: factor on every residual branch.
        options: patches, heads, normalization, MLP and pooling; the defaults if none are given.

    Raises:
        ConfigurationError: if heads do not divide the width, patches do not divide the image, or the depth is odd.
    """

    INPUTS = ("patches", "class_token", "positions")

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        shape: ImageShape,
        classes: int,
        branch_multiplier: float,
        options: ViTOptions | None = None,
    ) -> None:
        options = options or ViTOptions()
        patches = vit_patches(width, depth, shape, options)
        super().__init__()
        self.width = width
        self.patches = nn.Conv2d(shape.channels, width, options.patch_size, stride=options.patch_size, bias=False)
        self.class_token = nn.Parameter(torch.randn(width)) if options.pooling == "cls" else None
        self.positions = nn.Parameter(torch.randn(vit_tokens(patches, options) * width))
        self.add_branches(
            width=width,
            depth=depth,
            heads=options.heads,
            mlp_ratio=options.mlp_ratio,
            normalization=options.normalization,
            branch_multiplier=branch_multiplier,
        )
        self.readout = nn.Linear(width, classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        x = self.patches(images).flatten(2).transpose(1, 2)
        if self.class_token is not None:
            x = torch.cat((self.class_token.expand(len(x), 1, -1), x), dim=1)
        x = self.branches(x + self.positions.view(-1, self.width))
        pooled = x.mean(1) if self.class_token is None else x[:, 0]
        logits: Tensor = self.readout(self.norm(pooled))
        return logits
