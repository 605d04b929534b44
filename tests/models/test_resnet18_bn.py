"""The network against torchvision's resnet18, its options and sizes, and hundreds of layers."""

import math
import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from tests.tolerances import FORWARD_FLOAT64

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.network import Subsampled, convolution
from depthtransfer.models.parametrization import initialize, parameter_groups, resolve
from depthtransfer.models.registry import cost
from depthtransfer.models.resnet18_bn import BasicBlock, ResNet18BN
from depthtransfer.models.resnet18_bn_sizes import ResNet18BNOptions, resnet18_bn_sizes
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Constants, Optimizer, Role, Scheme, branch_multiplier
from depthtransfer.training.optimizers import build_optimizer
from depthtransfer.training.process import named_rng

GREY_8, COLOUR_32 = ImageShape(1, 8), ImageShape(3, 32)


def network(
    width: int = 4, depth: int = 8, shape: ImageShape = GREY_8, stem: Any = "cifar", branch_multiplier: float = 0.7
) -> ResNet18BN:
    return ResNet18BN(
        width=width,
        depth=depth,
        shape=shape,
        classes=10,
        branch_multiplier=branch_multiplier,
        options=ResNet18BNOptions(stem=stem),
    )


def images(shape: ImageShape, count: int = 4) -> torch.Tensor:
    return torch.randn(count, shape.channels, shape.size, shape.size, generator=named_rng(0, "images"))


def torchvision_name(name: str) -> str:
    """Name of one of our parameters in torchvision's resnet18."""
    name = re.sub(r"^stem\.(conv|norm)", lambda m: {"conv": "conv1", "norm": "bn1"}[m[1]], name)
    name = re.sub(r"^stages\.(\d)", lambda m: f"layer{int(m[1]) + 1}", name)
    name = re.sub(r"branch\.(?:conv|norm)(\d)", lambda m: ("conv" if "conv" in m[0] else "bn") + m[1], name)
    name = re.sub(r"shortcut\.(conv|norm)", lambda m: f"downsample.{['conv', 'norm'].index(m[1])}", name)
    return name.replace("readout", "fc")


