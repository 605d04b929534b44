"""Random crop, flip and rotation of a whole batch, as one nearest-neighbour gather.

The transformation is torchvision's `RandomCrop(size, padding) -> RandomHorizontalFlip() ->
RandomRotation(degrees)` (the augmentation of the CIFAR runs of arXiv 2309.16620), with zeros outside
the image. Each of the three is a map from output pixels to source pixels, so their composition is one
integer index per output pixel and no intermediate image is made.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Which random transformations a batch goes through; the default is none.

    Args:
        crop_padding: zeros added on each side, in pixels, before a crop of the original size.
        flip: whether half of the images are mirrored left to right.
        rotation_degrees: angles are uniform in ± this, about the image's centre.
    """

    crop_padding: int = 0
    flip: bool = False
    rotation_degrees: float = 0.0

    def __post_init__(self) -> None:
        if self.crop_padding < 0:
            raise ValueError(f"crop_padding is {self.crop_padding}, expected 0 or more pixels")
        if not 0.0 <= self.rotation_degrees <= 180.0:
            raise ValueError(f"rotation_degrees is {self.rotation_degrees}, expected 0 to 180")

    @property
    def is_identity(self) -> bool:
        """Whether images pass unchanged."""
        return self == Augmentation()


@dataclass(frozen=True, eq=False)
class Draws:
    """What was drawn for each of n images; all tensors have shape (n,) and lie on the CPU.

    Attributes:
        top: rows of the crop's upper edge above the padded image's, int64 in [0, 2 crop_padding].
        left: the same for columns.
        flip: whether the image is mirrored, bool.
        angle: counter-clockwise rotation in degrees, float64.
    """

    top: Tensor
    left: Tensor
    flip: Tensor
    angle: Tensor


def draw(count: int, augmentation: Augmentation, generator: torch.Generator) -> Draws:
    """Draw the transformations of `count` images.

    The generator is one of the CPU, so that every device sees the same images. A batch takes the same
    amount from the stream whatever the augmentation: switching the rotation on leaves the crops as they were.
    """
    uniform = torch.rand(4, count, generator=generator, dtype=torch.float64)
    shifts = 2 * augmentation.crop_padding + 1
    return Draws(
        top=(uniform[0] * shifts).to(torch.int64),
        left=(uniform[1] * shifts).to(torch.int64),
        flip=(uniform[2] < 0.5) & augmentation.flip,
        angle=(2.0 * uniform[3] - 1.0) * augmentation.rotation_degrees,
    )


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Transform each image by its own draw.

    Args:
        images: uint8, shape (n, C, H, W), on any device.
        augmentation: what to draw; the identity draws nothing and returns `images` itself.
        generator: a CPU generator; it is advanced.

    Returns:
        uint8 tensor of the same shape on the same device.
    """
    if augmentation.is_identity:
        return images
    return transform(images, draw(len(images), augmentation, generator), augmentation)


def transform(images: Tensor, draws: Draws, augmentation: Augmentation) -> Tensor:
    """Apply drawn transformations to uint8 images of shape (n, C, H, W)."""
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise TypeError(f"expected uint8 images (n, C, H, W), found {images.dtype} {tuple(images.shape)}")
    n, channels, height, width = images.shape
    if augmentation.crop_padding >= min(height, width):
        raise ValueError(f"crop_padding {augmentation.crop_padding} would leave nothing of {height}x{width} images")
    source = _rotated_source if augmentation.rotation_degrees else _shifted_source
    index, inside = source(draws, augmentation.crop_padding, height, width, images.device)
    pixels = images.reshape(n, channels, height * width)
    gathered = pixels.gather(2, index.view(n, 1, -1).expand(-1, channels, -1))
    return gathered.mul_(inside.view(n, 1, -1)).view(n, channels, height, width)


def network_input(examples: Tensor) -> Tensor:
    """Return what a network is given: of images (n, C, H, W) `normalize` in fp32 and channels-last order, of a text's
    windows (n, T) their places in the vocabulary as int64."""
    if examples.ndim == 2:
        return examples.long()
    return normalize(examples, torch.float32, torch.channels_last)


def normalize(
    images: Tensor, precision: torch.dtype, memory_format: torch.memory_format = torch.contiguous_format
) -> Tensor:
    """Map uint8 images (n, C, H, W) from [0, 255] to [-1, 1]: (x / 255 - 0.5) / 0.5.

    Computed in float32 as x / 127.5 - 1, which meets both ends exactly, and rounded to `precision` last.
    """
    levels = images.to(torch.float32).div_(127.5).sub_(1.0)
    return levels.to(precision, memory_format=memory_format)


def _shifted_source(draws: Draws, padding: int, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where each output pixel comes from without rotation, and whether that lies inside; both (n, H, W)."""
    sign = 1 - 2 * draws.flip.to(torch.int64)
    first_column = torch.where(draws.flip, width - 1, 0) + draws.left - padding
    row_start, column_start, sign = torch.stack((draws.top - padding, first_column, sign)).to(device)
    rows = row_start[:, None] + torch.arange(height, device=device)
    columns = column_start[:, None] + sign[:, None] * torch.arange(width, device=device)
    nearest_row, nearest_column = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    index = (nearest_row * width)[:, :, None] + nearest_column[:, None, :]
    inside = (rows == nearest_row)[:, :, None] & (columns == nearest_column)[:, None, :]
    return index, inside


def _rotated_source(draws: Draws, padding: int, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where each output pixel comes from, and whether that lies inside; both (n, H, W).

    With (x, y) the centre of an output pixel relative to the image's centre, the rotation takes it from
    (x cos - y sin, x sin + y cos); mirroring negates the first, the crop shifts both. The pixel there is
    the floor of that position. It lies inside when it is in the rotated image and in the cropped one,
    two intervals of source rows (and of columns) of which the intersection is tested. Positions are raised by
    `lift` to stay positive, where conversion to integers is the floor.
    """
    lift = 2 * (height + width + padding)
    sign = 1 - 2 * draws.flip.to(torch.float64)
    radians = draws.angle * (math.pi / 180.0)
    cosine, sine = torch.cos(radians), torch.sin(radians)
    down, right = draws.top - padding, draws.left - padding
    centre_x, centre_y = right + (width / 2 + lift), down + (height / 2 + lift)
    factors = torch.stack((sign * cosine, sign * sine, centre_x, sine, cosine, centre_y))
    x_to_column, y_to_column, centre_x, x_to_row, y_to_row, centre_y = factors.float().to(device)[:, :, None]
    first = torch.stack((down, right)).clamp(min=0) + lift
    last = torch.stack((down.clamp(max=0) + height, right.clamp(max=0) + width)) + (lift - 1)
    bounds = torch.cat((first, last)).to(torch.int32).to(device)[:, :, None, None]
    first_row, first_column, last_row, last_column = bounds

    x = torch.arange(width, device=device, dtype=torch.float32) + (0.5 - width / 2)
    y = torch.arange(height, device=device, dtype=torch.float32) + (0.5 - height / 2)
    columns = (x_to_column * x)[:, None, :] + (centre_x - y_to_column * y)[:, :, None]
    rows = (x_to_row * x)[:, None, :] + (centre_y + y_to_row * y)[:, :, None]
    column, row = columns.to(torch.int32), rows.to(torch.int32)
    nearest_column = torch.clamp(column, first_column, last_column)
    nearest_row = torch.clamp(row, first_row, last_row)
    inside = (row == nearest_row) & (column == nearest_column)
    index = nearest_column.add_(nearest_row, alpha=width).sub_(lift * (width + 1))
    return index.to(torch.int64), inside
