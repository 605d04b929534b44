"""Architectures by name, with a common signature."""

from depthtransfer.models.cnn import CNN
from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.shapes import ImageShape

ARCHITECTURES: dict[str, type[CNN]] = {"cnn": CNN}


def build(
    name: str, *, width: int, depth: int, shape: ImageShape, classes: int, branch_multiplier: float
) -> ResidualNetwork:
    """Return a network with PyTorch's own initial weights; `parametrization.initialize` draws the real ones.

    Raises:
        KeyError: if the name is unknown (the plan has checked it before).
        ConfigurationError: if the sizes do not fit.
    """
    return ARCHITECTURES[name](
        width=width, depth=depth, shape=shape, classes=classes, branch_multiplier=branch_multiplier
    )
