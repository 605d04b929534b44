"""The scaling table against factors written out by hand.

Paper A's Table 1 and Appendix M (and Table 1 of paper B for Adam): with unit-variance weights the forward
multipliers are 1/sqrt(D), 1/sqrt(N), 1/(gamma0 N); SGD's rate is eta0 gamma0^2 N L^(2 alpha - 1), Adam's for hidden
matrices eta0 N^(-1/2) and eta0 N^(-1/2) L^(alpha - 1) in branches. At alpha > 1/2 read-in and readout are stored
L^(alpha - 1/2) times larger and multiplied by as much less, so that the raised rate of SGD does not reach them.

Sizes are chosen so that roots are plain numbers: D = 9, fan-in 16 of hidden and branch matrices, N = 64, L = 4.
"""

import itertools
import math

import pytest
from tests.tolerances import EXACT

from depthtransfer.scaling import Constants, Optimizer, Role, Scheme, branch_multiplier, rule

FAN_IN = {"input": 9, "hidden": 16, "branch": 16, "readout": 64, "vector": 1, "branch_vector": 1}
N, L = 64, 4
R2 = 1.4142135623730951

Row = tuple[float, float, float]
"""Standard deviation of the initial weights, forward multiplier, factor on the learning rate."""

TABLE: dict[tuple[str, float, str], dict[str, Row]] = {
    # (scheme, alpha, optimizer): role -> row. Adam and AdamW share their rows.
    ("sp", 0.5, "sgd"): {
        "input": (1 / 3, 1, 1),
        "hidden": (1 / 4, 1, 1),
        "branch": (1 / 4, 1, 1),
        "readout": (1 / 8, 1, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1),
    },
    ("ntp", 0.5, "sgd"): {
        "input": (1, 1 / 3, 1),
        "hidden": (1, 1 / 4, 1),
        "branch": (1, 1 / 4, 1),
        "readout": (1, 1 / 8, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1),
    },
    ("ntp", 0.5, "adam"): {
        "input": (1, 1 / 3, 1 / 8),
        "hidden": (1, 1 / 4, 1 / 8),
        "branch": (1, 1 / 4, 1 / 8),
        "readout": (1, 1 / 8, 1 / 8),
        "vector": (0, 1, 1 / 8),
        "branch_vector": (0, 1, 1 / 8),
    },
    ("mup", 0.5, "sgd"): {
        "input": (1, 1 / 3, 64),
        "hidden": (1, 1 / 4, 64),
        "branch": (1, 1 / 4, 64),
        "readout": (1, 1 / 64, 64),
        "vector": (0, 1, 64),
        "branch_vector": (0, 1, 64),
    },
    ("mup", 0.5, "adam"): {
        "input": (1, 1 / 3, 1),
        "hidden": (1, 1 / 4, 1 / 4),
        "branch": (1, 1 / 4, 1 / 4),
        "readout": (1, 1 / 64, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1),
    },
    ("mup_sqrt_depth", 0.5, "adam"): {
        "input": (1, 1 / 3, 1),
        "hidden": (1, 1 / 4, 1 / 4),
        "branch": (1, 1 / 4, 1 / 8),
        "readout": (1, 1 / 64, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1 / 2),
    },
    ("mup_alpha", 0.0, "sgd"): {
        "input": (1 / 2, 2 / 3, 16),
        "hidden": (1 / 2, 1 / 2, 16),
        "branch": (1, 1 / 4, 16),
        "readout": (1 / 2, 1 / 32, 16),
        "vector": (0, 1, 64),
        "branch_vector": (0, 1, 16),
    },
    ("mup_alpha", 0.0, "adam"): {
        "input": (1, 1 / 3, 1),
        "hidden": (1, 1 / 4, 1 / 4),
        "branch": (1, 1 / 4, 1 / 16),
        "readout": (1, 1 / 64, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1 / 4),
    },
    ("mup_alpha", 0.75, "sgd"): {
        "input": (R2, 1 / (3 * R2), 128),
        "hidden": (R2, 1 / (4 * R2), 128),
        "branch": (1, 1 / 4, 128),
        "readout": (R2, 1 / (64 * R2), 128),
        "vector": (0, 1, 64),
        "branch_vector": (0, 1, 128),
    },
    ("mup_alpha", 0.75, "adam"): {
        "input": (1, 1 / 3, 1),
        "hidden": (1, 1 / 4, 1 / 4),
        "branch": (1, 1 / 4, 1 / (4 * R2)),
        "readout": (1, 1 / 64, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1 / R2),
    },
    ("mup_alpha", 1.0, "sgd"): {
        "input": (2, 1 / 6, 256),
        "hidden": (2, 1 / 8, 256),
        "branch": (1, 1 / 4, 256),
        "readout": (2, 1 / 128, 256),
        "vector": (0, 1, 64),
        "branch_vector": (0, 1, 256),
    },
    ("mup_alpha", 1.0, "adam"): {
        "input": (1, 1 / 3, 1),
        "hidden": (1, 1 / 4, 1 / 4),
        "branch": (1, 1 / 4, 1 / 4),
        "readout": (1, 1 / 64, 1),
        "vector": (0, 1, 1),
        "branch_vector": (0, 1, 1),
    },
}

