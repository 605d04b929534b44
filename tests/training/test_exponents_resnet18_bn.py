"""The ResNet18-type network: measured exponents of activations and of their updates, over width and depth, with SGD.

The predictions are those of the residual CNN where branches are scaled. Over the depth from 32 blocks on: in three of
them the stream starts anew from a normalized projection, which keeps shallower networks far from their limit.
"""

import math

import pytest
from tests.tolerances import SLOPE

from .coordinates import UPDATES, Slope, assert_exponents, exponents

STEPS = 2
STILL = dict.fromkeys(("features at the start", *UPDATES), 0.0)


def over_width(scheme: str, rate: float) -> dict[str, Slope]:
    return exponents(
        scheme, "sgd", rate, widths=(32, 128), depths=(4,), seeds=4, steps=STEPS, architecture="resnet18_bn"
    )


def over_depth(scheme: str, rate: float, depths: tuple[int, int]) -> dict[str, Slope]:
    return exponents(scheme, "sgd", rate, widths=(8,), depths=depths, seeds=6, steps=STEPS, architecture="resnet18_bn")


@pytest.mark.parametrize("scheme", ["mup", "mup_sqrt_depth"])
def test_over_the_width_updates_stay_as_they_are(scheme: str) -> None:
    """And the function starts as a sum of N terms of random sign over N, N^(-1/2)."""
    assert_exponents(over_width(scheme, 0.004), STILL | {"function at the start": -0.5})


def test_over_the_depth_each_block_learns_inversely_and_all_together_as_much() -> None:
    expected = STILL | {"function at the start": 0.0, "block": -1.0}
    assert_exponents(over_depth("mup_sqrt_depth", 0.03, (32, 128)), expected)


def test_over_the_depth_unscaled_branches_make_a_random_walk_that_learns_ever_faster() -> None:
    """L normalized steps of random direction lead sqrt(L) far; every one of them learns more, not 1/L as much."""
    found = over_depth("mup", 1e-4, (8, 32))
    assert_exponents(found, {"features at the start": 0.5, "function at the start": 0.5})
    for name in ("transition", "features", "function", "block", "blocks"):
        assert math.isfinite(found[name].value)
        assert found[name].value - 2 * found[name].error > 3 * SLOPE, name
