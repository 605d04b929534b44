"""What the sweeps ask of an architecture, besides being an ordinary module; and the convolution they all use."""

from abc import ABC, abstractmethod

from torch import nn

from depthtransfer.scaling import Role


class ResidualNetwork(nn.Module, ABC):
    """A module that maps images (B, C, H, W) to logits (B, classes) and knows the role of each parameter."""

    @abstractmethod
    def roles(self) -> dict[str, Role]:
        """Role of every trained parameter by its qualified name."""

    @abstractmethod
    def branch_ends(self) -> frozenset[str]:
        """Last weight of every residual branch by its qualified name; with all of them zero no branch adds anything."""

    @abstractmethod
    def blocks(self) -> tuple[str, ...]:
        """Qualified name of every module that maps the residual stream to itself plus its branch, in order."""


def convolution(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    """Return a square convolution of odd side (pixels) without bias; with stride 1 it keeps the size of its input."""
    return nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, bias=False)
