"""Absorbed rules as power laws of width and depth, at random sizes and constants."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tolerances import EXACT

from depthtransfer.scaling import Constants, Optimizer, Role, Rule, Scheme, absorb, branch_multiplier, rule

# Exponents over the width of (initial deviation, learning rate) with all multipliers absorbed. Fan-ins over the
# width grow with it, the input's does not. Paper A, Table 1; Adam: paper B, Table 1, and the `mup` package.
OVER_WIDTH: dict[tuple[str, str], dict[str, tuple[float, float]]] = {
    ("sp", "sgd"): {"input": (0, 0), "hidden": (-0.5, 0), "branch": (-0.5, 0), "readout": (-0.5, 0), "vector": (0, 0)},
    ("sp", "adam"): {"input": (0, 0), "hidden": (-0.5, 0), "branch": (-0.5, 0), "readout": (-0.5, 0), "vector": (0, 0)},
    ("ntp", "sgd"): {
        "input": (0, 0), "hidden": (-0.5, -1), "branch": (-0.5, -1), "readout": (-0.5, -1), "vector": (0, 0)
    },
    ("ntp", "adam"): {
        "input": (0, -0.5), "hidden": (-0.5, -1), "branch": (-0.5, -1), "readout": (-0.5, -1), "vector": (0, -0.5)
    },
    ("mup", "sgd"): {"input": (0, 1), "hidden": (-0.5, 0), "branch": (-0.5, 0), "readout": (-1, -1), "vector": (0, 1)},
    ("mup", "adam"): {
        "input": (0, 0), "hidden": (-0.5, -1), "branch": (-0.5, -1), "readout": (-1, -1), "vector": (0, 0)
    },
}  # fmt: skip
OVER_A_WIDTH = ("hidden", "branch", "readout")

sizes = st.integers(1, 5000)
factors = st.integers(2, 64)
positive = st.floats(0.01, 100.0)
constants_of_a_scheme = st.builds(
    Constants,
    beta=positive,
    gamma0=positive,
    alpha=st.floats(0.0, 1.0),
    base_width=positive,
    base_depth=positive,
    update_exponent=st.floats(0.0, 1.0),
)


def absorbed(scheme: str, role: str, optimizer: str, **arguments: Any) -> Rule:
    return absorb(rule(Scheme(scheme), Role(role), optimizer=Optimizer(optimizer), **arguments), Optimizer(optimizer))


def exponent(after: float, before: float, factor: float) -> float:
    return 0.0 if after == before else math.log(after / before) / math.log(factor)


@pytest.mark.parametrize("scheme", sorted(set(Scheme) - {Scheme.PLANNED}))
@pytest.mark.parametrize("optimizer", Optimizer)
@given(width=sizes, factor=factors, depth=sizes, constants=constants_of_a_scheme)
def test_exponents_over_the_width(
    scheme: str, optimizer: str, width: int, factor: int, depth: int, constants: Constants
) -> None:
    family = "mup" if scheme not in ("sp", "ntp") else scheme
    for role, expected in OVER_WIDTH[family, "sgd" if optimizer == "sgd" else "adam"].items():
        fan_ins = (width, width * factor) if role in OVER_A_WIDTH else (9, 9)
        small, large = (
            absorbed(scheme, role, optimizer, fan_in=fan_in, width=size, depth=depth, constants=constants)
            for fan_in, size in zip(fan_ins, (width, width * factor), strict=True)
        )
        found = (
            exponent(large.init_std, small.init_std, factor),
            exponent(large.learning_rate_factor, small.learning_rate_factor, factor),
        )
        assert found == pytest.approx(expected, abs=1e-9), role


@pytest.mark.parametrize("optimizer", Optimizer)
@given(width=sizes, factor=factors, depth=sizes, constants=constants_of_a_scheme)
def test_exponents_over_the_depth(optimizer: str, width: int, factor: int, depth: int, constants: Constants) -> None:
    """Branches carry L^-alpha; their rate grows as L^(2 alpha - 1) with SGD, L^(alpha - 1) with Adam; nothing else.

    Of the pair: as L^(alpha - gamma), L^-gamma.
    """
    alpha = constants.alpha
    depth_exponents = {"sp": 0.0, "ntp": 0.0, "mup": 0.0, "mup_sqrt_depth": 0.5, "mup_alpha": alpha}
    depth_exponents["depth_pair"] = alpha
    for scheme, power in depth_exponents.items():
        multipliers = [branch_multiplier(Scheme(scheme), depth=d, constants=constants) for d in (depth, depth * factor)]
        assert exponent(multipliers[1], multipliers[0], factor) == pytest.approx(-power, abs=1e-9)
        scaled = scheme in ("mup_sqrt_depth", "mup_alpha")
        in_branch = (2 * power - 1 if optimizer == "sgd" else power - 1) if scaled else 0.0
        if scheme == "depth_pair":
            in_branch = (alpha if optimizer == "sgd" else 0.0) - constants.update_exponent
        for role in Role:
            shallow, deep = (
                absorbed(scheme, role, optimizer, fan_in=16, width=width, depth=d, constants=constants)
                for d in (depth, depth * factor)
            )
            rate = exponent(deep.learning_rate_factor, shallow.learning_rate_factor, factor)
            assert rate == pytest.approx(in_branch if role.startswith("branch") else 0.0, abs=1e-9), role
            assert deep.init_std == pytest.approx(shallow.init_std, rel=EXACT), role


@pytest.mark.parametrize("scheme", sorted(set(Scheme) - {Scheme.PLANNED}))
@pytest.mark.parametrize("optimizer", Optimizer)
@given(fan_in=sizes, width=sizes, depth=sizes, constants=constants_of_a_scheme)
def test_decay_per_step_is_the_same_at_every_size(
    scheme: str, optimizer: str, fan_in: int, width: int, depth: int, constants: Constants
) -> None:
    """eta * lambda, the share of a weight that decays per step, has no factor, absorbed or not."""
    for role in Role:
        plain = rule(
            Scheme(scheme),
            role,
            fan_in=fan_in,
            width=width,
            depth=depth,
            optimizer=Optimizer(optimizer),
            constants=constants,
        )
        for found in (plain, absorb(plain, Optimizer(optimizer))):
            assert found.learning_rate_factor * found.weight_decay_factor == pytest.approx(1.0, rel=EXACT)
            assert found.learning_rate_factor > 0
            assert found.init_std >= 0
