"""The CNN written plainly: stored weights N(0, 1/fan_in), multipliers in the forward pass, contiguous memory."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """x + scale * conv(relu(x))."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (B, C, H, W)."""
        branch: Tensor = self.conv(F.relu(x))
        return x + self.scale * branch


class PlainCNN(nn.Module):
    """Three stages at w, 2w and 4w channels on 32-pixel colour images, muP with 1/sqrt(L) on the branches."""

    def __init__(self, width: int, depth: int, classes: int = 10) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False)]
        for stage in range(3):
            channels = width * 2**stage
            if stage > 0:
                layers.append(nn.Conv2d(channels // 2, channels, 3, padding=1, bias=False))
            layers.extend(Block(channels, 1 / math.sqrt(depth)) for _ in range(depth // 3))
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.readout_width = 16 * width
        self.readout = nn.Linear(self.readout_width, classes, bias=False)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=1 / math.sqrt(parameter[0].numel()))

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, 3, 32, 32) to logits (B, classes)."""
        features = torch.flatten(self.features(x), 1)
        logits: Tensor = self.readout(features) / math.sqrt(self.readout_width)
        return logits
