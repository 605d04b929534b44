"""The table for anybody's network, relative to a base, against the papers' own table, from which it follows."""

import pytest

from depthtransfer.scaling import Constants, Optimizer, Role, Scheme, absorb, rule
from depthtransfer.scaling.transfer_rule import Kind, Place, Situation, factors

WIDER, DEEPER = 4, 9
INPUTS, WIDTH, DEPTH = 12, 16, 3
KINDS: dict[Role, tuple[Kind, Place]] = {
    Role.INPUT: ("input", "outside"),
    Role.HIDDEN: ("hidden", "outside"),
    Role.BRANCH: ("hidden", "branch"),
    Role.READOUT: ("readout", "outside"),
    Role.VECTOR: ("vector", "outside"),
    Role.BRANCH_VECTOR: ("vector", "branch"),
}


@pytest.mark.parametrize("alpha", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("role", KINDS)
def test_both_tables_say_the_same(role: Role, optimizer: str, alpha: float) -> None:
    """Initial weights, learning rate and decay of the absorbed rule, at a target over those at a base."""

    def absorbed(width: int, depth: int) -> tuple[float, float, float]:
        fan_in = {Role.INPUT: INPUTS, Role.VECTOR: 1, Role.BRANCH_VECTOR: 1}.get(role, width)
        found = rule(
            Scheme.MUP_ALPHA,
            role,
            fan_in=fan_in,
            width=width,
            depth=depth,
            optimizer=Optimizer(optimizer),
            constants=Constants(alpha=alpha),
        )
        found = absorb(found, Optimizer(optimizer))
        return found.init_std, found.learning_rate_factor, found.weight_decay_factor

    base, target = absorbed(WIDTH, DEPTH), absorbed(WIDTH * WIDER, DEPTH * DEEPER)
    kind, place = KINDS[role]
    grows_in = WIDER if kind in ("hidden", "readout") else 1
    grows_out = 1 if kind == "readout" else WIDER
    expected = factors(Situation(kind, place, grows_in, grows_out, DEEPER), optimizer=optimizer, alpha=alpha)
    if base[0] > 0:  # vectors start from the module's own constants
        assert target[0] / base[0] == pytest.approx(expected.init)
    assert target[1] / base[1] == pytest.approx(expected.learning_rate)
    assert target[2] / base[2] == pytest.approx(expected.weight_decay)
