"""Options, checks, parameters and floating-point operations of each architecture by name, without torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.cnn_sizes import CNNOptions, cnn_cost
from depthtransfer.models.resnet18_bn_sizes import ResNet18BNOptions, resnet18_bn_cost
from depthtransfer.models.shapes import Cost, ImageShape
from depthtransfer.models.vit_sizes import ViTOptions, vit_cost
from depthtransfer.strict import Strict, validate

MOST_BRANCHES = 8192
"""Depths beyond are taken for a slip of the pen: building the modules alone would take minutes."""


@dataclass(frozen=True)
class Sizing:
    """What is known of an architecture before it is built.

    Args:
        options: model of its options, all with defaults.
        cost: counts a network from width, depth, shape, classes and options.
    """

    options: type[Strict]
    cost: Callable[[int, int, ImageShape, int, Any], Cost]


_SIZINGS = {
    "cnn": Sizing(CNNOptions, cnn_cost),
    "resnet18_bn": Sizing(ResNet18BNOptions, resnet18_bn_cost),
    "vit": Sizing(ViTOptions, vit_cost),
}


def cost(
    model: str, *, width: int, depth: int, shape: ImageShape, classes: int, options: Mapping[str, Any] | None = None
) -> Cost:
    """Return the cost of one network.

    Raises:
        ConfigurationError: if the model is unknown or the sizes or options do not fit it.
    """
    if depth > MOST_BRANCHES:
        raise ConfigurationError(
            f"depth = {depth} of the {model} is more than {MOST_BRANCHES} residual branches", "give fewer"
        )
    return _sizing(model).cost(width, depth, shape, classes, checked_options(model, options or {}))


def checked_options(model: str, given: Mapping[str, Any]) -> Strict:
    """Return the options of an architecture, defaults filled in.

    Raises:
        ConfigurationError: if the model is unknown, or an option is unknown or has a value that is not allowed.
    """
    return validate(_sizing(model).options, dict(given), f"options of the {model}")


def names() -> tuple[str, ...]:
    """Names of the known architectures."""
    return tuple(sorted(_SIZINGS))


def _sizing(model: str) -> Sizing:
    if model not in _SIZINGS:
        raise ConfigurationError(f"model {model!r} is unknown", f"choose one of {', '.join(names())}")
    return _SIZINGS[model]
