"""From roles to initial weights and parameter groups."""

import math

import pytest
import torch
from tests.tolerances import EXACT, SAMPLE_STD
from torch import nn

from depthtransfer.models.cnn import CNN
from depthtransfer.models.parametrization import initialize, parameter_groups, resolve
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Constants, Optimizer, Role, Rule, Scheme
from depthtransfer.training.process import named_rng

WIDTH, DEPTH, FAN_IN = 16, 12, 64


def cnn() -> CNN:
    return CNN(width=WIDTH, depth=DEPTH, shape=ImageShape(1, 8), classes=40, branch_multiplier=0.5)


def rules_of(model: nn.Module, roles: dict[str, Role], optimizer: str = "sgd", scheme: str = "mup") -> dict[str, Rule]:
    return resolve(
        model,
        roles,
        scheme=Scheme(scheme),
        width=FAN_IN,
        depth=DEPTH,
        optimizer=Optimizer(optimizer),
        constants=Constants(),
    )


def seeded(seed: int = 0):
    return lambda name: named_rng(seed, f"weights/{name}")


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [  # deviation, learning rate with w = 16, N = 64, L = 12; fan-ins 9, 144, 288, 576
        (
            "sgd",
            {
                "stem.weight": (1 / 3, 64 / 9),
                "transitions.0.weight": (1 / 12, 64 / 144),
                "transitions.1.weight": (1 / math.sqrt(288), 64 / 288),
                "stages.0.3.conv.weight": (1 / 12, 64 / 144),
                "stages.2.0.conv.weight": (1 / 24, 64 / 576),
                "readout.weight": (1 / 64, 1 / 64),
            },
        ),
        (
            "adam",
            {
                "stem.weight": (1 / 3, 1 / 3),
                "transitions.0.weight": (1 / 12, 1 / 144),
                "stages.0.3.conv.weight": (1 / 12, 1 / (144 * math.sqrt(12))),
                "stages.2.0.conv.weight": (1 / 24, 1 / (576 * math.sqrt(12))),
                "readout.weight": (1 / 64, 1 / 64),
            },
        ),
    ],
)
def test_resolved_rules_of_the_cnn(optimizer: str, expected: dict[str, tuple[float, float]]) -> None:
    model = cnn()
    found = rules_of(model, model.roles(), optimizer, scheme="mup_sqrt_depth")
    assert found.keys() == dict(model.named_parameters()).keys()
    for name, pair in expected.items():
        assert (found[name].init_std, found[name].learning_rate_factor) == pytest.approx(pair, rel=EXACT), name
        assert found[name].multiplier == 1.0
    assert type(found["stem.weight"].init_std) is float


def test_parameters_and_roles_are_the_same_names() -> None:
    model = cnn()
    roles = model.roles()
    with pytest.raises(ValueError, match=r"not trained: stem\.bias"):
        rules_of(model, roles | {"stem.bias": Role.VECTOR})
    del roles["readout.weight"], roles["stem.weight"]
    with pytest.raises(ValueError, match=r"without a role: readout\.weight, stem\.weight"):
        rules_of(model, roles)


def test_a_frozen_parameter_has_no_role_no_draw_and_no_group() -> None:
    model = cnn()
    model.stem.weight.requires_grad_(False)
    roles = model.roles()
    with pytest.raises(ValueError, match=r"not trained: stem\.weight"):
        rules_of(model, roles)
    del roles["stem.weight"]
    rules, before = rules_of(model, roles), model.stem.weight.clone()
    initialize(model, rules, seeded())
    assert torch.equal(model.stem.weight, before)
    grouped = [p for group in parameter_groups(model, rules, learning_rate=1.0) for p in group["params"]]
    assert not any(p is model.stem.weight for p in grouped)


