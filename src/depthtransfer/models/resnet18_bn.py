"""The ResNet18-type network of paper A, Figure 2: basic blocks with batch normalization, four stages of any depth."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.network import ResidualNetwork, convolution
from depthtransfer.models.resnet18_bn_sizes import (
    RESNET18_STAGES,
    STEMS,
    ResNet18BNOptions,
    resnet18_bn_sizes,
)
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Role


class BatchNorm(nn.Module):
    """Each channel of (B, C, H, W) normalized over the batch in hand, then times a gain (C,) and plus a bias (C,).

    There are no running statistics: the network is a function of its weights and the batch, in training and evaluation
    alike, so looking at it changes nothing.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize with torch's own kernel and its epsilon of 1e-5."""
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True)


class BasicBlock(nn.Module):
    """relu(shortcut(x) + branch_multiplier * bn(conv3x3(relu(bn(conv3x3(x)))))), as in torchvision but for the factor.

    The shortcut is x itself, or a normalized 1x1 convolution of it where the shape changes; it is not scaled. Input
    (B, inputs, H, W), output (B, outputs, H / stride, W / stride), sides rounded up.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, branch_multiplier: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            OrderedDict(
                conv1=convolution(inputs, outputs, 3, stride),
                norm1=BatchNorm(outputs),
                relu=nn.ReLU(inplace=True),
                conv2=convolution(outputs, outputs, 3),
                norm2=BatchNorm(outputs),
            )
        )
        self.shortcut = nn.Sequential()
        if inputs != outputs or stride > 1:
            self.shortcut.add_module("conv", convolution(inputs, outputs, 1, stride))
            self.shortcut.add_module("norm", BatchNorm(outputs))
        self.branch_multiplier = branch_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """Scale and add in one pass over memory."""
        return torch.add(self.shortcut(x), self.branch(x), alpha=self.branch_multiplier).relu_()


class ResNet18BN(ResidualNetwork):
    """Four stages of basic blocks at w, 2w, 4w and 8w channels; all but the first begin with a stride of two.

    Global average pooling and a readout without bias follow. With eight blocks, sixty-four channels and the stem
    "imagenet" it is torchvision's `resnet18`; more blocks are more of the same in every stage.

    Args:
        width: channels w of the first stage.
        depth: blocks L of the whole network, one residual branch each; a multiple of four.
        shape: channels and side of the input images, at least 8 pixels, or 32 with the stem "imagenet".
        classes: number of outputs.
        branch_multiplier: factor on every residual branch.
        options: the stem; `ResNet18BNOptions()` if none are given.

    Raises:
        ConfigurationError: if the depth or the image does not fit four stages.
    """

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        shape: ImageShape,
        classes: int,
        branch_multiplier: float,
        options: ResNet18BNOptions | None = None,
    ) -> None:
        super().__init__()
        options = options or ResNet18BNOptions()
        self._last_side = resnet18_bn_sizes(width, depth, shape, options)[-1]
        stem = STEMS[options.stem]
        self.stem = nn.Sequential(
            OrderedDict(
                conv=convolution(shape.channels, width, stem.side, stem.stride),
                norm=BatchNorm(width),
                relu=nn.ReLU(inplace=True),
            )
        )
        if stem.pooled:
            self.stem.add_module("pool", nn.MaxPool2d(3, stride=2, padding=1))
        self.stages = nn.Sequential()
        inputs = width
        for stage in range(RESNET18_STAGES):
            blocks = nn.Sequential()
            for block in range(depth // RESNET18_STAGES):
                stride = 2 if stage and not block else 1
                blocks.append(BasicBlock(inputs, width << stage, stride, branch_multiplier))
                inputs = width << stage
            self.stages.append(blocks)
        self.readout = nn.Linear(inputs, classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes).

        Raises:
            ConfigurationError: if there is one image, of which the last stage leaves one pixel.
        """
        if len(images) == 1 and self._last_side == 1:
            raise ConfigurationError(
                "batch normalization of one image whose last maps are single pixels", "give batches of at least two"
            )
        logits: Tensor = self.readout(self.stages(self.stem(images)).mean((2, 3)))
        return logits

    def roles(self) -> dict[str, Role]:
        """Role of every parameter by its qualified name."""
        return {name: _role(name, parameter.dim() == 1) for name, parameter in self.named_parameters()}

    def branch_ends(self) -> tuple[Tensor, ...]:
        """The gain of the last normalization of each branch; its bias starts at zero."""
        return tuple(parameter for name, parameter in self.named_parameters() if name.endswith("branch.norm2.weight"))

    def blocks(self) -> tuple[str, ...]:
        """Basic blocks of all stages; the first of a stage changes the stream's shape as well."""
        return tuple(name for name, module in self.named_modules() if isinstance(module, BasicBlock))


def _role(name: str, vector: bool) -> Role:
    if ".branch." in name:
        return Role.BRANCH_VECTOR if vector else Role.BRANCH
    if vector:
        return Role.VECTOR
    return {"stem": Role.INPUT, "stages": Role.HIDDEN, "readout": Role.READOUT}[name.split(".")[0]]
