"""Architectures by name, with a common signature."""

from collections.abc import Callable, Mapping
from typing import Any

from depthtransfer.models.cnn import CNN
from depthtransfer.models.costs import checked_options
from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.resnet18_bn import ResNet18BN
from depthtransfer.models.shapes import ImageShape
from depthtransfer.models.vit import ViT

ARCHITECTURES: dict[str, Callable[..., ResidualNetwork]] = {"cnn": CNN, "resnet18_bn": ResNet18BN, "vit": ViT}


def build(
    name: str,
    *,
    width: int,
    depth: int,
    shape: ImageShape,
    classes: int,
    branch_multiplier: float,
    options: Mapping[str, Any] | None = None,
) -> ResidualNetwork:
    """Return a network with PyTorch's own initial weights; `parametrization.initialize` draws the real ones.

    Raises:
        ConfigurationError: if the name is unknown, or sizes or options do not fit.
    """
    checked = checked_options(name, options or {})
    return ARCHITECTURES[name](
        width=width,
        depth=depth,
        shape=shape,
        classes=classes,
        branch_multiplier=branch_multiplier,
        options=checked,
    )
