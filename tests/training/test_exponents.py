"""The residual CNN: measured exponents of activations and of their updates against the predicted ones.

Predictions: paper A, Section 3 and Appendix C (facts: stable and maximal updates); the reasoning for each row stands
beside it. The learning rates are small enough for the updates to be proportional to them.
"""

import math

import pytest
from tests.tolerances import SLOPE

from .coordinates import UPDATES, Slope, assert_exponents, exponents, sizes_of

WIDTHS, DEPTHS, SEEDS, STEPS = (32, 128), (6, 12, 24), 10, 2
RATE = {"sgd": 0.1, "adam": 0.01}
TRANSFERABLE = [(s, a, o) for s, a in (("mup_sqrt_depth", 0.5), ("mup_alpha", 1.0)) for o in ("sgd", "adam")]


def over_width(scheme: str, optimizer: str, rate: float, alpha: float = 0.5) -> dict[str, Slope]:
    return exponents(scheme, optimizer, rate, widths=WIDTHS, depths=(3,), seeds=SEEDS, steps=STEPS, alpha=alpha)


def over_depth(scheme: str, optimizer: str, rate: float, alpha: float = 0.5) -> dict[str, Slope]:
    return exponents(scheme, optimizer, rate, widths=(16,), depths=DEPTHS, seeds=SEEDS, steps=STEPS, alpha=alpha)


@pytest.mark.parametrize(("scheme", "alpha", "optimizer"), TRANSFERABLE)
def test_over_the_width_updates_stay_as_they_are(scheme: str, alpha: float, optimizer: str) -> None:
    """And the function starts as a sum of N terms of random sign over N, N^(-1/2)."""
    expected = dict.fromkeys(UPDATES, 0.0) | {"features at the start": 0.0, "function at the start": -0.5}
    assert_exponents(over_width(scheme, optimizer, RATE[optimizer], alpha), expected)


@pytest.mark.parametrize(("scheme", "alpha", "optimizer"), TRANSFERABLE)
def test_over_the_depth_each_block_learns_inversely_and_all_together_as_much(
    scheme: str, alpha: float, optimizer: str
) -> None:
    expected = dict.fromkeys(UPDATES, 0.0) | {"features at the start": 0.0, "function at the start": 0.0, "block": -1.0}
    assert_exponents(over_depth(scheme, optimizer, RATE[optimizer], alpha), expected)


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.01), ("adam", 0.001)])
def test_over_the_width_mup_alone_suffices(optimizer: str, rate: float) -> None:
    expected = dict.fromkeys(UPDATES, 0.0) | {"features at the start": 0.0, "function at the start": -0.5}
    assert_exponents(over_width("mup", optimizer, rate), expected)


@pytest.mark.parametrize(("scheme", "optimizer"), [("mup", "sgd"), ("mup", "adam"), ("sp", "sgd"), ("sp", "adam")])
def test_over_the_depth_unscaled_branches_blow_up(scheme: str, optimizer: str) -> None:
    """Activations grow exponentially in depth and their updates with them: no power law, but far from constant."""
    found = exponents(scheme, optimizer, 1e-5, widths=(16,), depths=(3, 6, 12, 24), seeds=5, steps=STEPS)
    for name in ("features at the start", "function at the start", "features", "function", "blocks"):
        assert math.isfinite(found[name].value)
        assert found[name].value - 2 * found[name].error > 3 * SLOPE, name


@pytest.mark.parametrize(
    ("scheme", "optimizer", "expected"),
    [
        # One rate for all layers. The gradient of f reaching the features is N^(-1/2) per unit. SGD: the stem moves
        # by that; a hidden layer adds N terms, N * N^(-1/2); through the readout's N^(-1/2) weights, N of them
        # aligned, and through the change of the readout itself, f moves by N.
        ("sp", "sgd", {"stem": -0.5, "transition": 0.5, "features": 0.5, "blocks": 0.5, "function": 1, "readout": 1}),
        # Adam: every weight moves by eta; a hidden layer adds N aligned terms, the readout N^(1/2) times more.
        ("sp", "adam", {"stem": 0, "transition": 1, "features": 1, "blocks": 1, "function": 1.5, "readout": 1}),
        # Neural tangent parametrization with SGD is lazy: features move by N^(-1/2), the function by order one.
        (
            "ntp",
            "sgd",
            {"stem": -0.5, "transition": -0.5, "features": -0.5, "blocks": -0.5, "function": 0, "readout": 0},
        ),
    ],
)
def test_over_the_width_standard_and_tangent_parametrization_do_not_learn_alike(
    scheme: str, optimizer: str, expected: dict[str, float]
) -> None:
    found = over_width(scheme, optimizer, {"sp": 1e-5, "ntp": 1e-2}[scheme])
    assert_exponents(found, expected | {"features at the start": 0.0, "function at the start": 0.0})


@pytest.mark.parametrize(
    ("architecture", "optimizer", "rate", "width", "depth"),
    [
        ("cnn", "sgd", 0.1, 32, 3),
        ("cnn", "adam", 0.01, 32, 3),
        ("resnet18_bn", "sgd", 0.004, 32, 4),
        ("vit", "adam", 0.01, 128, 4),
    ],
)
def test_updates_are_neither_noise_nor_saturation(
    architecture: str, optimizer: str, rate: float, width: int, depth: int
) -> None:
    """Half the rate, half the update, to 20%; and updates are small beside what they change."""
    whole, half = (
        sizes_of(architecture, "mup_sqrt_depth", 0.5, 0.5, optimizer, each, width, depth, 0, STEPS)
        for each in (rate, rate / 2)
    )
    for name in UPDATES:
        assert whole[name] / half[name] == pytest.approx(2.0, rel=0.2), name
    assert 1e-3 < whole["features"] / whole["features at the start"] < 0.2
