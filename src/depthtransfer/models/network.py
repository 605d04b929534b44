"""What the sweeps ask of an architecture, besides being an ordinary module; and the convolution they all use."""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.scaling import Role


class ResidualNetwork(nn.Module, ABC):
    """A module that knows the role of each parameter; it maps images (B, C, H, W) to logits (B, classes), or windows of
    text (B, T) to logits (B, T, classes)."""

    @abstractmethod
    def roles(self) -> dict[str, Role]:
        """Role of every trained parameter by its qualified name."""

    @abstractmethod
    def branch_ends(self) -> tuple[Tensor, ...]:
        """Last weight of every residual branch, or the view of it in a stack; with all zero no branch adds anything."""

    def fan_ins(self) -> dict[str, int]:
        """Fan-in of parameters whose shape does not tell, stacks of matrices, by qualified name."""
        return {}

    @abstractmethod
    def blocks(self) -> tuple[str, ...]:
        """Qualified name of every module that maps the residual stream to itself plus its branch, in order."""


_FEWEST_STRIDED = 8
"""Channels of which oneDNN's kernels without AVX-512 take a block. With fewer, the backward pass of a strided 1x1
convolution in channels-last order writes beyond its memory (seen with torch 2.13)."""


class Subsampled(nn.Conv2d):
    """A strided 1x1 convolution as one of stride 1 over every other pixel: the same function by another kernel."""

    def forward(self, input: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, outputs, H / stride, W / stride), sides rounded up."""
        chosen = input[:, :, :: self.stride[0], :: self.stride[1]]
        return F.conv2d(chosen.contiguous(memory_format=torch.channels_last), self.weight)


def convolution(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    """Return a square convolution of odd side (pixels) without bias; with stride 1 it keeps the size of its input."""
    kind = Subsampled if side == 1 and stride > 1 and inputs < _FEWEST_STRIDED else nn.Conv2d
    return kind(inputs, outputs, side, stride=stride, padding=side // 2, bias=False)