@pytest.mark.parametrize("scheme", sorted(set(Scheme) - {Scheme.PLANNED}))
def test_drawn_weights_have_the_deviation_of_their_rule(scheme: str) -> None:
    model = cnn()
    rules = rules_of(model, model.roles(), scheme=scheme)
    initialize(model, rules, seeded())
    for name, weight in weights(model).items():
        assert weight.isfinite().all()
        if weight.numel() >= 2000:
            assert weight.std().item() == pytest.approx(rules[name].init_std, rel=SAMPLE_STD), name
            assert abs(weight.mean().item()) < 4 * rules[name].init_std / math.sqrt(weight.numel()), name


def test_vectors_keep_the_constants_of_their_module() -> None:
    model = nn.Sequential(nn.Linear(4, FAN_IN), nn.LayerNorm(FAN_IN), nn.Linear(FAN_IN, 2, bias=False))
    roles = {"0.weight": Role.INPUT, "0.bias": Role.VECTOR, "2.weight": Role.READOUT}
    roles |= {"1.weight": Role.VECTOR, "1.bias": Role.VECTOR}
    before = weights(model)
    initialize(model, rules_of(model, roles), seeded())
    for name, weight in weights(model).items():
        assert torch.equal(weight, before[name]) == (roles[name] is Role.VECTOR), name


def test_each_weight_has_a_stream_of_its_own() -> None:
    model, rules = cnn(), rules_of(cnn(), cnn().roles())
    initialize(model, rules, seeded())
    drawn = weights(model)
    first, second = drawn["stages.2.0.conv.weight"], drawn["stages.2.1.conv.weight"]
    assert torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1].abs() < 0.05
    again = cnn()
    initialize(again, rules, seeded())
    assert all(torch.equal(a, b) for a, b in zip(weights(again).values(), drawn.values(), strict=True))
    initialize(again, rules, seeded(1))
    assert not any(torch.equal(a, b) for a, b in zip(weights(again).values(), drawn.values(), strict=True))


def test_schemes_and_optimizers_share_the_standard_normals_behind_their_weights() -> None:
    standard = []
    for scheme, optimizer in (("sp", "sgd"), ("mup", "sgd"), ("mup_sqrt_depth", "adam")):
        model = cnn()
        rules = rules_of(model, model.roles(), optimizer, scheme)
        initialize(model, rules, seeded())
        standard.append({name: w / rules[name].init_std for name, w in weights(model).items()})
    for other in standard[1:]:
        for name, weight in other.items():
            torch.testing.assert_close(weight, standard[0][name])


def test_initializing_touches_no_global_stream_and_ignores_it() -> None:
    rules = rules_of(cnn(), cnn().roles())
    drawn = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = cnn()
            before = torch.get_rng_state()
            initialize(model, rules, seeded())
            assert torch.equal(torch.get_rng_state(), before)
        drawn.append(weights(model))
    assert all(torch.equal(a, b) for a, b in zip(drawn[0].values(), drawn[1].values(), strict=True))


@pytest.mark.parametrize("optimizer", Optimizer)
def test_groups_hold_every_parameter_once_with_the_factors_of_its_rule(optimizer: str) -> None:
    model = cnn()
    rules = rules_of(model, model.roles(), optimizer, scheme="mup_sqrt_depth")
    names = {id(p): name for name, p in model.named_parameters()}
    found = []
    for group in parameter_groups(model, rules, learning_rate=0.5, weight_decay=0.01):
        for parameter in group["params"]:
            name = names[id(parameter)]
            found.append(name)
            assert group["lr"] == pytest.approx(0.5 * rules[name].learning_rate_factor, rel=EXACT)
            assert group["weight_decay"] == pytest.approx(0.01 * rules[name].weight_decay_factor, rel=EXACT)
            assert group["lr"] * group["weight_decay"] == pytest.approx(0.005, rel=EXACT)
    assert sorted(found) == sorted(names.values())


def test_parameters_with_equal_factors_share_a_group() -> None:
    model = cnn()
    groups = parameter_groups(model, rules_of(model, model.roles()), learning_rate=1.0)
    factors = [(group["lr"], group["weight_decay"]) for group in groups]
    assert len(set(factors)) == len(factors) == 5  # fan-ins 9, 144, 288, 576, and the readout
    assert all(group["weight_decay"] == 0.0 for group in groups)
