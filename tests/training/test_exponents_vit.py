"""The transformer: measured exponents of activations and of their updates, over width and over depth, with Adam.

The readout sees the mean over patches. A class token starts out nearly the same for every image; what the readout
learns of it cancels in a batch of one image of each class, but for a part of order N^(-1/2) that hides the rest.
"""

import math

import pytest
from tests.tolerances import SLOPE

from .coordinates import UPDATES, Slope, assert_exponents, exponents

WIDTHS, DEPTHS, SEEDS, STEPS, RATE = (128, 512), (4, 8, 32), 6, 2, 0.01
STILL = dict.fromkeys(("features at the start", *UPDATES), 0.0)


def over_width(scheme: str, rate: float = RATE, alpha: float = 0.5, optimizer: str = "adam") -> dict[str, Slope]:
    return exponents(
        scheme,
        optimizer,
        rate,
        widths=WIDTHS,
        depths=(2,),
        seeds=SEEDS,
        steps=STEPS,
        alpha=alpha,
        architecture="vit",
    )


def over_depth(scheme: str, rate: float = RATE, alpha: float = 0.5, optimizer: str = "adam") -> dict[str, Slope]:
    return exponents(
        scheme,
        optimizer,
        rate,
        widths=(16,),
        depths=DEPTHS,
        seeds=SEEDS,
        steps=STEPS,
        alpha=alpha,
        architecture="vit",
    )


@pytest.mark.parametrize(
    ("scheme", "alpha", "optimizer", "rate"),
    [
        ("mup", 0.5, "adam", RATE),
        ("mup_sqrt_depth", 0.5, "adam", RATE),
        ("mup_alpha", 1.0, "adam", RATE),
        ("mup_sqrt_depth", 0.5, "sgd", 0.1),
    ],
)
def test_over_the_width_updates_stay_as_they_are(scheme: str, alpha: float, optimizer: str, rate: float) -> None:
    """And the function starts as a sum of N terms of random sign over N, N^(-1/2)."""
    assert_exponents(over_width(scheme, rate, alpha, optimizer), STILL | {"function at the start": -0.5})


@pytest.mark.parametrize(
    ("scheme", "alpha", "optimizer", "rate"),
    [
        ("mup_sqrt_depth", 0.5, "adam", RATE),
        ("mup_alpha", 1.0, "adam", RATE),
        ("mup_sqrt_depth", 0.5, "sgd", 0.1),
    ],
)
def test_over_the_depth_each_branch_learns_inversely_and_all_together_as_much(
    scheme: str, alpha: float, optimizer: str, rate: float
) -> None:
    found = over_depth(scheme, rate, alpha, optimizer)
    assert_exponents(found, STILL | {"function at the start": 0.0, "block": -1.0})


def test_over_the_depth_unscaled_branches_make_a_random_walk_and_learn_at_a_rate_of_their_own_each() -> None:
    """Adam moves every branch as much as if it were alone, and all together by L; normalized, the function starts as
    it does at any depth."""
    found = over_depth("mup", rate=1e-3)
    assert_exponents(found, {"function at the start": 0.0, "block": 0.0, "blocks": 1.0})
    for name in ("features at the start", "features", "function"):
        assert math.isfinite(found[name].value)
        assert found[name].value - 2 * found[name].error > SLOPE, name


def test_over_the_width_one_rate_for_all_layers_does_not_do() -> None:
    """Adam moves every weight by the same, so that a hidden layer adds N aligned terms."""
    assert_exponents(over_width("sp", rate=1e-5), {"features": 1.0, "blocks": 1.0, "readout": 1.0})
