"""Models of torch and torchvision as they are, by width and depth: what `plan` has to take unmodified.

No class of this project is inside of them and no role of a parameter is written down anywhere.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.vision_transformer import VisionTransformer

from depthtransfer.models.library_sizes import (
    COLOURS,
    HEAD,
    MLP_RATIO,
    TorchEncoderOptions,
    TorchvisionResNetOptions,
    TorchvisionViTOptions,
    torchvision_resnet_blocks,
    transformer_blocks,
)
from depthtransfer.models.resnet18_bn_sizes import STEMS, Stem
from depthtransfer.models.shapes import ImageShape

Make = Callable[..., nn.Module]
"""A network from its ``width`` and ``depth``."""


def torchvision_resnet(shape: ImageShape, classes: int, options: TorchvisionResNetOptions) -> Make:
    """torchvision's ResNet of basic blocks; depth is their number."""

    def make(width: int, depth: int) -> nn.Module:
        return _Coloured(_SizedResNet(width, torchvision_resnet_blocks(width, depth), classes, STEMS[options.stem]))

    return make


def torchvision_vit(shape: ImageShape, classes: int, options: TorchvisionViTOptions) -> Make:
    """torchvision's vision transformer; depth is the number of its branches, two a block."""

    def make(width: int, depth: int) -> nn.Module:
        blocks = transformer_blocks("torchvision_vit", width, depth)
        heads, hidden = width // HEAD, MLP_RATIO * width
        network = VisionTransformer(shape.size, options.patch_size, blocks, heads, width, hidden, num_classes=classes)
        return _Coloured(network)

    return make


def torch_encoder(shape: ImageShape, classes: int, options: TorchEncoderOptions) -> Make:
    """torch's encoder over the rows of an image; depth is the number of its branches, two a block."""
    return partial(_RowEncoder, shape=shape, classes=classes, norm_first=options.norm == "first")


class _Coloured(nn.Module):
    """A library's model, which sees grey images three times: (B, 1 or 3, H, W) to logits (B, classes)."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images.expand(-1, COLOURS, -1, -1))
        return logits


class _SizedResNet(ResNet):  # type: ignore[misc]
    """torchvision's ResNet, whose constructor knows one width and one stem: this one takes them.

    Blocks, initialization and forward pass are torchvision's.
    """

    def __init__(self, width: int, blocks: int, classes: int, stem: Stem) -> None:
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, width, 1, 1, 64
        self.conv1 = nn.Conv2d(COLOURS, width, stem.side, stem.stride, stem.side // 2, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem.pooled else nn.Identity()
        for stage in range(4):
            made = self._make_layer(BasicBlock, width << stage, blocks, stride=2 if stage else 1)
            self.add_module(f"layer{stage + 1}", made)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(width << 3, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class _RowEncoder(nn.Module):
    """Rows of images (B, C, H, W) as tokens, torch's encoder, the mean over tokens, a readout: logits (B, classes)."""

    def __init__(self, width: int, depth: int, *, shape: ImageShape, classes: int, norm_first: bool) -> None:
        super().__init__()
        self.read_in = nn.Linear(shape.channels * shape.size, width)
        self.positions = nn.Parameter(0.02 * torch.randn(shape.size, width))
        layer = nn.TransformerEncoderLayer(
            *(width, width // HEAD, MLP_RATIO * width),
            dropout=0.0,  # draws from a stream that checkpoints do not keep
            activation="gelu",
            batch_first=True,
            norm_first=norm_first,
        )
        blocks = transformer_blocks("torch_encoder", width, depth)
        self.encoder = nn.TransformerEncoder(layer, blocks, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.readout = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        rows = images.transpose(1, 2).flatten(2)
        logits: Tensor = self.readout(self.encoder(self.read_in(rows) + self.positions).mean(1))
        return logits
