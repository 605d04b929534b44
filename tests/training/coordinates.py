"""Coordinate checks: sizes of activations and of their updates in real networks, and their exponents over size.

Ten random images, one of each class, as one batch, or two windows of five characters of a text: with few samples the
learned part of the function dominates over the random part of relative order 1/sqrt(width) that it replaces at infinite
width.
"""

import copy
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tests.tolerances import SLOPE, SLOPE_ERROR
from torch import Tensor, nn

from depthtransfer.models.parametrization import initialize, parameter_groups, resolve
from depthtransfer.models.registry import build, cost
from depthtransfer.models.shapes import ImageShape, Shape, TextShape
from depthtransfer.scaling import Constants, Optimizer, Role, Scheme, branch_multiplier
from depthtransfer.training.optimizers import build_optimizer
from depthtransfer.training.process import named_rng

SHAPE, CLASSES = ImageShape(1, 8), 10

UPDATES = ("stem", "transition", "features", "function", "block", "blocks", "readout")


@dataclass(frozen=True)
class Landmarks:
    """Names of the submodules of an architecture that are looked at.

    stem, transition, features: read-in, a layer of role hidden, or, where there is none, the normalization before the
    readout (empty where there is neither), and what enters pooling or readout. blocks: regular expression for the names
    of the residual blocks, which map the stream to the stream. options: those of the architecture.
    """

    stem: str
    transition: str
    features: str
    blocks: str
    options: dict[str, Any] = field(default_factory=dict)


LANDMARKS = {
    "cnn": Landmarks("stem", "transitions.1", "stages.2", r"stages\.\d+\.\d+"),
    "resnet18_bn": Landmarks("stem", "stages.3.0.shortcut", "stages.3", r"stages\.\d+\.\d+"),
    "mlp": Landmarks("read_in", "", "stack", r"stack\.blocks\.\d+"),
    "vit": Landmarks("patches", "norm", "branches", r"branches\.\d+", {"pooling": "mean"}),
    "gpt": Landmarks("characters", "norm", "branches", r"branches\.\d+"),
}


@dataclass(frozen=True)
class Slope:
    """A fitted exponent with its standard error."""

    value: float
    error: float


def rms(x: Tensor) -> float:
    return x.square().mean().sqrt().item()


@cache
def sizes_of(
    architecture: str,
    scheme: str,
    alpha: float,
    gamma: float,
    optimizer: str,
    rate: float,
    width: int,
    depth: int,
    seed: int,
    steps: int,
    options: tuple[tuple[str, Any], ...] = (),
) -> dict[str, float]:
    """Root mean squares in one network: features and function at the start, and what `steps` updates add to them.

    stem, transition, features, function: change of what comes out of the landmarks and the readout. block: what the
    change of a branch's weights adds to the stream, mean over branches; blocks: their sum. readout: what the change
    of the readout's weights adds to the function.
    """
    landmarks = LANDMARKS[architecture]
    shape, images, labels = _batch(architecture)
    constants = Constants(alpha=alpha, update_exponent=gamma)
    sizes: dict[str, Any] = {"width": width, "depth": depth, "shape": shape, "classes": CLASSES}
    sizes["options"] = landmarks.options | dict(options)
    branch = branch_multiplier(Scheme(scheme), depth=depth, constants=constants)
    model = build(architecture, **sizes, branch_multiplier=branch)
    roles = model.roles()
    rules = resolve(
        model,
        roles,
        scheme=Scheme(scheme),
        width=cost(architecture, **sizes).readout_fan_in,
        depth=depth,
        optimizer=Optimizer(optimizer),
        constants=constants,
        fan_ins=model.fan_ins(),
    )
    initialize(model, rules, lambda name: named_rng(seed, f"weights/{name}"))
    inputs, outputs = observe(model, images)
    start = {
        "features at the start": rms(outputs[landmarks.features]),
        "function at the start": rms(outputs["readout"]),
    }
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    descent = build_optimizer(Optimizer(optimizer), parameter_groups(model, rules, learning_rate=rate), momentum=0.0)
    for _ in range(steps):
        descent.zero_grad()
        torch.autograd.backward(F.cross_entropy(model(images).flatten(0, -2), labels))
        descent.step()
    inputs, trained = observe(model, images)
    unlearned = copy.deepcopy(model)
    with torch.no_grad():
        for name in (name for name, role in roles.items() if role in (Role.BRANCH, Role.BRANCH_VECTOR)):
            unlearned.get_parameter(name).copy_(weights[name])
        added = [
            rms(trained[name] - block(inputs[name]))
            for name, block in unlearned.named_modules()
            if re.fullmatch(landmarks.blocks, name)
        ]
        change = F.linear(inputs["readout"], model.readout.weight - weights["readout.weight"])
    moved = {part: getattr(landmarks, part) for part in ("stem", "transition", "features")} | {"function": "readout"}
    moved = {part: name for part, name in moved.items() if name}
    return (
        start
        | {quantity: rms(trained[name] - outputs[name]) for quantity, name in moved.items()}
        | {"block": sum(added) / depth, "blocks": sum(added), "readout": rms(change)}
    )


