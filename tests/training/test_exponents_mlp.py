"""The residual MLP: measured exponents of its updates over width and depth, for pairs (alpha, gamma) of paper B.

Of L blocks each adds L^-(alpha + gamma) by what it has learned, whatever the optimizer: all together L^(1 - alpha -
gamma), which stays only on the line alpha + gamma = 1, explodes below it and vanishes above (paper B, section 4).
"""

from typing import Any

import pytest
from tests.tolerances import SLOPE

from .coordinates import Slope, assert_exponents, exponents

WIDTHS, DEPTHS, SEEDS, STEPS = (64, 256), (8, 32, 128), 6, 2
RATES = {"adam": 0.02, "sgd": 0.1}
MOVED = ("stem", "features", "function", "readout")


def found(optimizer: str, alpha: float, gamma: float, **changes: Any) -> dict[str, Slope]:
    sizes: dict[str, Any] = {
        "widths": (64,),
        "depths": DEPTHS,
        "seeds": SEEDS,
        "steps": STEPS,
        "rate": RATES[optimizer],
    }
    return exponents(
        "depth_pair", optimizer, **sizes | {"alpha": alpha, "gamma": gamma, "architecture": "mlp"} | changes
    )


@pytest.mark.parametrize("optimizer", RATES)
@pytest.mark.parametrize(("alpha", "gamma"), [(0.5, 0.5), (1.0, 0.0)])
def test_over_the_width_updates_stay_as_they_are(optimizer: str, alpha: float, gamma: float) -> None:
    slopes = found(optimizer, alpha, gamma, widths=WIDTHS, depths=(4,))
    assert_exponents(slopes, dict.fromkeys((*MOVED, "block", "features at the start"), 0.0))


@pytest.mark.parametrize("optimizer", RATES)
@pytest.mark.parametrize(
    ("alpha", "gamma", "options"),
    [
        (0.5, 0.5, {}),
        (1.0, 0.0, {}),
        (0.75, 0.25, {}),
        (0.5, 0.5, {"activation": "abs", "normalization": "layer_norm"}),
        (0.5, 0.5, {"nonlinearity": "pre"}),
    ],
)
def test_on_the_line_all_blocks_together_learn_as_much_at_every_depth(
    optimizer: str, alpha: float, gamma: float, options: dict[str, Any]
) -> None:
    slopes = found(optimizer, alpha, gamma, options=options)
    expected = {"block": -1.0, "blocks": 0.0, "features at the start": 0.0}
    assert_exponents(slopes, expected | ({} if alpha > 0.5 else dict.fromkeys(MOVED, 0.0)))


@pytest.mark.parametrize("optimizer", RATES)
@pytest.mark.parametrize(("alpha", "gamma"), [(0.5, 0.0), (0.75, 0.0), (0.5, 1.0), (1.0, 0.5)])
def test_off_the_line_updates_explode_or_vanish_with_depth(optimizer: str, alpha: float, gamma: float) -> None:
    slopes = found(optimizer, alpha, gamma, rate=RATES[optimizer] / 64)
    assert_exponents(slopes, {"block": -alpha - gamma, "blocks": 1.0 - alpha - gamma})


@pytest.mark.parametrize("alpha", [0.0, 0.25])
def test_with_alpha_below_a_half_features_explode_before_training(alpha: float) -> None:
    """Their variance grows as exp(L^(1 - 2 alpha)), faster than any power; where it stays the exponent is zero."""
    assert found("sgd", alpha, 1.0 - alpha)["features at the start"].value > 2 * SLOPE
