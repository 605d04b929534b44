"""Architectures by name: options, cost and class; only building one imports torch."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.cnn_sizes import CNNOptions, cnn_cost
from depthtransfer.models.gpt_sizes import GPTOptions, gpt_cost
from depthtransfer.models.library_sizes import (
    TorchEncoderOptions,
    TorchvisionResNetOptions,
    TorchvisionViTOptions,
    torch_encoder_cost,
    torchvision_resnet_cost,
    torchvision_vit_cost,
)
from depthtransfer.models.mlp_sizes import MLPOptions, mlp_cost
from depthtransfer.models.resnet18_bn_sizes import ResNet18BNOptions, resnet18_bn_cost
from depthtransfer.models.shapes import Cost, ImageShape, Shape, TextShape
from depthtransfer.models.vit_sizes import ViTOptions, vit_cost
from depthtransfer.strict import Strict, validate

if TYPE_CHECKING:
    from depthtransfer.models.library import Make
    from depthtransfer.models.network import ResidualNetwork

MOST_BRANCHES = 8192
"""Depths beyond are taken for a slip of the pen: building the modules alone would take minutes."""


@dataclass(frozen=True)
class Architecture:
    """What is known of an architecture before it is built.

    Args:
        options: model of its options, all with defaults.
        cost: counts a network from width, depth, shape, classes and options.
        path: module and class of the network, which import torch; of a library's model, the function that makes it.
        staged: whether the residual stream changes its shape between stages.
        reads: what it is shown, images or text.
        unmodified: whether it is a library's model, which knows no roles: a plan finds them.
    """

    options: type[Strict]
    cost: Callable[[int, int, Any, int, Any], Cost]
    path: str
    staged: bool = False
    reads: type[ImageShape] | type[TextShape] = ImageShape
    unmodified: bool = False


ARCHITECTURES = {
    "cnn": Architecture(CNNOptions, cnn_cost, "depthtransfer.models.cnn:CNN", staged=True),
    "resnet18_bn": Architecture(
        ResNet18BNOptions, resnet18_bn_cost, "depthtransfer.models.resnet18_bn:ResNet18BN", staged=True
    ),
    "vit": Architecture(ViTOptions, vit_cost, "depthtransfer.models.vit:ViT"),
    "mlp": Architecture(MLPOptions, mlp_cost, "depthtransfer.models.mlp:MLP"),
    "gpt": Architecture(GPTOptions, gpt_cost, "depthtransfer.models.gpt:GPT", reads=TextShape),
    "torchvision_resnet": Architecture(
        TorchvisionResNetOptions,
        torchvision_resnet_cost,
        "depthtransfer.models.library:torchvision_resnet",
        unmodified=True,
    ),
    "torchvision_vit": Architecture(
        TorchvisionViTOptions, torchvision_vit_cost, "depthtransfer.models.library:torchvision_vit", unmodified=True
    ),
    "torch_encoder": Architecture(
        TorchEncoderOptions, torch_encoder_cost, "depthtransfer.models.library:torch_encoder", unmodified=True
    ),
}


def cost(
    model: str, *, width: int, depth: int, shape: Shape, classes: int, options: Mapping[str, Any] | None = None
) -> Cost:
    """Return the cost of one network.

    Raises:
        ConfigurationError: if the model is unknown, or what it is shown, sizes or options do not fit it.
    """
    if depth > MOST_BRANCHES:
        raise ConfigurationError(
            f"depth = {depth} of the {model} is more than {MOST_BRANCHES} residual branches", "give fewer"
        )
    return _shown(model, shape).cost(width, depth, shape, classes, checked_options(model, options or {}))


def checked_options(model: str, given: Mapping[str, Any]) -> Strict:
    """Return the options of an architecture, defaults filled in.

    Raises:
        ConfigurationError: if the model is unknown, or an option is unknown or has a value that is not allowed.
    """
    return validate(_named(model).options, dict(given), f"options of the {model}")


def build(
    model: str,
    *,
    width: int,
    depth: int,
    shape: Shape,
    classes: int,
    branch_multiplier: float,
    options: Mapping[str, Any] | None = None,
) -> "ResidualNetwork":
    """Return a network with PyTorch's own initial weights; `parametrization.initialize` draws the real ones.

    Raises:
        ConfigurationError: if the name is unknown, or sizes or options do not fit.
    """
    _shown(model, shape)
    network: Any = _imported(model)
    built: ResidualNetwork = network(
        width=width,
        depth=depth,
        shape=shape,
        classes=classes,
        branch_multiplier=branch_multiplier,
        options=checked_options(model, options or {}),
    )
    return built


def _shown(model: str, shape: Shape) -> Architecture:
    architecture = _named(model)
    if not isinstance(shape, architecture.reads):
        kinds = {ImageShape: "images", TextShape: "text"}
        raise ConfigurationError(
            f"the {model} reads {kinds[architecture.reads]} and is shown {kinds[type(shape)]}",
            "choose another data set or model",
        )
    return architecture


def is_unmodified(model: str) -> bool:
    """Whether a model is a library's, whose parameters a plan has to find the roles of.

    Raises:
        ConfigurationError: if the name is unknown.
    """
    return _named(model).unmodified


def maker(model: str, *, shape: ImageShape, classes: int, options: Mapping[str, Any] | None = None) -> "Make":
    """Return what builds a library's model from ``width`` and ``depth``, with its library's own initial weights.

    Raises:
        ConfigurationError: if the name is unknown, or the options do not fit.
    """
    function: Callable[[ImageShape, int, Strict], Make] = _imported(model)
    return function(shape, classes, checked_options(model, options or {}))


def _imported(model: str) -> Any:
    module, _, name = _named(model).path.partition(":")
    return getattr(importlib.import_module(module), name)


def _named(model: str) -> Architecture:
    if model not in ARCHITECTURES:
        raise ConfigurationError(f"model {model!r} is unknown", f"choose one of {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[model]
