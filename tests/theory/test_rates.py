import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.one_step import one_step_kernel
from depthtransfer.theory.problem import Problem
from depthtransfer.theory.rates import depth_rows, fit_slope, width_rows

ONE = Problem.one_datum(1.0)


def test_slope_of_a_power_law_and_its_interval():
    x = np.array([8.0, 16.0, 32.0, 64.0])
    exact = fit_slope(x, -3 / x, np.zeros(4))
    assert exact.value == pytest.approx(-1)
    assert exact.low == pytest.approx(exact.high)
    noisy = fit_slope(x, 3 / x, 0.05 * 3 / x)
    assert noisy.low < -1 < noisy.high
    assert noisy.high - noisy.low < 0.2


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="lists"):
        fit_slope([1.0], [1.0], [0.0])
    with pytest.raises(ConfigurationError, match="logarithm"):
        fit_slope([1.0, 2.0], [1.0, 0.0], [0.1, 0.1])
    with pytest.raises(ConfigurationError, match="each width"):
        width_rows(ONE, widths=(8, 16), depths=(2,), seeds=(4,), gamma0=(1.0,), eta0=1.0, step=0.02, steps=1)


def test_bias_and_variance_fall_like_one_over_width():
    rows = width_rows(
        ONE,
        widths=(32, 64, 128),
        depths=(4,),
        seeds=(512, 512, 512),
        gamma0=(0.5,),
        eta0=1.0,
        step=0.03,
        steps=5,
    )
    assert len(rows) == 9
    for quantity in ("f", "H_mid", "ntk"):
        chosen = [r for r in rows if r["quantity"] == quantity]
        widths = [r["width"] for r in chosen]
        found = fit_slope(widths, [r["variance"] for r in chosen], [r["variance_error"] for r in chosen])
        assert found.low - 0.05 < -1 < found.high + 0.05
    chosen = [r for r in rows if r["quantity"] == "f"]
    found = fit_slope(widths, [r["bias"] for r in chosen], [r["bias_error"] for r in chosen])
    assert found.low - 0.1 < -1 < found.high + 0.1


def test_depth_error_after_one_step_has_slope_minus_one():
    limit = {
        "f": 3 * np.e * 0.05,
        "H_mid": float(one_step_kernel(0.5, gamma0=1.0, eta0=0.05)),
        "ntk": 1.0,
    }
    rows = depth_rows(ONE, limit, depths=(16, 32, 64), gamma0=1.0, eta0=1.0, step=0.05, steps=1)
    for quantity in ("f", "H_mid"):
        bias = [r["bias"] for r in rows if r["quantity"] == quantity]
        assert fit_slope([16, 32, 64], bias, np.zeros(3)).value == pytest.approx(-1, abs=0.05)