def _batch(architecture: str) -> tuple[Shape, Tensor, Tensor]:
    """Ten examples with a target each: every character of a text follows once."""
    generator = named_rng(0, "coordinate check")
    if architecture == "gpt":
        return TextShape(5), torch.randperm(CLASSES, generator=generator).view(2, 5), torch.arange(CLASSES)
    return SHAPE, torch.randn(CLASSES, 1, 8, 8, generator=generator), torch.arange(CLASSES)


def observe(model: nn.Module, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs and outputs of every submodule by name."""
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, Tensor] = {}

    def keep(name: str):
        def hook(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
            inputs[name], outputs[name] = arguments[0], output

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in model.named_modules() if name]
    with torch.no_grad():
        model(images)
    for handle in handles:
        handle.remove()
    return inputs, outputs


def exponents(
    scheme: str,
    optimizer: str,
    rate: float,
    *,
    widths: Sequence[int],
    depths: Sequence[int],
    seeds: int,
    steps: int,
    alpha: float = 0.5,
    gamma: float = 0.5,
    architecture: str = "cnn",
    options: dict[str, Any] | None = None,
) -> dict[str, Slope]:
    """Fitted exponent of every quantity over the one size that varies; infinite where something is not finite."""
    runs = [
        (
            width if len(depths) == 1 else depth,
            sizes_of(
                architecture,
                scheme,
                alpha,
                gamma,
                optimizer,
                rate,
                width,
                depth,
                seed,
                steps,
                tuple((options or {}).items()),
            ),
        )
        for width in widths
        for depth in depths
        for seed in range(seeds)
    ]
    sizes = np.log([size for size, _ in runs])
    return {name: fit(sizes, np.array([values[name] for _, values in runs])) for name in runs[0][1]}


def fit(log_sizes: np.ndarray, values: np.ndarray) -> Slope:
    """Least squares through log(value) against log(size), with the slope's standard error."""
    if not (np.isfinite(values) & (values > 0)).all():
        return Slope(math.inf, math.inf)
    x, y = log_sizes - log_sizes.mean(), np.log(values)
    slope = float(x @ y / (x @ x))
    residuals = y - y.mean() - slope * x
    return Slope(slope, math.sqrt(float(residuals @ residuals) / (len(x) - 2) / float(x @ x)))


def assert_exponents(found: dict[str, Slope], expected: dict[str, float]) -> None:
    wrong = {
        name: f"measured {found[name].value:+.2f} ± {found[name].error:.2f}, predicted {exponent:+.1f}"
        for name, exponent in expected.items()
        if not (found[name].error <= SLOPE_ERROR and abs(found[name].value - exponent) <= SLOPE)
    }
    assert not wrong
