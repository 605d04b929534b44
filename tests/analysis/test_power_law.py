import numpy as np
import pytest

from depthtransfer.analysis import AnalysisError, fit_slope


def test_slope_of_a_power_law_and_its_interval():
    x = np.array([8.0, 16.0, 32.0, 64.0])
    exact = fit_slope(x, -3 / x, np.zeros(4))
    assert exact.value == pytest.approx(-1)
    assert exact.low == pytest.approx(exact.high)
    noisy = fit_slope(x, 3 / x, 0.05 * 3 / x)
    assert noisy.low < -1 < noisy.high
    assert noisy.high - noisy.low < 0.2


@pytest.mark.parametrize(
    ("sizes", "values", "errors", "words"),
    [
        ([1.0], [1.0], [0.0], "lists"),
        ([1.0, 2.0], [1.0], [0.0], "lists"),
        ([1.0, 2.0], [1.0, 0.0], [0.1, 0.1], "logarithm"),
        ([1.0, 2.0], [1.0, float("nan")], [0.1, 0.1], "logarithm"),
    ],
)
def test_what_has_no_slope_is_refused(sizes, values, errors, words):
    with pytest.raises(AnalysisError, match=words):
        fit_slope(sizes, values, errors)