# The pair (3/4, 1/2): outside the branches as muP, inside L^(alpha - gamma) with SGD, L^-gamma with Adam.
TABLE["depth_pair", 0.75, "sgd"] = TABLE["mup", 0.5, "sgd"] | {
    "branch": (1, 1 / 4, 64 * R2),
    "branch_vector": (0, 1, 64 * R2),
}
TABLE["depth_pair", 0.75, "adam"] = TABLE["mup", 0.5, "adam"] | {
    "branch": (1, 1 / 4, 1 / 8),
    "branch_vector": (0, 1, 1 / 2),
}
TABLE["sp", 0.5, "adam"] = TABLE["sp", 0.5, "sgd"]
TABLE["mup_sqrt_depth", 0.5, "sgd"] = TABLE["mup", 0.5, "sgd"]

BRANCH = {  # (scheme, alpha): branch multiplier at L = 4
    ("sp", 0.5): 1,
    ("ntp", 0.5): 1,
    ("mup", 0.5): 1,
    ("mup_sqrt_depth", 0.5): 1 / 2,
    ("mup_alpha", 0.0): 1,
    ("mup_alpha", 0.75): 1 / (2 * R2),
    ("mup_alpha", 1.0): 1 / 4,
    ("depth_pair", 0.0): 1,
    ("depth_pair", 1.0): 1 / 4,
}


def rule_of(scheme: str, role: str, optimizer: str, constants: Constants, **sizes: int):
    sizes = {"fan_in": FAN_IN[role], "width": N, "depth": L} | sizes
    return rule(Scheme(scheme), Role(role), optimizer=Optimizer(optimizer), constants=constants, **sizes)


@pytest.mark.parametrize(("scheme", "alpha", "family"), TABLE)
def test_every_cell_of_the_table(scheme: str, alpha: float, family: str) -> None:
    rows = TABLE[scheme, alpha, family]
    assert rows.keys() == set(Role)
    for optimizer in ("adam", "adamw") if family == "adam" else (family,):
        for role, row in rows.items():
            found = rule_of(scheme, role, optimizer, Constants(alpha=alpha))
            cell = (found.init_std, found.multiplier, found.learning_rate_factor)
            assert cell == pytest.approx(row, rel=EXACT), (role, optimizer)
            assert found.weight_decay_factor == pytest.approx(1 / row[2], rel=EXACT), (role, optimizer)


def test_the_table_above_is_complete() -> None:
    schemes = set(Scheme) - {Scheme.PLANNED}
    assert {(scheme, family) for scheme, _, family in TABLE} == set(itertools.product(schemes, ("sgd", "adam")))


@pytest.mark.parametrize(("scheme", "alpha"), BRANCH)
def test_branch_multipliers(scheme: str, alpha: float) -> None:
    found = branch_multiplier(Scheme(scheme), depth=L, constants=Constants(alpha=alpha))
    assert found == pytest.approx(BRANCH[scheme, alpha], rel=EXACT)


