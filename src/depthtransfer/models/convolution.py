"""The convolution that every architecture is made of."""

from torch import nn


def convolution(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    """Return a square convolution of odd side (pixels) without bias; with stride 1 it keeps the size of its input."""
    return nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, bias=False)
