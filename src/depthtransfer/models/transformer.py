"""What transformers are made of, of images and of text: pre-norm branches of attention and of an MLP by turns."""

from collections import OrderedDict
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.models.network import ResidualNetwork
from depthtransfer.scaling import Role

Normalization = Literal["layer_norm", "none"]


class SelfAttention(nn.Module):
    """Multi-head self-attention without biases; input and output (B, T, w).

    Logits are q.k / d_head rather than q.k / sqrt(d_head): queries and keys align as they learn, so that their product
    grows like d_head and not like its root (muP; facts on paper A's transformer).

    Args:
        width: w.
        heads: number of heads, which divides the width.
        causal: whether a token sees itself and those before it alone.
    """

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.heads = heads
        self.causal = causal
        self.logit_scale = heads / width

    def forward(self, x: Tensor) -> Tensor:
        """Attend in torch's own fused kernel; heads are views, nothing is copied."""
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, scale=self.logit_scale)
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


class Transformer(ResidualNetwork):
    """A network whose stream goes through `branches` and `norm`; what comes before and after is the subclass's."""

    INPUTS: tuple[str, ...] = ()
    """Names of the parts that read the input."""

    def add_branches(
        self,
        *,
        width: int,
        depth: int,
        heads: int,
        mlp_ratio: int,
        normalization: Normalization,
        branch_multiplier: float,
        causal: bool = False,
    ) -> None:
        """Make the branches and the normalization behind them; called once, when the network is made.

        Args:
            width: entries w of a token.
            depth: residual branches L of the whole network, two a block.
            heads: number of attention heads.
            mlp_ratio: hidden width of the MLP branches over the width.
            normalization: at the start of every branch and before the readout.
            branch_multiplier: factor on every residual branch.
            causal: whether a token sees itself and those before it alone.
        """
        self.branches = nn.Sequential()
        for index in range(depth):
            function = _mlp(width, mlp_ratio) if index % 2 else SelfAttention(width, heads, causal)
            self.branches.append(Branch(_norm(width, normalization), function, branch_multiplier))
        self.norm = _norm(width, normalization)

    def roles(self) -> dict[str, Role]:
        """Role of every parameter by its qualified name."""
        by_part = {**dict.fromkeys(self.INPUTS, Role.INPUT), "norm": Role.VECTOR, "readout": Role.READOUT}
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


def _norm(width: int, normalization: Normalization) -> nn.Module:
    return nn.LayerNorm(width) if normalization == "layer_norm" else nn.Identity()


def _mlp(width: int, ratio: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            expand=nn.Linear(width, ratio * width, bias=False),
            activation=nn.GELU(),
            contract=nn.Linear(ratio * width, width, bias=False),
        )
    )
