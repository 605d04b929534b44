"""What the sweeps and ordinary tools of torch ask of every architecture."""

import copy
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tests.tolerances import FORWARD_BF16, FORWARD_FLOAT64

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.parametrization import initialize, silence_branches
from depthtransfer.models.registry import ARCHITECTURES, build, checked_options, cost
from depthtransfer.scaling import Role, Rule
from depthtransfer.training.process import named_rng

from .examples import CASES, EXAMPLES, random_inputs

BATCH = 5


def network(name: str, sizes: dict[str, Any]) -> ResidualNetwork:
    """With random weights of standard deviation 1/sqrt(fan_in), from streams named by the parameters."""
    model = build(name, **sizes, branch_multiplier=0.5)
    constants = {n for n, role in model.roles().items() if role in (Role.VECTOR, Role.BRANCH_VECTOR)}
    fan_ins = {n: p[0].numel() for n, p in model.named_parameters()} | model.fan_ins()
    rules = {n: Rule(fan_ins[n] ** -0.5, 1, 1, 1) for n, _ in model.named_parameters() if n not in constants}
    initialize(model, rules, lambda parameter: named_rng(0, parameter))
    return model


def gradients(model: ResidualNetwork, x: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    torch.autograd.backward(F.cross_entropy(logits := model(x).float().flatten(0, -2), torch.arange(len(logits)) % 5))
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_every_parameter_has_a_role_and_a_gradient(name: str, sizes: dict[str, Any]) -> None:
    model = network(name, sizes)
    names = dict(model.named_parameters()).keys()
    assert model.roles().keys() == names
    assert gradients(model, random_inputs(sizes, BATCH)).keys() == names
    matrices = {n for n, role in model.roles().items() if role in (Role.HIDDEN, Role.BRANCH, Role.READOUT)}
    assert matrices <= {n for n, p in model.named_parameters() if p.dim() > 1}
    vectors = {n for n, role in model.roles().items() if role in (Role.VECTOR, Role.BRANCH_VECTOR)}
    assert vectors <= {n for n, p in model.named_parameters() if p.dim() == 1}


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_with_silent_ends_the_branches_do_not_matter(name: str, sizes: dict[str, Any]) -> None:
    model, x = network(name, sizes), random_inputs(sizes, BATCH)
    in_branch = {n for n, role in model.roles().items() if role in (Role.BRANCH, Role.BRANCH_VECTOR)}
    assert len(model.branch_ends()) == sizes["depth"]
    places = {model.get_parameter(n).untyped_storage().data_ptr() for n in in_branch}
    assert {end.untyped_storage().data_ptr() for end in model.branch_ends()} <= places
    before = model(x)
    silence_branches(model)
    silent = model(x)
    assert not torch.equal(silent, before)
    with torch.no_grad():
        for name in in_branch:
            if model.get_parameter(name).dim() > 1:
                model.get_parameter(name).normal_(generator=named_rng(1, name))
    silence_branches(model)
    assert torch.equal(model(x), silent)
    with torch.no_grad():
        for end in model.branch_ends():
            end.normal_(generator=named_rng(2, "ends"))
    assert not torch.equal(model(x), silent)


@pytest.mark.parametrize(("name", "sizes"), CASES[::2])
def test_channels_last_changes_the_layout_alone(name: str, sizes: dict[str, Any]) -> None:
    model, x = network(name, sizes).double(), random_inputs(sizes, BATCH)
    x = x.double() if x.is_floating_point() else x
    expected = model(x)
    model.to(memory_format=torch.channels_last)
    found = model(x.to(memory_format=torch.channels_last) if x.ndim == 4 else x)
    torch.testing.assert_close(found, expected, rtol=0, atol=FORWARD_FLOAT64 * expected.abs().max().item())


@pytest.mark.parametrize(("name", "sizes"), CASES[::2])
def test_bfloat16_autocast_rounds_and_no_more(name: str, sizes: dict[str, Any]) -> None:
    model, x = network(name, sizes), random_inputs(sizes, BATCH)
    expected = model(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(x)
    assert found.dtype is torch.bfloat16
    assert 0 < (found - expected).norm() / expected.norm() < FORWARD_BF16
    with torch.autocast("cpu", torch.bfloat16):
        assert all(g.isfinite().all() for g in gradients(model, x).values())


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_the_same_again_gives_the_same_bits(name: str, sizes: dict[str, Any]) -> None:
    """Nothing is remembered from the batches seen before, nor from evaluation."""
    model, x = network(name, sizes), random_inputs(sizes, BATCH)
    twin, first = copy.deepcopy(model), gradients(model, x)
    model.eval()
    assert torch.equal(model(x), twin(x))
    model(torch.flip(x[1:], (-1,)))
    model.train()
    assert model.state_dict().keys() == dict(model.named_parameters()).keys()
    for other in (model, twin):
        again = gradients(other, x)
        assert all(torch.equal(again[n], first[n]) for n in first)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_unknown_option_is_an_error(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"options of the {name}: unknown key colour"):
        checked_options(name, {"colour": "red"})


def test_an_unknown_architecture_is_an_error() -> None:
    for unknown in (cost, partial(build, branch_multiplier=1.0)):
        with pytest.raises(ConfigurationError, match=r"'resnet'.*cnn"):
            unknown("resnet", **EXAMPLES["cnn"][0])