@pytest.mark.parametrize("size", [32, 45, 64])
def test_with_unit_branches_it_is_the_resnet18_of_torchvision(size: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = torchvision.models.resnet18(num_classes=10).double()
    ours = network(64, 8, ImageShape(3, size), stem="imagenet", branch_multiplier=1.0).double()
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if parameter.dim() == 1 and name != "fc.bias":
                parameter.add_(torch.randn(parameter.shape, generator=named_rng(0, name)), alpha=0.3)
        theirs.fc.bias.zero_()
    weights = dict(theirs.named_parameters())
    names = {name: torchvision_name(name) for name, _ in ours.named_parameters()}
    assert sorted(names.values()) == sorted(weights.keys() - {"fc.bias"})
    ours.load_state_dict({name: weights[other] for name, other in names.items()})
    x = images(ImageShape(3, size))
    expected, found = theirs.train()(x.double()), ours(x.double())
    assert expected.isfinite().all()
    torch.testing.assert_close(found, expected, rtol=0, atol=FORWARD_FLOAT64 * expected.abs().max().item())
    for logits in (expected, found):
        torch.autograd.backward(F.cross_entropy(logits, torch.arange(4)))
    for name, other in names.items():
        gradient = weights[other].grad
        assert gradient is not None
        atol = FORWARD_FLOAT64 * gradient.abs().max().item()
        torch.testing.assert_close(ours.get_parameter(name).grad, gradient, rtol=0, atol=atol)


@pytest.mark.parametrize(("inputs", "stride"), [(6, 1), (3, 2), (3, 1)])
def test_a_block_by_hand(inputs: int, stride: int) -> None:
    """Gains of one and biases of zero: a normalized map has mean zero and variance one in every channel."""
    block = BasicBlock(inputs, 6, stride, branch_multiplier=0.3).double()
    x = torch.randn(5, inputs, 7, 7, generator=named_rng(0, "x")).double()
    weights = {name: p for name, p in block.named_parameters() if p.dim() > 1}

    def normal(y: torch.Tensor) -> torch.Tensor:
        mean = y.mean((0, 2, 3), keepdim=True)
        variance = (y - mean).square().mean((0, 2, 3), keepdim=True)
        return (y - mean) / torch.sqrt(variance + 1e-5)

    inner = normal(F.conv2d(x, weights["branch.conv1.weight"], stride=stride, padding=1)).clamp(min=0)
    branch = normal(F.conv2d(inner, weights["branch.conv2.weight"], padding=1))
    projected = (inputs, stride) != (6, 1)
    shortcut = normal(F.conv2d(x, weights["shortcut.conv.weight"], stride=stride)) if projected else x
    expected = (shortcut + 0.3 * branch).clamp(min=0)
    assert len(weights) == 2 + projected
    torch.testing.assert_close(block(x), expected, rtol=0, atol=FORWARD_FLOAT64 * expected.max().item())


@pytest.mark.parametrize(
    ("shape", "stem", "sides"),
    [
        (GREY_8, "cifar", [8, 8, 4, 2, 1]),
        (ImageShape(1, 9), "cifar", [9, 9, 5, 3, 2]),
        (COLOUR_32, "imagenet", [16, 8, 4, 2, 1]),
        (ImageShape(3, 45), "imagenet", [23, 12, 6, 3, 2]),
        (ImageShape(3, 224), "imagenet", [112, 56, 28, 14, 7]),
    ],
)
def test_sizes_known_without_torch_are_the_sizes_of_the_network(shape: ImageShape, stem: Any, sides: list[int]) -> None:
    assert resnet18_bn_sizes(2, 4, shape, ResNet18BNOptions(stem=stem)) == sides
    model = network(2, 4, shape, stem)
    seen: list[tuple[int, ...]] = []
    for part in (model.stem.conv, *model.stages):
        part.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape)))
    assert model(images(shape, count=2)).shape == (2, 10)
    channels = (2, 2, 4, 8, 16)
    assert seen == [(2, width, side, side) for width, side in zip(channels, sides, strict=True)]


@pytest.mark.parametrize(("width", "depth", "layers"), [(64, 8, 18), (64, 64, 130), (64, 152, 306)])
def test_layers_are_counted_as_in_the_names_of_resnets(width: int, depth: int, layers: int) -> None:
    assert cost("resnet18_bn", width=width, depth=depth, shape=COLOUR_32, classes=10).layers == layers


@pytest.mark.parametrize("depth", [-4, 0, 6])
def test_depth_is_shared_by_four_stages(depth: int) -> None:
    with pytest.raises(ConfigurationError, match=f"depth = {depth} .* multiple of 4"):
        network(depth=depth)


@pytest.mark.parametrize(
    ("width", "size", "stem", "what"),
    [
        (0, 8, "cifar", "width = 0 .* positive"),
        (4, 7, "cifar", "7 pixels vanish .* at least 8"),
        (4, 31, "imagenet", "31 pixels vanish .* at least 32"),
    ],
)
def test_sizes_that_do_not_fit_are_errors(width: int, size: int, stem: Any, what: str) -> None:
    for build in (
        lambda: network(width, 4, ImageShape(1, size), stem),
        lambda: cost(
            "resnet18_bn", width=width, depth=4, shape=ImageShape(1, size), classes=10, options={"stem": stem}
        ),
    ):
        with pytest.raises(ConfigurationError, match=what):
            build()


def test_an_unknown_stem_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"options of the resnet18_bn: stem: .*'cifar' or 'imagenet'"):
        cost("resnet18_bn", width=4, depth=4, shape=GREY_8, classes=10, options={"stem": "mnist"})


