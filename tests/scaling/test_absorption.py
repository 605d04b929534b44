"""Training with multipliers and training with absorbed multipliers are the same training."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.tolerances import EXACT, TRAJECTORY_FLOAT64

from depthtransfer.scaling import Optimizer, Rule, absorb
from depthtransfer.training.optimizers import build_optimizer

RULES = {
    "first": Rule(init_std=1.0, multiplier=0.3, learning_rate_factor=2.0, weight_decay_factor=0.5),
    "second": Rule(init_std=2.0, multiplier=5.0, learning_rate_factor=0.25, weight_decay_factor=4.0),
}
positive = st.floats(1e-3, 1e3)
rules = st.builds(
    Rule,
    init_std=st.floats(0.0, 1e3),
    multiplier=positive,
    learning_rate_factor=positive,
    weight_decay_factor=positive,
)


@pytest.mark.parametrize(("optimizer", "power"), [("sgd", 2), ("adam", 1), ("adamw", 1)])
@given(given_rule=rules)
def test_factors_of_an_absorbed_rule(optimizer: str, power: int, given_rule: Rule) -> None:
    found = absorb(given_rule, Optimizer(optimizer))
    m = given_rule.multiplier
    assert found.multiplier == 1.0
    assert found.init_std == pytest.approx(given_rule.init_std * m, rel=EXACT)
    assert found.learning_rate_factor == pytest.approx(given_rule.learning_rate_factor * m**power, rel=EXACT)
    assert found.weight_decay_factor == pytest.approx(given_rule.weight_decay_factor / m**power, rel=EXACT)


@pytest.mark.parametrize("optimizer", Optimizer)
@given(given_rule=rules)
def test_absorbing_twice_changes_nothing(optimizer: str, given_rule: Rule) -> None:
    once = absorb(given_rule, Optimizer(optimizer))
    assert absorb(once, Optimizer(optimizer)) == once


def test_an_unknown_optimizer_is_an_error() -> None:
    with pytest.raises(ValueError, match="'lion'"):
        absorb(RULES["first"], "lion")


@pytest.mark.parametrize(
    ("optimizer", "momentum", "weight_decay"),
    [("sgd", 0.0, 0.0), ("sgd", 0.9, 0.1), ("adam", 0.0, 0.0), ("adamw", 0.0, 0.1)],
)
def test_both_forms_go_through_the_same_functions(optimizer: str, momentum: float, weight_decay: float) -> None:
    """Ten steps of a two-layer network in double precision, effective weights compared after each."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, 4, generator=generator, dtype=torch.float64)
    y = torch.randn(8, 2, generator=generator, dtype=torch.float64)
    standard = {
        "first": torch.randn(6, 4, generator=generator, dtype=torch.float64),
        "second": torch.randn(2, 6, generator=generator, dtype=torch.float64),
    }

    def trajectory(rules: dict[str, Rule]) -> torch.Tensor:
        weights = {n: (w * rules[n].init_std).requires_grad_() for n, w in standard.items()}
        groups: list[dict[str, Any]] = [
            {
                "params": [weights[n]],
                "lr": 0.05 * rules[n].learning_rate_factor,
                "weight_decay": weight_decay * rules[n].weight_decay_factor,
            }
            for n in weights
        ]
        descent = build_optimizer(Optimizer(optimizer), groups, momentum=momentum)
        effective = []
        for _ in range(10):
            hidden = torch.tanh(x @ (rules["first"].multiplier * weights["first"]).T)
            output = hidden @ (rules["second"].multiplier * weights["second"]).T
            descent.zero_grad()
            (output - y).square().mean().backward()
            descent.step()
            flat = [(rules[n].multiplier * weights[n]).detach().flatten() for n in weights]
            effective.append(torch.cat(flat))
        return torch.stack(effective)

    plain = trajectory(RULES)
    absorbed = trajectory({name: absorb(r, Optimizer(optimizer)) for name, r in RULES.items()})
    assert plain.isfinite().all()
    assert (plain[-1] - plain[0]).abs().max() > 0.01
    torch.testing.assert_close(absorbed, plain, rtol=TRAJECTORY_FLOAT64, atol=TRAJECTORY_FLOAT64)
