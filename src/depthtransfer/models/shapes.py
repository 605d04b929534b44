"""What a network is asked to fit and what it needs, known without torch so that a plan is checked before it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageShape:
    """Channels and side (pixels) of square input images."""

    channels: int
    size: int


@dataclass(frozen=True)
class Cost:
    """What one network needs.

    A multiply-add counts as two operations. A training step costs the forward pass, the gradients of all weights and
    the gradients of all inputs but the images. Normalizations and activations are not counted.

    Args:
        parameters: number of trained parameters.
        step_flops: operations of one training step for one image.
        readout_fan_in: N of the scaling table.
        layers: convolutions and matrix products on the longest path of a forward pass.
        kernels: operations that a training step starts, forward and backward; each has a fixed cost of its own. The
            optimizer's are not counted.
        kept: numbers of four bytes that the backward pass keeps of one image, the image included.
        largest: numbers of the largest tensor among them.
    """

    parameters: int
    step_flops: float
    readout_fan_in: int
    layers: int
    kernels: int
    kept: int
    largest: int
