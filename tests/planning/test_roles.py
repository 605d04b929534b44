"""Every model as its library builds it: what each tensor is found to be, and by what branches are scaled."""

from functools import partial
from typing import Any

import pytest
import torch
from tests.planning import zoo
from torch import nn
from torch.nn.utils import parametrizations

import depthtransfer as dt
from depthtransfer.errors import ConfigurationError
from depthtransfer.planning import Plan, Row

SMALL, LARGE = {"width": 64, "depth": 2}, {"width": 128, "depth": 4}
NARROW, WIDE = {"width": 16, "depth": 2}, {"width": 32, "depth": 4}


def rows(made: Plan) -> dict[str, Row]:
    return {row.tensor: row for row in made.rows}


def summary(made: Plan, *names: str) -> list[tuple[str, str, float]]:
    found = rows(made)
    return [(found[name].role, found[name].place, found[name].fold) for name in names]


INPUT, TABLE, READOUT = ("input", "outside", 1.0), ("input", "outside", 1.0), ("readout", "outside", 1.0)
INNER, END = ("hidden", "branch", 1.0), ("hidden", "branch", 0.5)
GAIN, END_GAIN, FINAL = ("vector", "branch", 1.0), ("vector", "branch", 0.5), ("vector", "outside", 1.0)


@pytest.mark.parametrize(
    ("make", "base", "target", "expected"),
    [
        (
            zoo.vit_torchvision, SMALL, LARGE,
            {
                "conv_proj.weight": INPUT, "encoder.pos_embedding": TABLE, "class_token": FINAL,
                "heads.head.weight": READOUT,
                "encoder.layers.encoder_layer_3.self_attention.in_proj_weight": INNER,
                "encoder.layers.encoder_layer_3.self_attention.out_proj.weight": END,
                "encoder.layers.encoder_layer_0.mlp.0.weight": INNER,
                "encoder.layers.encoder_layer_0.mlp.3.weight": END,
                "encoder.layers.encoder_layer_0.mlp.3.bias": END_GAIN,
                "encoder.layers.encoder_layer_3.ln_1.weight": GAIN,
                "encoder.ln.weight": FINAL,
            },
        ),
        (
            zoo.convnext, NARROW, WIDE,
            {
                "features.0.0.weight": INPUT, "features.1.3.layer_scale": END_GAIN, "classifier.2.weight": READOUT,
                "features.1.3.block.0.weight": ("input", "branch", 1.0),  # depthwise: its fan-in is the kernel
                "features.1.3.block.3.weight": INNER, "features.1.3.block.5.weight": INNER,
                "features.2.1.weight": ("hidden", "outside", 1.0), "classifier.0.weight": FINAL,
            },
        ),
        (
            zoo.torchvision_resnet, NARROW, WIDE,
            {
                "conv1.weight": INPUT, "fc.weight": READOUT, "layer1.3.conv2.weight": INNER,
                "layer1.0.bn2.weight": END_GAIN,
                "layer3.3.bn2.bias": END_GAIN, "layer2.0.downsample.0.weight": ("hidden", "outside", 1.0),
                "layer2.0.conv1.weight": INNER, "layer1.0.bn1.weight": GAIN, "bn1.weight": FINAL,
            },
        ),
        (
            partial(zoo.torchvision_resnet, block="Bottleneck"), NARROW, WIDE,
            {"layer1.0.conv3.weight": INNER, "layer4.3.bn3.weight": END_GAIN, "layer4.3.bn2.weight": GAIN},
        ),
        (
            partial(zoo.vit_timm, init_values=1e-5), SMALL, LARGE,
            {
                "patch_embed.proj.weight": INPUT, "pos_embed": TABLE, "head.weight": READOUT,
                "blocks.3.attn.qkv.weight": INNER, "blocks.3.attn.proj.weight": INNER, "blocks.3.ls1.gamma": END_GAIN,
                "blocks.0.mlp.fc2.weight": INNER, "blocks.0.ls2.gamma": END_GAIN, "norm.weight": FINAL,
            },
        ),
        (
            zoo.hybrid, SMALL, LARGE,
            {
                "blocks.3.attn.proj.weight": END, "blocks.3.mlp.fc1.weight": INNER,
                # The convolutional part neither grows nor gets deeper: nothing of it is touched.
                "patch_embed.backbone.stages.2.blocks.1.norm3.weight": FINAL, "patch_embed.proj.weight": INPUT,
            },
        ),
        (
            zoo.gpt2, SMALL, LARGE,
            {
                "transformer.wte.weight": TABLE, "transformer.wpe.weight": TABLE,
                "transformer.h.3.attn.c_attn.weight": INNER, "transformer.h.3.attn.c_proj.weight": END,
                "transformer.h.0.mlp.c_fc.weight": INNER, "transformer.h.0.mlp.c_proj.weight": END,
                "transformer.ln_f.weight": ("vector", "outside", 0.5),  # takes the factor of the tied readout
            },
        ),
        (
            zoo.llama, SMALL, LARGE,
            {
                "model.embed_tokens.weight": TABLE, "lm_head.weight": READOUT, "model.norm.weight": FINAL,
                "model.layers.3.self_attn.k_proj.weight": INNER, "model.layers.3.self_attn.o_proj.weight": END,
                "model.layers.3.mlp.gate_proj.weight": INNER, "model.layers.3.mlp.down_proj.weight": END,
                "model.layers.3.input_layernorm.weight": GAIN,
            },
        ),
        (
            partial(zoo.llama, num_key_value_heads=2, head_dim=16), SMALL, LARGE,
            {"model.layers.0.self_attn.k_proj.weight": ("readout", "branch", 1.0)},  # queries grow, keys do not
        ),
        (
            zoo.mixture, SMALL, LARGE,
            {
                "model.layers.3.mlp.experts.gate_up_proj": INNER, "model.layers.3.mlp.experts.down_proj": END,
                "model.layers.3.mlp.gate.weight": ("readout", "branch", 1.0),
            },
        ),
        (
            zoo.parallel, SMALL, LARGE,
            {"gpt_neox.layers.3.attention.dense.weight": END, "gpt_neox.layers.3.mlp.dense_4h_to_h.weight": END},
        ),
        (
            zoo.encoder, SMALL, LARGE,
            {"layers.3.self_attn.in_proj_weight": INNER, "layers.3.linear2.weight": END, "layers.3.norm2.weight": GAIN},
        ),
        (
            partial(zoo.encoder, norm_first=False), SMALL, LARGE,
            {"layers.0.linear2.weight": END, "layers.0.norm2.weight": ("vector", "repeated", 1.0)},
        ),
    ],
)  # fmt: skip
def test_roles_are_found_by_structure(make: Any, base: Any, target: Any, expected: dict[str, Any]) -> None:
    made = dt.plan(make, base=base, target=target)
    assert dict(zip(expected, summary(made, *expected), strict=True)) == expected
    trained = {name for name, each in make(**target).named_parameters() if each.requires_grad}
    assert {row.tensor for row in made.rows} == trained