@pytest.mark.parametrize("scheme", ["mup", "mup_sqrt_depth", "mup_alpha", "depth_pair"])
def test_beta_scales_mean_field_branches_and_nothing_else(scheme: str) -> None:
    plain, tripled = Constants(alpha=0.75), Constants(alpha=0.75, beta=3.0)
    ratio = branch_multiplier(Scheme(scheme), depth=L, constants=tripled) / branch_multiplier(
        Scheme(scheme), depth=L, constants=plain
    )
    assert ratio == pytest.approx(3.0, rel=EXACT)
    for role, optimizer in itertools.product(Role, Optimizer):
        assert rule_of(scheme, role, optimizer, plain) == rule_of(scheme, role, optimizer, tripled)


@pytest.mark.parametrize("scheme", ["sp", "ntp"])
def test_standard_and_tangent_parametrization_ignore_the_constants_of_the_mean_field(scheme: str) -> None:
    other = Constants(beta=3.0, gamma0=0.5, alpha=1.0, base_depth=2.0)
    assert branch_multiplier(Scheme(scheme), depth=L, constants=other) == 1.0
    for role, optimizer in itertools.product(Role, Optimizer):
        assert rule_of(scheme, role, optimizer, other) == rule_of(scheme, role, optimizer, Constants())


@pytest.mark.parametrize(
    ("alpha", "gamma", "optimizer", "exponent"),
    [
        # Paper B's practical rule (facts, section 1.5): Depth-muP, ODE, blocks scaled alone, nothing scaled.
        (0.5, 0.5, "sgd", 0.0),
        (0.5, 0.5, "adam", -0.5),
        (1.0, 0.0, "sgd", 1.0),
        (1.0, 0.0, "adam", 0.0),
        (0.5, 0.0, "sgd", 0.5),
        (0.5, 0.0, "adam", 0.0),
        (0.0, 0.0, "sgd", 0.0),
        (0.0, 0.0, "adam", 0.0),
    ],
)
def test_rates_of_paper_b_over_the_depth(alpha: float, gamma: float, optimizer: str, exponent: float) -> None:
    constants = Constants(alpha=alpha, update_exponent=gamma, base_depth=8.0)
    base, deep = (rule_of("depth_pair", "branch", optimizer, constants, depth=depth) for depth in (8, 128))
    ratio = deep.learning_rate_factor / base.learning_rate_factor
    assert ratio == pytest.approx(16.0**exponent, rel=EXACT)
    assert base == rule_of("mup", "branch", optimizer, constants)


def test_half_and_half_is_paper_a_for_adam_and_for_sgd() -> None:
    constants = Constants(beta=2.0, gamma0=0.7, base_width=3.0, base_depth=5.0)
    for role, optimizer in itertools.product(Role, Optimizer):
        mine, theirs = (rule_of(name, role, optimizer, constants) for name in ("depth_pair", "mup_sqrt_depth"))
        assert mine == theirs


def test_alpha_one_half_is_the_square_root() -> None:
    constants = Constants(alpha=0.5, beta=2.0, gamma0=0.7, base_width=3.0, base_depth=5.0)
    for role, optimizer in itertools.product(Role, Optimizer):
        assert rule_of("mup_alpha", role, optimizer, constants) == rule_of("mup_sqrt_depth", role, optimizer, constants)
    assert branch_multiplier(Scheme.MUP_ALPHA, depth=7, constants=constants) == branch_multiplier(
        Scheme.MUP_SQRT_DEPTH, depth=7, constants=constants
    )


