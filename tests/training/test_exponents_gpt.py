"""The GPT: measured exponents of activations and of their updates, over width and over depth, with Adam."""

import pytest

from .coordinates import UPDATES, Slope, assert_exponents, exponents

SEEDS, STEPS, RATE = 6, 2, 0.01
STILL = dict.fromkeys(("features at the start", *UPDATES), 0.0)


def measured(scheme: str, *, widths: tuple[int, ...], depths: tuple[int, ...], gamma: float = 0.5) -> dict[str, Slope]:
    return exponents(
        scheme,
        "adam",
        RATE,
        widths=widths,
        depths=depths,
        seeds=SEEDS,
        steps=STEPS,
        gamma=gamma,
        architecture="gpt",
    )


def test_over_the_width_updates_stay_as_they_are() -> None:
    """And the function starts as a sum of N terms of random sign over N, N^(-1/2)."""
    found = measured("depth_pair", widths=(128, 512), depths=(2,))
    assert_exponents(found, STILL | {"function at the start": -0.5})


@pytest.mark.parametrize("scheme", ["mup_sqrt_depth", "depth_pair"])
def test_over_the_depth_each_branch_learns_inversely_and_all_together_as_much(scheme: str) -> None:
    found = measured(scheme, widths=(16,), depths=(4, 8, 32))
    assert_exponents(found, STILL | {"function at the start": 0.0, "block": -1.0})