def test_an_mlp_has_an_input_a_hidden_and_a_readout_matrix() -> None:
    made = dt.plan(zoo.mlp, base={"width": 32}, target={"width": 128})
    assert [row.role for row in made.rows] == ["input", "vector", "hidden", "vector", "readout", "vector"]
    assert [rows(made)[f"{place}.weight"].learning_rate for place in (0, 2, 4)] == [1.0, 0.25, 0.25]


def test_the_exponent_follows_the_layers_of_a_branch() -> None:
    one = dt.plan(zoo.Residual, base=SMALL, target=LARGE, optimizer="sgd")
    two = dt.plan(zoo.encoder, base=SMALL, target=LARGE)
    assert (one.settings.alpha, two.settings.alpha) == (0.5, 1.0)
    assert "one weight layer a branch" in str(one)
    assert rows(one)["blocks.3.weight"].fold == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(zoo.encoder, heads=4), "heads of attention grow from 16 to 32"),
        (
            lambda width, depth: nn.Sequential(*[nn.Linear(width, width) for _ in range(depth)]),
            "outside of every residual",
        ),
        (partial(zoo.Residual, last=nn.GELU), r"'blocks\.\d\.\w+' cannot be scaled.*gelu"),
        (
            lambda width, depth: zoo.Residual(width, depth, lambda: nn.LayerNorm(width, elementwise_affine=False)),
            r"norm without a gain",
        ),
        (lambda width, depth: nn.Bilinear(width, width, depth), "takes none of the inputs"),
    ],
)
def test_what_cannot_be_placed_is_refused_by_name(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        dt.plan(make, base=SMALL, target=LARGE)


def test_a_reparametrized_weight_is_refused_until_it_is_told() -> None:
    def make(width: int) -> nn.Module:
        return nn.Sequential(parametrizations.weight_norm(nn.Linear(8, width)), nn.ReLU(), nn.Linear(width, 3))

    name = r"parametrizations\.weight\.original"
    with pytest.raises(ConfigurationError, match=rf"'0\.{name}\d' acts only together with .*given="):
        dt.plan(make, base={"width": 8}, target={"width": 32})
    told: dict[str, Any] = {f"0.parametrizations.weight.original{place}": "vector" for place in (0, 1)}
    assert dt.plan(make, base={"width": 8}, target={"width": 32}, given=told).rows[1].role == "vector"


def test_a_tied_head_without_a_norm_is_refused() -> None:
    class Tied(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.table = nn.Embedding(20, width)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.table(x).relu() @ self.table.weight.T

    with pytest.raises(ConfigurationError, match=r"'table\.weight' is embedding and readout at once, .*untie"):
        dt.plan(Tied, base={"width": 8}, target={"width": 32})


def test_layers_shared_over_depth_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="repeated"):
        dt.plan(partial(zoo.Residual, shared=True), base=SMALL, target=LARGE)


def test_low_rank_updates_have_a_second_width_and_frozen_weights_are_left_alone() -> None:
    class LowRank(nn.Linear):
        def __init__(self, width: int, rank: int = 4) -> None:
            super().__init__(width, width, bias=False)
            self.weight.requires_grad_(False)
            self.a, self.b = nn.Linear(width, rank, bias=False), nn.Linear(rank, width, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) + self.b(self.a(x))

    def make(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(8, width), nn.ReLU(), LowRank(width), nn.ReLU(), nn.Linear(width, 3))

    made = dt.plan(make, base={"width": 16}, target={"width": 64})
    found = rows(made)
    assert (found["2.a.weight"].role, found["2.b.weight"].role) == ("readout", "input")
    assert "2.weight" not in found
    assert "frozen" in str(made)


def test_a_depth_of_its_own_needs_no_width_and_muon_finds_its_matrices() -> None:
    made = dt.plan(lambda depth: zoo.vit_timm(64, depth), base={"depth": 2}, target={"depth": 4}, optimizer="muon")
    found = rows(made)
    assert found["blocks.3.attn.proj.weight"].muon
    assert not found["patch_embed.proj.weight"].muon
    assert not found["head.weight"].muon


def test_a_width_that_cannot_be_looked_at_is_said() -> None:
    """Where base and target are as wide, roles come from a network of twice the width, if there is one."""

    def make(width: int, depth: int) -> nn.Module:
        if width != 64:
            raise RuntimeError("this model has one width")
        return zoo.vit_torchvision(width, depth)

    deeper = {"width": 64, "depth": 4}
    fixed = dt.plan(make, base=SMALL, target=deeper)
    free = dt.plan(zoo.vit_torchvision, base=SMALL, target=deeper)
    assert any("RuntimeError: this model has one width" in note for note in fixed.notes)
    assert not any("twice the width" in note for note in free.notes)
    factors = ("init", "fold", "learning_rate", "eps", "weight_decay")
    for row in free.rows:
        same = rows(fixed)[row.tensor]
        assert [getattr(same, name) for name in factors] == pytest.approx([getattr(row, name) for name in factors])
