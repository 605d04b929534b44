"""The residual MLP against plain formulas under autograd: values, gradients, and both ways through its blocks."""

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tests.tolerances import EXACT, FORWARD_FLOAT64
from torch import Tensor

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.mlp import MLP
from depthtransfer.models.parametrization import initialize, resolve
from depthtransfer.models.registry import build, cost
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Constants, Optimizer, Scheme
from depthtransfer.training.process import named_rng

SHAPE, CLASSES, BATCH, MULTIPLIER = ImageShape(1, 4), 5, 6, 0.3
PHI = {"relu": torch.relu, "abs": torch.abs, "tanh": torch.tanh, "gelu": F.gelu, "identity": lambda x: x}
FORMS = [
    dict(zip(("activation", "block_depth", "nonlinearity", "normalization", "checkpointing"), form, strict=True))
    for form in itertools.product(PHI, (1, 2, 3), ("post", "pre"), ("none", "layer_norm"), (False, True))
]


def network(depth: int = 7, width: int = 8, **options: Any) -> MLP:
    sizes: dict[str, Any] = {"width": width, "depth": depth, "shape": SHAPE, "classes": CLASSES, "options": options}
    model = build("mlp", **sizes, branch_multiplier=MULTIPLIER)
    assert isinstance(model, MLP)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.5, generator=named_rng(0, name))
    return model.double()


def images() -> Tensor:
    return torch.randn(BATCH, 1, 4, 4, generator=named_rng(0, "images"), dtype=torch.float64)


def by_formulas(model: MLP, options: dict[str, Any], x: Tensor) -> Tensor:
    """The paper's equations, one coordinate mean after the other."""
    phi, k = PHI[options["activation"]], options["block_depth"]
    x = x.flatten(1) @ model.read_in.weight.T
    for weights in model.stack.weight.split(k):
        h = F.layer_norm(x, (x.shape[1],)) if options["normalization"] == "layer_norm" else x
        for weight in weights:
            h = phi(h) @ weight.T if options["nonlinearity"] == "pre" else phi(h @ weight.T)
        x = x + MULTIPLIER * (h - h.mean(1, keepdim=True))
    return x @ model.readout.weight.T


@pytest.mark.parametrize("options", FORMS, ids=lambda form: "-".join(map(str, form.values())))
def test_values_and_gradients_are_those_of_autograd(options: dict[str, Any]) -> None:
    model, x = network(**options), images()
    parameters, labels = list(model.parameters()), torch.arange(BATCH) % CLASSES
    found, expected = model(x), by_formulas(model, options, x)
    torch.testing.assert_close(found, expected, rtol=0, atol=FORWARD_FLOAT64 * expected.abs().max().item())
    ours = torch.autograd.grad(F.cross_entropy(found, labels), parameters)
    theirs = torch.autograd.grad(F.cross_entropy(expected, labels), parameters)
    for mine, plain in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, plain, rtol=0, atol=FORWARD_FLOAT64 * plain.abs().max().item())


@pytest.mark.parametrize("options", FORMS[::7], ids=lambda form: "-".join(map(str, form.values())))
def test_block_by_block_the_same_bits(options: dict[str, Any]) -> None:
    """Without gradients every block is a module whose hooks are called; with them all are one operation."""
    model, x, seen = network(**options), images(), []
    for name in model.blocks():
        model.get_submodule(name).register_forward_hook(lambda *passed: seen.append(passed[-1]))
    together = model(x)
    assert not seen
    with torch.no_grad():
        assert torch.equal(model(x), together)
    assert len(seen) == 7


def test_silent_branches_have_the_gradients_of_autograd_too() -> None:
    """The slope of |h| at zero is zero: what starts silent stays so."""
    for activation in ("relu", "abs"):
        model = network(activation=activation)
        with torch.no_grad():
            model.stack.weight.zero_()
        torch.autograd.backward(model(images()).square().sum())
        assert model.stack.weight.grad is not None
        assert not model.stack.weight.grad.any()


def test_of_a_stack_every_matrix_has_the_width_for_its_fan_in() -> None:
    model, constants = network(depth=4, width=64, block_depth=2), Constants(base_width=4.0, base_depth=2.0)
    rules = resolve(
        model, model.roles(), scheme=Scheme.DEPTH_PAIR, width=64, depth=4, optimizer=Optimizer.ADAM,
        constants=constants, fan_ins=model.fan_ins(),
    )  # fmt: skip
    assert rules["stack.weight"].init_std == pytest.approx(1 / 8, rel=EXACT)
    assert rules["stack.weight"].learning_rate_factor == pytest.approx(2 / 64 * 2**-0.5, rel=EXACT)
    initialize(model, rules, lambda name: named_rng(0, name))
    assert model.stack.weight.std().item() == pytest.approx(1 / 8, rel=0.02)
    assert not torch.equal(model.stack.weight[0], model.stack.weight[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"block_depth": 0}}, "block_depth"),
        ({"options": {"activation": "swish"}}, "activation.*'relu', 'abs', 'tanh', 'gelu' or 'identity'"),
        ({"depth": 0}, "depth = 0 of the mlp"),
        ({"width": 0}, "width = 0 of the mlp"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(changes: dict[str, Any], message: str) -> None:
    sizes: dict[str, Any] = {"width": 8, "depth": 4, "shape": SHAPE, "classes": 3} | changes
    with pytest.raises(ConfigurationError, match=message) as refused:
        cost("mlp", **sizes)
    assert "\n" not in str(refused.value)
