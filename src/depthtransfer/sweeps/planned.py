"""A library's model as one run trains it: its own initial weights and one rate, or what a plan makes of both."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from depthtransfer.data import Declaration
from depthtransfer.models.registry import maker
from depthtransfer.models.shapes import ImageShape
from depthtransfer.planning import Plan, plan
from depthtransfer.scaling import Scheme
from depthtransfer.sweeps.spec import RunSpec
from depthtransfer.training.optimizers import ADAM_EPSILON

if TYPE_CHECKING:
    from depthtransfer.models.library import Make


def planned(spec: RunSpec, declaration: Declaration) -> Plan:
    """The plan of a run with the scheme `planned`; its base are the sizes that the experiment names."""
    shape = ImageShape(declaration.channels, declaration.image_size)
    options = tuple(sorted(spec.options.items()))
    sizes = (int(spec.constants.base_width), int(spec.constants.base_depth), spec.width, spec.depth)
    return _plan(spec.model, options, shape, declaration.classes, sizes, str(spec.optimizer), spec.constants.alpha)


def library_network(spec: RunSpec, declaration: Declaration) -> nn.Module:
    """The initialized network; the same for every learning rate."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        if spec.scheme is Scheme.PLANNED:
            return planned(spec, declaration).build()
        return _make(spec, declaration)(width=spec.width, depth=spec.depth)


def library_groups(model: nn.Module, spec: RunSpec, declaration: Declaration) -> list[dict[str, Any]]:
    """Parameter groups for torch's optimizers, with `lr` and `weight_decay` set."""
    if spec.scheme is Scheme.PLANNED:
        made = planned(spec, declaration)
        return made.groups(model, spec.learning_rate, weight_decay=spec.weight_decay, eps=ADAM_EPSILON)
    return [{"params": list(model.parameters()), "lr": spec.learning_rate, "weight_decay": spec.weight_decay}]


def _make(spec: RunSpec, declaration: Declaration) -> "Make":
    shape = ImageShape(declaration.channels, declaration.image_size)
    return maker(spec.model, shape=shape, classes=declaration.classes, options=spec.options)


@lru_cache(maxsize=64)
def _plan(
    model: str,
    options: tuple[tuple[str, Any], ...],
    shape: ImageShape,
    classes: int,
    sizes: tuple[int, int, int, int],
    optimizer: str,
    alpha: float,
) -> Plan:
    """Plans are the same for every learning rate and seed, and take longer than a step."""
    base_width, base_depth, width, depth = sizes
    return plan(
        maker(model, shape=shape, classes=classes, options=dict(options)),
        base={"width": base_width, "depth": base_depth},
        target={"width": width, "depth": depth},
        optimizer=optimizer,
        rule=alpha,
        batch=torch.empty(2, shape.channels, shape.size, shape.size, device="meta"),
    )
