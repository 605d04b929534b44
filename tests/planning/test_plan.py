"""What a plan does to a network, and what it survives."""

import copy
from pathlib import Path
from typing import Any

import mup
import pytest
import torch
from tests.planning import zoo
from torch import nn

import depthtransfer as dt
from depthtransfer.errors import ConfigurationError

SMALL, LARGE = {"width": 64, "depth": 2}, {"width": 128, "depth": 8}


@pytest.fixture(scope="module")
def vit() -> dt.Plan:
    return dt.plan(zoo.vit_timm, base=SMALL, target=LARGE)


def rms(values: torch.Tensor) -> float:
    return float(values.detach().square().mean().sqrt())


def test_initial_weights_are_those_of_the_base_times_their_factors(vit: dt.Plan) -> None:
    small, large = dict(zoo.vit_timm(**SMALL).named_parameters()), dict(vit.build(seed=0).named_parameters())
    for row in vit.rows:
        like = row.tensor.replace("blocks.7", "blocks.1")
        if like in small and rms(small[like]) > 0:
            chance = 5 / (2 * small[like].numel()) ** 0.5
            assert rms(large[row.tensor]) == pytest.approx(row.init * rms(small[like]), rel=chance + 0.02), row.tensor


def test_a_model_that_scales_its_own_initialization_is_not_scaled_twice() -> None:
    """GPT-2 divides its branch ends by sqrt(2 L); the plan starts from what the base network has, whatever that is."""
    made = dt.plan(zoo.gpt2, base=SMALL, target=LARGE, rule="completep")
    end = "transformer.h.0.attn.c_proj.weight"
    large = dict(made.build(seed=0).named_parameters())
    expected = 0.02 / (2 * SMALL["depth"]) ** 0.5 / 2**0.5 / 4  # base, width, depth
    assert rms(large[end]) == pytest.approx(expected, rel=0.05)


def test_the_base_itself_is_left_as_it_is() -> None:
    made = dt.plan(zoo.vit_timm, base=SMALL, target=SMALL)
    assert {(row.init, row.learning_rate, row.eps, row.weight_decay) for row in made.rows} == {(1.0, 1.0, 1.0, 1.0)}
    torch.manual_seed(0)
    plain = zoo.vit_timm(**SMALL)
    for (name, ours), theirs in zip(made.build(seed=0).named_parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs), name


def test_initializing_twice_is_the_same_as_once(vit: dt.Plan) -> None:
    model = vit.build(seed=0)
    before = copy.deepcopy(model.state_dict())
    vit.initialize(model)
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())


@pytest.mark.parametrize(("optimizer", "alpha"), [("sgd", 0.5), ("adamw", 0.5), ("adamw", 1.0)])
def test_folding_is_the_same_as_scaling_the_branch_in_the_forward_pass(optimizer: str, alpha: float) -> None:
    """Two networks in double precision: one multiplies its branches, the other has the factor in its weights."""
    m, rate, width = 4.0, 1e-2, {"width": 32}
    made = dt.plan(
        zoo.Residual, base={**width, "depth": 2}, target={**width, "depth": 8}, optimizer=optimizer, rule=alpha
    )
    folded = made.build(seed=0).double()
    unfolded = copy.deepcopy(folded)
    factor = m**-alpha
    with torch.no_grad():
        for block in unfolded.blocks:
            for each in block.parameters():
                each.div_(factor)

    def scaled(x: torch.Tensor) -> torch.Tensor:
        x = unfolded.read_in(x)
        for block in unfolded.blocks:
            x = x + factor * block(x.relu())
        return unfolded.readout(x)

    inside = m ** (2 * alpha - 1) if optimizer == "sgd" else m ** (alpha - 1)
    branches = [each for block in unfolded.blocks for each in block.parameters()]
    ids = {id(each) for each in branches}
    others = [each for each in unfolded.parameters() if id(each) not in ids]
    if optimizer == "sgd":
        groups: list[dict[str, Any]] = [{"params": branches, "lr": rate * inside}, {"params": others, "lr": rate}]
        pair = [torch.optim.SGD(made.groups(folded, rate), momentum=0.9), torch.optim.SGD(groups, momentum=0.9)]
    else:
        eps = 1e-6
        groups = [
            {"params": branches, "lr": rate * inside, "eps": eps * factor, "weight_decay": 0.1 / inside},
            {"params": others, "lr": rate, "eps": eps, "weight_decay": 0.1},
        ]
        pair = [torch.optim.AdamW(made.groups(folded, rate, weight_decay=0.1, eps=eps)), torch.optim.AdamW(groups)]
    x, y = torch.randn(16, 8, dtype=torch.float64), torch.randn(16, 3, dtype=torch.float64)
    for _ in range(5):
        for optim, forward in zip(pair, (folded, scaled), strict=True):
            optim.zero_grad()
            (forward(x) - y).square().mean().backward()
            optim.step()
    torch.testing.assert_close(folded(x), scaled(x), rtol=1e-7, atol=1e-9)


