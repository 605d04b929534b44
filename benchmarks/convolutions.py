"""All convolutions of one training step and nothing else: no nonlinearity, sum, loss, data or optimizer."""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.cells import BATCH_SIZE, SHAPE, Cell
from depthtransfer.models.cnn_sizes import CNN_STAGES, cnn_stage_sizes, cnn_stem_stride

_PADDING = [1, 1]
_DILATION = [1, 1]


@dataclass(frozen=True)
class Convolution:
    """One 3x3 convolution with tensors of its own, as in a network whose activations are kept.

    Args:
        inputs: (B, C_in, H, W).
        weight: (C_out, C_in, 3, 3).
        upstream: gradient of the output, (B, C_out, H', W').
        stride: step of the kernel in both directions.
        needs_input_gradient: false for the stem, whose input is the images.
    """

    inputs: Tensor
    weight: Tensor
    upstream: Tensor
    stride: int
    needs_input_gradient: bool

    def forward(self) -> Tensor:
        """Return the output."""
        return torch.ops.aten.convolution(  # type: ignore[no-any-return]
            self.inputs, self.weight, None, [self.stride] * 2, _PADDING, _DILATION, False, [0, 0], 1
        )

    def backward(self) -> tuple[Tensor | None, Tensor, None]:
        """Return the gradients of inputs and weight."""
        return torch.ops.aten.convolution_backward(  # type: ignore[no-any-return]
            self.upstream,
            self.inputs,
            self.weight,
            None,
            [self.stride] * 2,
            _PADDING,
            _DILATION,
            False,
            [0, 0],
            1,
            [self.needs_input_gradient, True, False],
        )


def convolutions(cell: Cell, dtype: torch.dtype) -> list[Convolution]:
    """Return the convolutions of a cell in the order of its forward pass, laid out channels last."""
    sizes = cnn_stage_sizes(SHAPE)
    stride = cnn_stem_stride(SHAPE)
    found = [_convolution(SHAPE.channels, cell.width, sizes[0], dtype, stride, needs_input_gradient=False)]
    for stage, size in enumerate(sizes):
        channels = cell.width * 2**stage
        if stage:
            found.append(_convolution(channels // 2, channels, size, dtype))
        found.extend(_convolution(channels, channels, size, dtype) for _ in range(cell.depth // CNN_STAGES))
    return found


def step(layers: list[Convolution]) -> None:
    """Run all forward, then all backward from the last to the first; outputs live until then, as in training."""
    outputs = [layer.forward() for layer in layers]
    for layer in reversed(layers):
        layer.backward()
    outputs.clear()


def _convolution(
    channels_in: int,
    channels_out: int,
    size: int,
    dtype: torch.dtype,
    stride: int = 1,
    needs_input_gradient: bool = True,
) -> Convolution:
    def tensor(*shape: int) -> Tensor:
        return torch.randn(shape).to(dtype, memory_format=torch.channels_last)

    return Convolution(
        inputs=tensor(BATCH_SIZE, channels_in, size * stride, size * stride),
        weight=tensor(channels_out, channels_in, 3, 3),
        upstream=tensor(BATCH_SIZE, channels_out, size, size),
        stride=stride,
        needs_input_gradient=needs_input_gradient,
    )
