"""The vision transformer of paper A, Figure 3: pre-norm blocks, attention logits over the size of a head."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.shapes import ImageShape
from depthtransfer.models.vit_sizes import ViTOptions, vit_patches, vit_tokens
from depthtransfer.scaling import Role


class SelfAttention(nn.Module):
    """Multi-head self-attention without biases; input and output (B, T, w).

    Logits are q.k / d_head rather than q.k / sqrt(d_head): queries and keys align as they learn, so that their product
    grows like d_head and not like its root (muP; facts on paper A's transformer).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.heads = heads
        self.logit_scale = heads / width

    def forward(self, x: Tensor) -> Tensor:
        """Attend in torch's own fused kernel; heads are views, nothing is copied."""
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2))
        attended = F.scaled_dot_product_attention(q, k, v, scale=self.logit_scale)
        mixed: Tensor = self.projection(attended.transpose(1, 2).flatten(2))
        return mixed


class Branch(nn.Module):
    """x + branch_multiplier * function(norm(x)) for x (B, T, w)."""

    def __init__(self, norm: nn.Module, function: nn.Module, branch_multiplier: float) -> None:
        super().__init__()
        self.norm = norm
        self.function = function
        self.branch_multiplier = branch_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """Scale and add in one pass over memory."""
        return torch.add(x, self.function(self.norm(x)), alpha=self.branch_multiplier)


class ViT(ResidualNetwork):
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
        super().__init__()
        options = options or ViTOptions()
        patches = vit_patches(width, depth, shape, options)
        self.width = width
        self.patches = nn.Conv2d(shape.channels, width, options.patch_size, stride=options.patch_size, bias=False)
        self.class_token = nn.Parameter(torch.randn(width)) if options.pooling == "cls" else None
        self.positions = nn.Parameter(torch.randn(vit_tokens(patches, options) * width))
        self.branches = nn.Sequential()
        for index in range(depth):
            function = _mlp(width, options.mlp_ratio) if index % 2 else SelfAttention(width, options.heads)
            self.branches.append(Branch(_norm(width, options), function, branch_multiplier))
        self.norm = _norm(width, options)
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

    def roles(self) -> dict[str, Role]:
        """Role of every parameter by its qualified name."""
        by_part = {
            "patches": Role.INPUT,
            "class_token": Role.INPUT,
            "positions": Role.INPUT,
            "norm": Role.VECTOR,
            "readout": Role.READOUT,
        }
        return {
            name: by_part.get(name.split(".")[0], Role.BRANCH if parameter.dim() > 1 else Role.BRANCH_VECTOR)
            for name, parameter in self.named_parameters()
        }

    def branch_ends(self) -> tuple[Tensor, ...]:
        """Output projections of attention and the second matrices of the MLPs."""
        ends = (".function.projection.weight", ".function.contract.weight")
        return tuple(parameter for name, parameter in self.named_parameters() if name.endswith(ends))

    def blocks(self) -> tuple[str, ...]:
        """Attention and MLP in turn."""
        return tuple(name for name, module in self.named_modules() if isinstance(module, Branch))


def _norm(width: int, options: ViTOptions) -> nn.Module:
    return nn.LayerNorm(width) if options.normalization == "layer_norm" else nn.Identity()


def _mlp(width: int, ratio: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            expand=nn.Linear(width, ratio * width, bias=False),
            activation=nn.GELU(),
            contract=nn.Linear(ratio * width, width, bias=False),
        )
    )
