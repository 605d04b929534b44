"""Scaling rules applied to any module: initial weights and the optimizer's parameter groups.

Roles go in, plain floats come out; modules and optimizers stay ordinary. Multipliers are absorbed into initial
deviations and learning rates (see `scaling.absorb`), so the modules need none.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from depthtransfer.models.network import ResidualNetwork
from depthtransfer.scaling import Constants, Optimizer, Role, Rule, Scheme, absorb, rule


def resolve(
    model: nn.Module,
    roles: Mapping[str, Role],
    *,
    scheme: Scheme,
    width: int,
    depth: int,
    optimizer: Optimizer,
    constants: Constants,
    fan_ins: Mapping[str, int] | None = None,
) -> dict[str, Rule]:
    """Return the absorbed rule of every trained parameter by its qualified name.

    Args:
        model: any module; a weight's fan-in is the number of entries behind its first axis.
        roles: role of every trained parameter by qualified name.
        scheme: parametrization.
        width: N, fan-in of the readout.
        depth: L, number of residual branches.
        optimizer: SGD, Adam or AdamW.
        constants: beta, gamma0, alpha, the exponent of the updates and the base sizes.
        fan_ins: fan-in of parameters that the rule above does not hold for, such as stacks, by qualified name.

    Raises:
        ValueError: if a trained parameter has no role, or a role names no trained parameter.
    """
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if unclassified := sorted(parameters.keys() - roles.keys()):
        raise ValueError(f"parameters without a role: {', '.join(unclassified)}")
    if unknown := sorted(roles.keys() - parameters.keys()):
        raise ValueError(f"roles for parameters that are not trained: {', '.join(unknown)}")
    return {
        name: absorb(
            rule(
                scheme,
                roles[name],
                fan_in=(fan_ins or {}).get(name) or (max(1, parameter[0].numel()) if parameter.dim() > 1 else 1),
                width=width,
                depth=depth,
                optimizer=optimizer,
                constants=constants,
            ),
            optimizer,
        )
        for name, parameter in parameters.items()
    }


@torch.no_grad()
def initialize(model: nn.Module, rules: Mapping[str, Rule], stream: Callable[[str], torch.Generator]) -> None:
    """Draw every weight in place from N(0, init_std^2).

    Each parameter asks for a random stream of its own by its name, so that neither the order of the parameters nor
    the learning rate has any influence. Parameters with init_std = 0 keep the module's constant.
    """
    for name, parameter in model.named_parameters():
        if name in rules and rules[name].init_std > 0:
            generator = stream(name)
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * rules[name].init_std)


@torch.no_grad()
def silence_branches(model: ResidualNetwork) -> None:
    """Set the last weight of every residual branch to zero in place (ReZero-like; paper A, Appendix M)."""
    for weight in model.branch_ends():
        weight.zero_()


def parameter_groups(
    model: nn.Module,
    rules: Mapping[str, Rule],
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    apart: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """Return groups for any torch optimizer: one per pair of rate and decay, with `lr` and `weight_decay` set.

    Args:
        model: whose parameters are grouped; those without a rule are left out.
        rules: of the parameters by qualified name.
        learning_rate: base learning rate.
        weight_decay: base weight decay.
        apart: base learning rates of parameters that have one of their own, by qualified name.
    """
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if name not in rules:
            continue
        base = (apart or {}).get(name, learning_rate)
        rates = (base * rules[name].learning_rate_factor, weight_decay * rules[name].weight_decay_factor)
        group = groups.setdefault(rates, {"params": [], "lr": rates[0], "weight_decay": rates[1]})
        group["params"].append(parameter)
    return list(groups.values())
