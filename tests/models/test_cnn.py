"""The network against a second implementation in numpy, and what every ordinary module must be able to do."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tests.tolerances import FORWARD_FLOAT64

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.cnn import CNN
from depthtransfer.models.cnn_sizes import cnn_readout_fan_in, cnn_stage_sizes, cnn_stem_stride
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Role

Array = npt.NDArray[np.float64]
GREY_8, COLOUR_32 = ImageShape(1, 8), ImageShape(3, 32)


def network(width: int = 4, depth: int = 6, shape: ImageShape = GREY_8, branch_multiplier: float = 0.7) -> CNN:
    return CNN(width=width, depth=depth, shape=shape, classes=10, branch_multiplier=branch_multiplier)


def images(shape: ImageShape, count: int = 2, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, shape.channels, shape.size, shape.size, generator=generator)


def correlate(x: Array, kernel: Array, stride: int = 1) -> Array:
    """3x3 cross-correlation with one zero on each side, pixel by pixel."""
    batch, _, height, width = x.shape
    padded = np.zeros((*x.shape[:2], height + 2, width + 2))
    padded[:, :, 1:-1, 1:-1] = x
    rows, columns = range(0, height, stride), range(0, width, stride)
    y = np.empty((batch, len(kernel), len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            patch = padded[:, :, row : row + 3, column : column + 3]
            y[:, :, i, j] = np.einsum("bcij,ocij->bo", patch, kernel)
    return y


def halve(x: Array) -> Array:
    """Largest of each 2x2 square; an odd row or column at the end is dropped."""
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    corners = [x[:, :, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]
    return np.max(corners, axis=0)


def forward_by_hand(model: CNN, x: Array, depth: int, branch_multiplier: float, stem_stride: int) -> Array:
    weights = {name: p.detach().double().numpy() for name, p in model.named_parameters()}
    used = ["stem.weight"]
    x = correlate(x, weights["stem.weight"], stem_stride)
    for stage in range(3):
        if stage > 0:
            used.append(f"transitions.{stage - 1}.weight")
            x = correlate(x, weights[used[-1]])
        for block in range(depth // 3):
            used.append(f"stages.{stage}.{block}.conv.weight")
            x = x + branch_multiplier * correlate(np.maximum(x, 0.0), weights[used[-1]])
        x = halve(x)
    used.append("readout.weight")
    assert sorted(used) == sorted(weights)
    return x.reshape(len(x), -1) @ weights["readout.weight"].T


@pytest.mark.parametrize(
    ("shape", "depth", "stem_stride"),
    [(GREY_8, 3, 1), (GREY_8, 9, 1), (ImageShape(3, 9), 6, 1), (ImageShape(2, 28), 3, 2), (COLOUR_32, 6, 2)],
)
def test_forward_pass_against_numpy(shape: ImageShape, depth: int, stem_stride: int) -> None:
    model, x = network(3, depth, shape, branch_multiplier=0.6), images(shape).double()
    expected = forward_by_hand(model, x.numpy(), depth, 0.6, stem_stride)
    found = model.double()(x).detach().numpy()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=FORWARD_FLOAT64 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("shape", "stride", "sides", "fan_in"),
    [  # width 5
        (GREY_8, 1, [8, 4, 2], 20),
        (ImageShape(1, 12), 1, [12, 6, 3], 20),
        (ImageShape(3, 16), 2, [8, 4, 2], 20),
        (ImageShape(1, 28), 2, [14, 7, 3], 20),
        (COLOUR_32, 2, [16, 8, 4], 80),
        (ImageShape(3, 33), 2, [17, 8, 4], 80),
        (ImageShape(3, 64), 2, [32, 16, 8], 320),
    ],
)
def test_sizes_known_without_torch_are_the_sizes_of_the_network(
    shape: ImageShape, stride: int, sides: list[int], fan_in: int
) -> None:
    assert cnn_stem_stride(shape) == stride
    assert cnn_stage_sizes(shape) == sides
    assert cnn_readout_fan_in(width=5, depth=3, shape=shape) == fan_in
    model = network(5, 3, shape)
    seen: list[tuple[int, ...]] = []
    for blocks in model.stages:
        blocks.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape)))
    assert model(images(shape, count=3)).shape == (3, 10)
    assert seen == [(3, 5 * 2**stage, side, side) for stage, side in enumerate(sides)]
    assert model.readout.in_features == fan_in


@pytest.mark.parametrize(
    ("width", "depth", "shape", "parameters"),
    [
        # stem 9wC; blocks 9 (1 + 4 + 16) w^2 L/3; transitions 9 (2 + 8) w^2; readout 10 N
        (4, 3, GREY_8, 36 + 3024 + 1440 + 160),
        (8, 6, GREY_8, 72 + 24192 + 5760 + 320),
        (16, 30, COLOUR_32, 432 + 483840 + 23040 + 2560),
    ],
)
def test_number_of_parameters(width: int, depth: int, shape: ImageShape, parameters: int) -> None:
    assert sum(p.numel() for p in network(width, depth, shape).parameters()) == parameters


@pytest.mark.parametrize("depth", [-3, 0, 4])
def test_depth_is_shared_by_three_stages(depth: int) -> None:
    with pytest.raises(ConfigurationError, match=f"depth = {depth} .* multiple of 3"):
        network(depth=depth)


@pytest.mark.parametrize(("width", "size", "what"), [(0, 8, "width = 0"), (-4, 8, "width"), (4, 7, "7 pixels")])
def test_sizes_that_do_not_fit_are_errors(width: int, size: int, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        network(width, 3, ImageShape(1, size))


def test_roles_of_the_cnn() -> None:
    expected = {"stem.weight": Role.INPUT, "readout.weight": Role.READOUT}
    expected |= {f"transitions.{i}.weight": Role.HIDDEN for i in (0, 1)}
    expected |= {f"stages.{stage}.{block}.conv.weight": Role.BRANCH for stage in range(3) for block in (0, 1)}
    assert network(depth=6).roles() == expected


def test_without_branches_depth_has_no_effect() -> None:
    x = images(GREY_8)
    shallow, deep = network(depth=3, branch_multiplier=0.0), network(depth=12, branch_multiplier=0.0)
    deep.load_state_dict(shallow.state_dict(), strict=False)
    assert torch.equal(shallow(x), deep(x))
