"""Making a plan: look at the network, choose the exponent, measure the base, and write down every tensor."""

import math
from collections.abc import Mapping
from typing import Any, get_args

import torch

from depthtransfer.errors import ConfigurationError
from depthtransfer.planning.planned import Plan
from depthtransfer.planning.rows import Settings, row_of
from depthtransfer.planning.structure import Make, Sizes, Structure, depth_changes, examine
from depthtransfer.scaling.transfer_rule import DECAYS, OPTIMIZERS, RULES, Kind, Situation, exponent_for, factors


def plan(
    make: Make,
    *,
    base: Sizes,
    target: Sizes,
    optimizer: str = "adamw",
    rule: str | float = "auto",
    decay: str = "scaled",
    scale_eps: bool = True,
    batch: Any = None,
    given: Mapping[str, Kind] | None = None,
    heads_may_grow: bool = False,
    muon_adjustment: str | None = None,
) -> Plan:
    """Plan how a network of another size is initialized and trained with the base network's settings.

    Args:
        make: builds the network from the sizes, such as ``lambda width, depth: ...``; other keywords are as good, as
            long as depth is called depth.
        base, target: the same sizes for both, such as ``dict(width=64, depth=4)``.
        optimizer: sgd (with or without momentum), adam, adamw or muon (torch's own, with AdamW for the rest).
        rule: "auto" (by the weight layers of a branch), "depth_mup" (1/2), "completep" (1), "mup" (width alone), or an
            exponent between.
        decay: "scaled", "fixed" or "independent"; see ``scaling.transfer_rule``.
        scale_eps: whether Adam's eps follows the gradients.
        batch: an input of the network (a tensor, a tuple, or a mapping of keywords); guessed where None.
        given: roles of tensors that the user knows better.
        heads_may_grow: that logits of attention are scaled by 1 over the size of the heads.
        muon_adjustment: ``adjust_lr_fn`` of torch.optim.Muon.

    Raises:
        ConfigurationError: naming the tensor that cannot be placed, and what to do.
    """
    if set(base) != set(target) or not base:
        raise ConfigurationError(
            f"base has the sizes {sorted(base)}, target {sorted(target)}", "give both the same, such as width and depth"
        )
    if optimizer not in OPTIMIZERS:
        raise ConfigurationError(f"there is no rule for the optimizer '{optimizer}'", f"use {', '.join(OPTIMIZERS)}")
    if decay not in DECAYS:
        raise ConfigurationError(f"there is no decay '{decay}'", f"use {', '.join(DECAYS)}")
    roles = dict(given or {})
    if wrong := next((role for role in roles.values() if role not in get_args(Kind)), None):
        raise ConfigurationError(f"there is no role '{wrong}'", f"use {', '.join(get_args(Kind))}")
    structure = examine(make, base, target, batch, roles, heads_may_grow=heads_may_grow)
    if unknown := sorted(roles.keys() - {each.name for each in structure.tensors}):
        raise ConfigurationError(f"there is no tensor '{unknown[0]}'", "give roles of tensors that the network has")
    alpha, reason = _exponent(rule, structure, depth_changes(base, target))
    settings = Settings(dict(base), dict(target), optimizer, str(rule), alpha, decay, scale_eps, muon_adjustment)
    if alpha is not None and structure.depth != 1.0:
        _refuse_frozen_ends(structure)
    rms = _measured(make, base, structure)
    rows = tuple(row_of(each, structure, settings, rms) for each in structure.tensors if each.trained)
    frozen = [each.name for each in structure.tensors if not each.trained]
    notes = [reason] if reason else []
    notes += structure.notes
    if frozen:
        notes.append(f"{len(frozen)} frozen tensors are left as they are (the first: {frozen[0]})")

    def remake(sizes: Sizes) -> Plan:
        return plan(
            make, base=base, target=sizes, optimizer=optimizer, rule=rule if alpha is None else alpha, decay=decay,
            scale_eps=scale_eps, batch=batch, given=given, heads_may_grow=heads_may_grow,
            muon_adjustment=muon_adjustment,
        )  # fmt: skip

    return Plan(settings, rows, tuple(notes), make, structure, rms, remake)


def _exponent(rule: str | float, structure: Structure, deeper: bool) -> tuple[float | None, str]:
    """The exponent of the branches, and why."""
    if isinstance(rule, int | float):
        factors(Situation("hidden", "branch"), optimizer="adamw", alpha=float(rule))  # refuses what is out of range
        return float(rule), ""
    if rule in RULES:
        return RULES[rule], ""
    if rule != "auto":
        raise ConfigurationError(f"there is no rule '{rule}'", f"use auto, {', '.join(RULES)}, or an exponent")
    if not deeper:
        return None, ""
    alpha, reason = exponent_for(structure.layers)
    return alpha, f"alpha = {alpha:g}: {reason}"


def _refuse_frozen_ends(structure: Structure) -> None:
    frozen = next((each for each in structure.tensors if each.end and not each.trained), None)
    if frozen is not None:
        raise ConfigurationError(
            f"tensor '{frozen.name}' ends a residual branch and is frozen, so that the branch cannot be scaled by it",
            "train it, or keep the depth of base and target the same",
        )


@torch.no_grad()
def _measured(make: Make, base: Sizes, structure: Structure) -> dict[str, float]:
    """Root mean square of the initial values at the base, by the name of the target's tensor."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        with torch.device("cpu"):
            model = make(**base)
    squares = {name: float(each.float().square().mean()) for name, each in model.named_parameters()}
    return {each.name: math.sqrt(squares[each.like]) for each in structure.tensors}
