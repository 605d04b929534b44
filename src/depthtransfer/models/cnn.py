"""The residual convolutional network of paper A, Figure 1 (facts: one 3x3 convolution a block, three stages)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.models.cnn_sizes import CNN_STAGES, CNNOptions, cnn_readout_fan_in, cnn_stem_stride
from depthtransfer.models.network import ResidualNetwork, convolution
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Role


class ResidualBlock(nn.Module):
    """x + branch_multiplier * conv3x3(relu(x)), without bias; input and output (B, C, H, W)."""

    def __init__(self, channels: int, branch_multiplier: float) -> None:
        super().__init__()
        self.conv = convolution(channels, channels, 3)
        self.branch_multiplier = branch_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """Scale and add in one pass over memory."""
        return torch.add(x, self.conv(F.relu(x)), alpha=self.branch_multiplier)


class CNN(ResidualNetwork):
    """Three stages of residual blocks at w, 2w and 4w channels, each followed by a 2x2 max-pooling.

    Stem and transitions are plain 3x3 convolutions; there is no ReLU after them and none before the readout.

    Args:
        width: channels w of the first stage.
        depth: residual blocks L of the whole network, a multiple of three.
        shape: channels and side of the input images; from 16 pixels on the stem has stride 2.
        classes: number of outputs.
        branch_multiplier: factor on every residual branch.
        options: none.

    Raises:
        ConfigurationError: if the depth or the image does not fit three stages.
    """

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        shape: ImageShape,
        classes: int,
        branch_multiplier: float,
        options: CNNOptions | None = None,
    ) -> None:
        super().__init__()
        fan_in = cnn_readout_fan_in(width=width, depth=depth, shape=shape)
        self.stem = convolution(shape.channels, width, 3, cnn_stem_stride(shape))
        self.stages = nn.ModuleList()
        self.transitions = nn.ModuleList()
        for stage in range(CNN_STAGES):
            channels = width * 2**stage
            if stage:
                self.transitions.append(convolution(channels // 2, channels, 3))
            blocks = (ResidualBlock(channels, branch_multiplier) for _ in range(depth // CNN_STAGES))
            self.stages.append(nn.Sequential(*blocks))
        self.readout = nn.Linear(fan_in, classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for index, blocks in enumerate(self.stages):
            if index:
                x = self.transitions[index - 1](x)
            x = F.max_pool2d(blocks(x), 2)
        logits: Tensor = self.readout(x.flatten(1))
        return logits

    def roles(self) -> dict[str, Role]:
        """Role of every parameter by its qualified name."""
        by_part = {
            "stem": Role.INPUT,
            "transitions": Role.HIDDEN,
            "stages": Role.BRANCH,
            "readout": Role.READOUT,
        }
        return {name: by_part[name.split(".")[0]] for name, _ in self.named_parameters()}

    def branch_ends(self) -> tuple[Tensor, ...]:
        """A branch has one convolution, which is its end."""
        return tuple(self.get_parameter(name) for name, role in self.roles().items() if role is Role.BRANCH)

    def blocks(self) -> tuple[str, ...]:
        """Residual blocks of all stages."""
        return tuple(name for name, module in self.named_modules() if isinstance(module, ResidualBlock))
