"""Torch's optimizers, as the scaling table uses them, against updates written out by hand in double precision."""

import math

import pytest
import torch
from tests.tolerances import EXACT

from depthtransfer.scaling import Optimizer
from depthtransfer.training.optimizers import ADAM_EPSILON, build_optimizer

RATES = {"a": 0.1, "b": 0.03}
STEPS = 5
TARGET = {"a": 2.0, "b": -0.5}
CURVATURE = {"a": 3.0, "b": 1e-4}


def gradient(name: str, weight: float) -> float:
    return CURVATURE[name] * (weight - TARGET[name])


def trained(optimizer: str, momentum: float, decay: dict[str, float]) -> dict[str, float]:
    weights = {n: torch.ones((), dtype=torch.float64, requires_grad=True) for n in RATES}
    groups = [{"params": [weights[n]], "lr": RATES[n], "weight_decay": decay[n]} for n in RATES]
    descent = build_optimizer(Optimizer(optimizer), groups, momentum=momentum)
    for _ in range(STEPS):
        for name, weight in weights.items():
            weight.grad = torch.tensor(gradient(name, weight.item()), dtype=torch.float64)
        descent.step()
    return {name: weight.item() for name, weight in weights.items()}


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [{"a": 0.0, "b": 0.0}, {"a": 0.2, "b": 1.5}])
def test_sgd(momentum: float, decay: dict[str, float]) -> None:
    """v <- mu v + g + lambda w; w <- w - eta v."""
    expected = {}
    for name, rate in RATES.items():
        weight, velocity = 1.0, 0.0
        for _ in range(STEPS):
            velocity = momentum * velocity + gradient(name, weight) + decay[name] * weight
            weight -= rate * velocity
        expected[name] = weight
    assert trained("sgd", momentum, decay) == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize(
    ("optimizer", "decay"),
    [("adam", {"a": 0.0, "b": 0.0}), ("adamw", {"a": 0.0, "b": 0.0}), ("adamw", {"a": 0.2, "b": 1.5})],
)
def test_adam(optimizer: str, decay: dict[str, float]) -> None:
    """Adam with beta1 = 0.9, beta2 = 0.999 and AdamW's decoupled decay, w <- (1 - eta lambda) w first."""
    expected = {}
    for name, rate in RATES.items():
        weight, first, second = 1.0, 0.0, 0.0
        for step in range(1, STEPS + 1):
            slope = gradient(name, weight)
            weight *= 1 - rate * decay[name]
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope**2
            corrected = math.sqrt(second / (1 - 0.999**step))
            weight -= rate * first / (1 - 0.9**step) / (corrected + ADAM_EPSILON)
        expected[name] = weight
    assert trained(optimizer, 0.0, decay) == pytest.approx(expected, rel=EXACT)


def test_adam_moves_a_weight_of_tiny_gradient_by_its_learning_rate() -> None:
    """Absorbed multipliers and wide layers make gradients small; epsilon must not be felt."""
    weight = torch.zeros(1, requires_grad=True)
    descent = build_optimizer(Optimizer.ADAM, [{"params": [weight], "lr": 0.1, "weight_decay": 0.0}], momentum=0.0)
    weight.grad = torch.tensor([1e-9])
    descent.step()
    assert weight.item() == pytest.approx(-0.1, rel=2e-3)


def test_what_is_no_optimizer_of_the_table_is_an_error() -> None:
    group = {"params": [torch.zeros(1, requires_grad=True)], "lr": 0.1, "weight_decay": 0.01}
    with pytest.raises(ValueError, match="AdamW"):
        build_optimizer(Optimizer.ADAM, [group], momentum=0.0)
    with pytest.raises(ValueError, match="'lion'"):
        build_optimizer("lion", [group], momentum=0.0)