def test_width_factors_are_those_of_the_package_mup() -> None:
    """Hidden matrices and vectors alike; mup keeps a multiplier 1/n at the readout, here it is in weight and rate."""

    class WithReadout(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(8, width), nn.Linear(width, width)
            self.c = mup.MuReadout(width, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.c(self.b(self.a(x).relu()).relu())

    def plain(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3))

    theirs = WithReadout(64)
    mup.set_base_shapes(theirs, WithReadout(16), delta=WithReadout(32))
    names = {id(each): name for name, each in theirs.named_parameters()}
    for optimizer, made in (("sgd", mup.MuSGD), ("adamw", mup.MuAdam)):
        found = made(theirs.parameters(), lr=1.0)
        rates = {names[id(each)]: group["lr"] for group in found.param_groups for each in group["params"]}
        ours = {r.tensor: r for r in dt.plan(plain, base={"width": 16}, target={"width": 64}, optimizer=optimizer).rows}
        for their_name, our_name in (("a.weight", "0.weight"), ("a.bias", "0.bias"), ("b.weight", "2.weight")):
            assert ours[our_name].learning_rate == pytest.approx(rates[their_name]), (optimizer, our_name)
        multiplier = 1 / 4
        folded = multiplier**2 if optimizer == "sgd" else multiplier
        assert ours["4.weight"].learning_rate == pytest.approx(rates["c.weight"] * folded)


def test_groups_hold_every_parameter_once_and_their_ratios(vit: dt.Plan) -> None:
    model = vit.build(seed=0)
    groups = vit.groups(model, lr=1e-3, weight_decay=0.1)
    held = [id(each) for group in groups for each in group["params"]]
    assert sorted(held) == sorted(map(id, model.parameters()))
    assert {round(group["lr"] * group["weight_decay"], 12) for group in groups} == {1e-4}  # eta lambda is the same
    fixed = dt.plan(zoo.vit_timm, base=SMALL, target=LARGE, decay="fixed").groups(model, lr=1e-3, weight_decay=0.1)
    assert {round(group["weight_decay"], 6) for group in fixed} == {0.1, 0.2, 0.4}  # plain, readout, folded ends
    independent = dt.plan(zoo.vit_timm, base=SMALL, target=LARGE, decay="independent")
    assert {
        round(group["lr"] * group["weight_decay"], 9) for group in independent.groups(model, lr=1e-3, weight_decay=0.1)
    } == {0.1}


def test_muon_takes_the_inner_matrices_and_adamw_the_rest() -> None:
    made = dt.plan(zoo.vit_timm, base=SMALL, target=LARGE, optimizer="muon", rule="depth_mup")
    model = made.build(seed=0)
    muon = made.groups(model, lr=0.02, part="muon")
    rest = made.groups(model, lr=1e-3, part="adamw")
    torch.optim.Muon(muon)
    torch.optim.AdamW(rest)
    assert sum(len(group["params"]) for group in (*muon, *rest)) == len(list(model.parameters()))
    assert all(each.dim() == 2 for group in muon for each in group["params"])
    assert {round(group["lr"] / 0.02, 9) for group in muon} == {0.5, 0.25}  # m^-1/2, and once more where it is folded
    with pytest.raises(ConfigurationError, match="part"):
        made.groups(model, lr=1e-3)
    rms_matched = dt.plan(
        zoo.vit_timm, base=SMALL, target=LARGE, optimizer="muon", rule="mup", muon_adjustment="match_rms_adamw"
    )
    assert {round(row.learning_rate, 9) for row in rms_matched.rows if row.muon} == {round(2**-0.5, 9)}


def test_a_plan_survives_compiling_saving_and_resuming(vit: dt.Plan, tmp_path: Path) -> None:
    vit.save(tmp_path / "plan.json")
    again = dt.load_plan(tmp_path / "plan.json", zoo.vit_timm)
    assert again.hash == vit.hash
    model = again.build(seed=0)
    wrapped = nn.Module()
    wrapped._orig_mod = model  # what torch.compile makes of the names
    assert len(again.groups(wrapped, lr=1e-3)) == len(vit.groups(model, lr=1e-3))
    optimizer = torch.optim.AdamW(again.groups(model, lr=1e-3))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for _ in range(3):
        optimizer.step()
        schedule.step()
    again.check(optimizer)
    state = optimizer.state_dict()
    other = torch.optim.AdamW(again.groups(model, lr=5.0))
    other.load_state_dict(state)
    again.check(other)
    for group in other.param_groups:
        group["lr"] = 1e-3
    with pytest.raises(ConfigurationError, match="no longer have the plan's ratios"):
        again.check(other)


def test_a_plan_that_was_changed_or_is_for_another_network_is_refused(vit: dt.Plan, tmp_path: Path) -> None:
    vit.save(tmp_path / "plan.json")
    text = (tmp_path / "plan.json").read_text()
    (tmp_path / "plan.json").write_text(text.replace('"alpha": 1.0', '"alpha": 0.5'))
    with pytest.raises(ConfigurationError, match="changed after it was written"):
        dt.load_plan(tmp_path / "plan.json")
    with pytest.raises(ConfigurationError, match="no trained tensor"):
        vit.groups(zoo.vit_timm(128, 2), lr=1e-3)
    with pytest.raises(ConfigurationError, match=r"is \(.*the plan is for"):
        vit.groups(zoo.vit_timm(64, 8), lr=1e-3)


def test_a_role_can_be_set(vit: dt.Plan) -> None:
    changed = vit.set("head.weight", "hidden")
    assert changed.hash != vit.hash
    assert next(row for row in changed.rows if row.tensor == "head.weight").init == pytest.approx(2**-0.5)
    with pytest.raises(ConfigurationError, match="no tensor"):
        vit.set("nothing", "hidden")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"rule": "best"}, "no rule 'best'"),
        ({"rule": 2.0}, "between 0 and 1"),
        ({"optimizer": "lion"}, "no rule for the optimizer"),
        ({"decay": "cosine"}, "no decay"),
        ({"given": {"head.weight": "boss"}}, "no role"),
        ({"target": {"width": 128}}, "same"),
    ],
)
def test_a_bad_question_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        dt.plan(**{"make": zoo.vit_timm, "base": SMALL, "target": LARGE, **asked})