@pytest.mark.parametrize(
    ("constants", "scheme", "role", "optimizer", "row"),
    [
        # gamma0 divides the output and multiplies the rate of SGD by its square.
        ({"gamma0": 0.5}, "mup", "input", "sgd", (1, 1 / 3, 16)),
        ({"gamma0": 0.5}, "mup", "branch", "sgd", (1, 1 / 4, 16)),
        ({"gamma0": 0.5}, "mup", "readout", "sgd", (1, 1 / 32, 16)),
        ({"gamma0": 0.5}, "mup", "vector", "sgd", (0, 1, 16)),
        ({"gamma0": 0.5}, "mup", "readout", "adam", (1, 1 / 32, 1)),
        ({"gamma0": 0.5}, "mup", "branch", "adam", (1, 1 / 4, 1 / 4)),
        # N stands relative to the base width: N / N0 = 4.
        ({"base_width": 16}, "ntp", "hidden", "adam", (1, 1 / 4, 1 / 2)),
        ({"base_width": 16}, "mup", "input", "sgd", (1, 1 / 3, 4)),
        ({"base_width": 16}, "mup", "branch", "sgd", (1, 1 / 4, 4)),
        ({"base_width": 16}, "mup", "readout", "sgd", (1, 1 / 16, 4)),
        ({"base_width": 16}, "mup", "hidden", "adam", (1, 1 / 4, 1)),
        ({"base_width": 16}, "mup", "readout", "adam", (1, 1 / 16, 1)),
        ({"base_width": 16}, "sp", "readout", "sgd", (1 / 8, 1, 1)),
    ],
)
def test_gamma0_and_the_base_width(
    constants: dict[str, float], scheme: str, role: str, optimizer: str, row: Row
) -> None:
    found = rule_of(scheme, role, optimizer, Constants(**constants))
    assert (found.init_std, found.multiplier, found.learning_rate_factor) == pytest.approx(row, rel=EXACT)


def test_all_mean_field_schemes_coincide_at_the_base_depth() -> None:
    constants = Constants(alpha=1.0, base_depth=8.0, beta=1.5)
    for scheme in ("mup_sqrt_depth", "mup_alpha"):
        assert branch_multiplier(Scheme(scheme), depth=8, constants=constants) == 1.5
        for role, optimizer in itertools.product(Role, Optimizer):
            expected = rule_of("mup", role, optimizer, constants, depth=8)
            assert rule_of(scheme, role, optimizer, constants, depth=8) == expected


def test_depth_enters_relative_to_the_base_depth() -> None:
    constants = Constants(base_depth=2.0)
    assert branch_multiplier(Scheme.MUP_SQRT_DEPTH, depth=8, constants=constants) == pytest.approx(0.5, rel=EXACT)
    found = rule_of("mup_sqrt_depth", "branch", "adam", constants, depth=8)
    assert found.learning_rate_factor == pytest.approx(1 / 8, rel=EXACT)


@pytest.mark.parametrize(("name", "value"), [("scheme", "mupp"), ("role", "embedding"), ("optimizer", "lion")])
def test_words_that_are_not_in_the_table_are_errors(name: str, value: str) -> None:
    words = {"scheme": "mup", "role": "input", "optimizer": "sgd"} | {name: value}
    scheme, role = words.pop("scheme"), words.pop("role")
    with pytest.raises(ValueError, match=repr(value)):
        rule(scheme, role, fan_in=9, width=N, depth=L, constants=Constants(), **words)
    with pytest.raises(ValueError, match="'depth_mup'"):
        branch_multiplier("depth_mup", depth=L, constants=Constants())
    with pytest.raises(ValueError, match=r"depthtransfer\.plan finds"):
        rule_of("planned", "branch", "sgd", Constants())


def test_the_words_of_a_configuration_are_as_good_as_the_enumerations() -> None:
    words = rule("mup_sqrt_depth", "branch", fan_in=16, width=N, depth=L, optimizer="adam", constants=Constants())
    assert words == rule_of("mup_sqrt_depth", "branch", "adam", Constants())
    assert branch_multiplier("mup_sqrt_depth", depth=L, constants=Constants()) == 0.5


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_sizes_and_constants_that_are_not_positive_are_errors(value: float) -> None:
    for scheme in Scheme:
        for name in ("fan_in", "width", "depth"):
            with pytest.raises(ValueError, match=f"{name} = .* must be positive"):
                rule_of(scheme, "branch", "sgd", Constants(), **{name: value})
        with pytest.raises(ValueError, match=r"depth = .* must be positive"):
            branch_multiplier(scheme, depth=value, constants=Constants())
    for name in ("beta", "gamma0", "base_width", "base_depth"):
        with pytest.raises(ValueError, match=f"{name} = .* must be positive"):
            Constants(**{name: value})


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
@pytest.mark.parametrize("name", ["alpha", "update_exponent"])
def test_exponents_lie_between_zero_and_one(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} = .* must lie between 0 and 1"):
        Constants(**{name: value})
