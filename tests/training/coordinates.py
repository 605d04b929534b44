"""Coordinate checks: sizes of activations and of their updates in the real network, and their exponents over size.

Ten random images, one of each class, as one batch: with few samples the learned part of the function dominates over
the random part of relative order 1/sqrt(width) that it replaces at infinite width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.models.cnn import CNN
from depthtransfer.models.cnn_sizes import cnn_readout_fan_in
from depthtransfer.models.parametrization import initialize, parameter_groups, resolve
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Constants, Optimizer, Scheme, branch_multiplier
from depthtransfer.training.optimizers import build_optimizer
from depthtransfer.training.streams import stream

SHAPE, CLASSES = ImageShape(1, 8), 10


@dataclass(frozen=True)
class Slope:
    """A fitted exponent with its standard error."""

    value: float
    error: float


def rms(x: Tensor) -> float:
    return x.square().mean().sqrt().item()


@cache
def sizes_of(scheme: str, alpha: float, optimizer: str, rate: float, width: int, depth: int, seed: int, steps: int):
    """Root mean squares in one network: features and function at the start, and what `steps` updates add to them.

    stem, transition, features, function: change of what comes out of the stem, the second transition, the last block
    and the readout. block: what the change of a branch's weights adds to the stream, mean over blocks; blocks: their
    sum. readout: what the change of the readout's weights adds to the function.
    """
    images = torch.randn(CLASSES, 1, 8, 8, generator=stream(0, "coordinate check"))
    labels = torch.arange(CLASSES)
    constants = Constants(alpha=alpha)
    branch = branch_multiplier(Scheme(scheme), depth=depth, constants=constants)
    model = CNN(width=width, depth=depth, shape=SHAPE, classes=CLASSES, branch_multiplier=branch)
    rules = resolve(
        model,
        model.roles(),
        scheme=Scheme(scheme),
        width=cnn_readout_fan_in(width=width, depth=depth, shape=SHAPE),
        depth=depth,
        optimizer=Optimizer(optimizer),
        constants=constants,
    )
    initialize(model, rules, lambda name: stream(seed, f"weights/{name}"))
    inputs, outputs = observe(model, images)
    start = {"features at the start": rms(outputs["stages.2"]), "function at the start": rms(outputs["readout"])}
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    descent = build_optimizer(Optimizer(optimizer), parameter_groups(model, rules, learning_rate=rate), momentum=0.0)
    for _ in range(steps):
        descent.zero_grad()
        torch.autograd.backward(F.cross_entropy(model(images), labels))
        descent.step()
    inputs, trained = observe(model, images)
    added = [
        branch * rms(F.conv2d(inputs[name], module.weight.detach() - weights[f"{name}.weight"], padding=1))
        for name, module in model.named_modules()
        if name.startswith("stages") and isinstance(module, nn.Conv2d)
    ]
    change = model.readout.weight.detach() - weights["readout.weight"]
    return start | {
        "stem": rms(trained["stem"] - outputs["stem"]),
        "transition": rms(trained["transitions.1"] - outputs["transitions.1"]),
        "features": rms(trained["stages.2"] - outputs["stages.2"]),
        "function": rms(trained["readout"] - outputs["readout"]),
        "block": sum(added) / depth,
        "blocks": sum(added),
        "readout": rms(F.linear(inputs["readout"], change)),
    }


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
) -> dict[str, Slope]:
    """Fitted exponent of every quantity over the one size that varies; infinite where something is not finite."""
    points = [(width, depth) for width in widths for depth in depths]
    runs = [
        (max(point) if len(depths) == 1 else point[1], sizes_of(scheme, alpha, optimizer, rate, *point, seed, steps))
        for point in points
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