def test_one_image_is_too_few_only_where_nothing_is_left_to_normalize_over() -> None:
    with pytest.raises(ConfigurationError, match=r"one image .* at least two"):
        network()(images(GREY_8, count=1))
    assert network(shape=COLOUR_32)(images(COLOUR_32, count=1)).isfinite().all()


def test_roles() -> None:
    roles = network(depth=8).roles()
    expected = {"stem.conv.weight": Role.INPUT, "readout.weight": Role.READOUT}
    expected |= dict.fromkeys(("stem.norm.weight", "stem.norm.bias"), Role.VECTOR)
    for stage in range(4):
        for block in range(2):
            branch = f"stages.{stage}.{block}.branch"
            expected |= dict.fromkeys((f"{branch}.conv1.weight", f"{branch}.conv2.weight"), Role.BRANCH)
            names = (f"{branch}.norm{i}.{part}" for i in (1, 2) for part in ("weight", "bias"))
            expected |= dict.fromkeys(names, Role.BRANCH_VECTOR)
        if stage:
            shortcut = f"stages.{stage}.0.shortcut"
            expected |= {f"{shortcut}.conv.weight": Role.HIDDEN}
            expected |= dict.fromkeys((f"{shortcut}.norm.weight", f"{shortcut}.norm.bias"), Role.VECTOR)
    assert roles == expected


def test_at_the_start_gains_are_one_and_biases_zero() -> None:
    model = network(depth=8)
    vectors = {name: p for name, p in model.named_parameters() if p.dim() == 1}
    assert len(vectors) == 2 * (1 + 2 * 8 + 3)  # stem, two a block, three shortcuts
    assert all((p == (1.0 if name.endswith("weight") else 0.0)).all() for name, p in vectors.items())


@pytest.mark.parametrize("blocks", [16, pytest.param(38, marks=pytest.mark.slow)])
def test_more_than_a_hundred_layers_learn(blocks: int) -> None:
    """Sixteen blocks a stage are 130 layers, 38 are 306; beta = 2 and a rate that shallow ones like, too."""
    depth, sizes = 4 * blocks, {"width": 4, "shape": GREY_8}
    scheme, constants = Scheme.MUP_SQRT_DEPTH, Constants(beta=2.0)
    model = network(**sizes, depth=depth, branch_multiplier=branch_multiplier(scheme, depth=depth, constants=constants))
    rules = resolve(
        model,
        model.roles(),
        scheme=scheme,
        width=cost("resnet18_bn", **sizes, depth=depth, classes=10).readout_fan_in,
        depth=depth,
        optimizer=Optimizer.SGD,
        constants=constants,
    )
    initialize(model, rules, lambda name: named_rng(0, name))
    descent = build_optimizer(Optimizer.SGD, parameter_groups(model, rules, learning_rate=0.25), momentum=0.0)
    x, labels = images(GREY_8, count=20), torch.arange(20) % 10
    losses = []
    for _ in range(15):
        loss = F.cross_entropy(model(x), labels)
        descent.zero_grad()
        torch.autograd.backward(loss)
        descent.step()
        losses.append(loss.item())
    assert all(map(math.isfinite, losses))
    assert losses[0] == pytest.approx(math.log(10), rel=0.2)
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("side", [8, 5])
def test_a_narrow_strided_shortcut_is_an_ordinary_convolution(side: int) -> None:
    narrow = convolution(4, 8, 1, 2)
    assert isinstance(narrow, Subsampled)
    assert not isinstance(convolution(8, 16, 1, 2), Subsampled)
    plain = torch.nn.Conv2d(4, 8, 1, stride=2, bias=False)
    plain.load_state_dict(narrow.state_dict())
    images = torch.randn(64, 4, side, side, generator=torch.Generator().manual_seed(0))
    for network in (plain, narrow.to(memory_format=torch.channels_last)):
        network(images).square().sum().backward()
    torch.testing.assert_close(narrow(images), plain(images))
    torch.testing.assert_close(narrow.weight.grad, plain.weight.grad, rtol=1e-5, atol=1e-4)  # sums in another order
