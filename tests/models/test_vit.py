"""The transformer against numpy and against torch's own encoder layer, and what every ordinary module can do."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.special import erf
from tests.tolerances import EXACT, FORWARD_FLOAT64
from torch import nn

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.parametrization import initialize, resolve
from depthtransfer.models.registry import build
from depthtransfer.models.shapes import ImageShape
from depthtransfer.models.transformer import Branch, SelfAttention
from depthtransfer.models.vit import ViT
from depthtransfer.scaling import Constants, Optimizer, Role, Scheme
from depthtransfer.training.process import named_rng

Array = npt.NDArray[np.float64]
GREY_8, COLOUR_32 = ImageShape(1, 8), ImageShape(3, 32)
LAYER_NORM_EPSILON = 1e-5


def network(
    width: int = 8, depth: int = 4, shape: ImageShape = GREY_8, branch_multiplier: float = 0.7, **options: Any
) -> ViT:
    """A transformer whose gains and biases are not one and zero."""
    model = build(
        "vit",
        width=width,
        depth=depth,
        shape=shape,
        classes=10,
        branch_multiplier=branch_multiplier,
        options={"patch_size": 2, "heads": 2} | options,
    )
    assert isinstance(model, ViT)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight") or name.endswith("norm.bias"):
                parameter.add_(torch.randn(parameter.shape, generator=generator))
    return model


def images(shape: ImageShape, count: int = 3, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, shape.channels, shape.size, shape.size, generator=generator)


def forward_by_hand(model: ViT, x: Array, *, patch: int, heads: int, depth: int, branch_multiplier: float) -> Array:
    weights = {name: p.detach().numpy() for name, p in model.named_parameters()}
    used = {"patches.weight", "positions", "readout.weight"}

    def norm(x: Array, name: str) -> Array:
        if f"{name}.weight" not in weights:
            return x
        used.update((f"{name}.weight", f"{name}.bias"))
        centred = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt(x.var(-1, keepdims=True) + LAYER_NORM_EPSILON)
        return centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def matrix(name: str) -> Array:
        used.add(f"{name}.weight")
        return weights[f"{name}.weight"].T

    def attention(x: Array, name: str) -> Array:
        qkv, head_width = x @ matrix(f"{name}.qkv"), x.shape[-1] // heads
        attended = np.empty_like(x)
        for head in range(heads):
            one = slice(head * head_width, (head + 1) * head_width)
            q, k, v = (part[..., one] for part in np.split(qkv, 3, axis=-1))
            logits = np.einsum("bid,bjd->bij", q, k) / head_width
            shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
            attended[..., one] = shares @ v
        return attended @ matrix(f"{name}.projection")

    def mlp(x: Array, name: str) -> Array:
        hidden = x @ matrix(f"{name}.expand")
        return 0.5 * hidden * (1 + erf(hidden / np.sqrt(2))) @ matrix(f"{name}.contract")

    side = x.shape[-1] // patch
    squares = [
        x[:, :, i * patch : (i + 1) * patch, j * patch : (j + 1) * patch] for i in range(side) for j in range(side)
    ]
    tokens = [np.einsum("bcij,ocij->bo", square, weights["patches.weight"]) for square in squares]
    if "class_token" in weights:
        used.add("class_token")
        tokens.insert(0, np.tile(weights["class_token"], (len(x), 1)))
    h = np.stack(tokens, axis=1)
    h = h + weights["positions"].reshape(h.shape[1:])
    for index in range(depth):
        function = mlp if index % 2 else attention
        h = h + branch_multiplier * function(norm(h, f"branches.{index}.norm"), f"branches.{index}.function")
    logits: Array = norm(h[:, 0] if "class_token" in weights else h.mean(1), "norm") @ weights["readout.weight"].T
    assert used == weights.keys()
    return logits


@pytest.mark.parametrize(
    ("shape", "depth", "options"),
    [
        (GREY_8, 2, {}),
        (GREY_8, 6, {"heads": 4, "normalization": "none"}),
        (GREY_8, 4, {"pooling": "mean", "mlp_ratio": 1}),
        (ImageShape(3, 9), 4, {"patch_size": 3, "heads": 1, "mlp_ratio": 3}),
        (COLOUR_32, 2, {"patch_size": 8, "heads": 8, "normalization": "none", "pooling": "mean"}),
    ],
)
def test_forward_pass_against_numpy(shape: ImageShape, depth: int, options: dict[str, Any]) -> None:
    model, x = network(8, depth, shape, 0.6, **options).double(), images(shape).double()
    chosen = {"patch_size": 2, "heads": 2} | options
    expected = forward_by_hand(
        model, x.numpy(), patch=chosen["patch_size"], heads=chosen["heads"], depth=depth, branch_multiplier=0.6
    )
    found = model(x).detach().numpy()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=FORWARD_FLOAT64 * np.abs(expected).max())


def test_a_block_is_torchs_own_encoder_layer() -> None:
    """With unit branches and logits over the root of a head's size, values and gradients are the same."""
    width, heads = 12, 3
    attention, mlp = network(width, 2, branch_multiplier=1.0, heads=heads).double().branches
    assert isinstance(attention, Branch)
    assert isinstance(mlp, Branch)
    assert isinstance(attention.function, SelfAttention)
    assert attention.function.logit_scale == pytest.approx(1 / 4, rel=EXACT)
    attention.function.logit_scale = 4**-0.5
    theirs = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
    theirs.double()
    pairs = {
        "self_attn.in_proj_weight": attention.function.qkv.weight,
        "self_attn.out_proj.weight": attention.function.projection.weight,
        "linear1.weight": mlp.get_parameter("function.expand.weight"),
        "linear2.weight": mlp.get_parameter("function.contract.weight"),
        "norm1.weight": attention.get_parameter("norm.weight"),
        "norm1.bias": attention.get_parameter("norm.bias"),
        "norm2.weight": mlp.get_parameter("norm.weight"),
        "norm2.bias": mlp.get_parameter("norm.bias"),
    }
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            parameter.copy_(pairs[name]) if name in pairs else parameter.zero_()
    x = torch.randn(5, 7, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected, found = theirs(x), mlp(attention(x))
    torch.testing.assert_close(found, expected, rtol=0, atol=FORWARD_FLOAT64 * expected.abs().max().item())
    torch.autograd.backward(expected.square().sum())
    torch.autograd.backward(found.square().sum())
    for name, ours in pairs.items():
        reference = theirs.get_parameter(name).grad
        assert reference is not None
        torch.testing.assert_close(ours.grad, reference, rtol=0, atol=FORWARD_FLOAT64 * reference.abs().max().item())


@pytest.mark.parametrize("normalization", ["layer_norm", "none"])
def test_under_bfloat16_the_stream_stays_in_single_precision(normalization: str) -> None:
    model, x = network(normalization=normalization), images(GREY_8)
    streams: list[torch.Tensor] = []
    for branch in model.branches:
        branch.register_forward_hook(lambda module, inputs, output: streams.append(output))
    with torch.autocast("cpu", torch.bfloat16):
        found = model(x)
    assert found.dtype is torch.bfloat16
    assert [s.dtype for s in streams] == 4 * [torch.float32]


def test_roles() -> None:
    inputs = dict.fromkeys(("patches.weight", "class_token", "positions"), Role.INPUT)
    last = {"norm.weight": Role.VECTOR, "norm.bias": Role.VECTOR, "readout.weight": Role.READOUT}
    branches: dict[str, Role] = {}
    for index, matrices in enumerate((("qkv", "projection"), ("expand", "contract")) * 2):
        branches |= {f"branches.{index}.norm.{part}": Role.BRANCH_VECTOR for part in ("weight", "bias")}
        branches |= {f"branches.{index}.function.{matrix}.weight": Role.BRANCH for matrix in matrices}
    assert network(depth=4).roles() == inputs | branches | last
    bare = {name: role for name, role in (inputs | branches | last).items() if "norm" not in name}
    del bare["class_token"]
    assert network(depth=4, normalization="none", pooling="mean").roles() == bare


@pytest.mark.parametrize(
    ("scheme", "optimizer"), list(itertools.product(sorted(set(Scheme) - {Scheme.PLANNED}), Optimizer))[::2]
)
def test_class_token_and_positions_act_at_unit_scale(scheme: Scheme, optimizer: Optimizer) -> None:
    """They have a fan-in of one, whatever the width; Adam moves them by eta_0, the table's SGD by eta_0 gamma_0^2 N."""
    width, constants = 64, Constants(gamma0=0.5)
    model = network(width)
    rules = resolve(model, model.roles(), scheme=scheme, width=width, depth=4, optimizer=optimizer, constants=constants)
    mean_field_sgd = optimizer is Optimizer.SGD and scheme not in (Scheme.SP, Scheme.NTP)
    tangent_adam = optimizer is not Optimizer.SGD and scheme is Scheme.NTP
    rate = 0.25 * width if mean_field_sgd else width**-0.5 if tangent_adam else 1.0
    for name in ("class_token", "positions"):
        assert rules[name].init_std == 1.0
        assert rules[name].learning_rate_factor == pytest.approx(rate, rel=EXACT)
    initialize(model, rules, lambda name: named_rng(0, f"weights/{name}"))
    drawn = model.positions.view(17, width)
    assert drawn.square().mean().item() == pytest.approx(1.0, rel=0.2)
    assert drawn[0].dot(drawn[1]).abs().item() / width < 0.5


def test_without_positions_the_order_of_patches_has_no_effect() -> None:
    """And with them it has."""
    model, x = network(pooling="mean"), images(GREY_8)
    turned = x.roll(2, dims=3)
    assert (model(x) - model(turned)).abs().max() > 1e-3
    nn.init.zeros_(model.positions)
    torch.testing.assert_close(model(x), model(turned))


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"width": 10, "heads": 4}, "width = 10 .* 4 heads.*multiple of 4"),
        ({"width": 0}, "width = 0"),
        ({"depth": 5}, "depth = 5 .*even"),
        ({"depth": 0}, "depth = 0"),
        ({"patch_size": 3}, "8 pixels .* patches of 3"),
        ({"patch_size": 0}, "patch_size"),
        ({"mlp_ratio": -1}, "mlp_ratio"),
        ({"pooling": "max"}, "pooling"),
        ({"normalization": "batch_norm"}, "normalization"),
    ],
)
def test_sizes_and_options_that_do_not_fit_are_errors(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what) as caught:
        network(**wrong)
    assert "\n" not in str(caught.value)
