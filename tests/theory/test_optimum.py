import math

import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.descent import march
from depthtransfer.theory.optimum import (
    measured_optimum,
    measured_predictors,
    predicted_losses,
    predicted_optimum,
    stable_rate,
)
from depthtransfer.theory.problem import Branch, Problem

KERNEL = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.2], [0.3, 0.2, 1.0]])
THREE = Problem(KERNEL, [1.0, 0.5, -0.3])


def test_one_datum_and_one_update_meet_the_target_exactly():
    one = Problem.one_datum(1.0)
    found = predicted_optimum(one, depth=4, gamma0=1.3, steps=1)
    kernel = march(one, 4, gamma0=1, eta0=0, steps=0).ntk[0, 0, 0]
    assert found.eta0 == pytest.approx(1 / kernel, rel=1e-6)
    assert found.d_log_eta0_d_gamma0 == pytest.approx(0, abs=1e-5)
    step = 1e-4
    moved = [march(one, 4, gamma0=1, eta0=0, steps=0, branch=Branch(beta=b)).ntk[0, 0, 0] for b in (1 - step, 1 + step)]
    expected = -math.log(moved[1] / moved[0]) / (2 * step)
    assert found.d_log_eta0_d_beta == pytest.approx(expected, rel=1e-4)


def test_derivatives_are_those_of_the_minimiser():
    def best(gamma0=1.0, beta=1.0):
        return math.log(predicted_optimum(THREE, depth=4, gamma0=gamma0, steps=2, branch=Branch(beta=beta)).eta0)

    found = predicted_optimum(THREE, depth=4, gamma0=1.0, steps=2)
    step = 0.01
    assert found.curvature > 0
    by_gamma0 = (best(gamma0=1 + step) - best(gamma0=1 - step)) / (2 * step)
    by_beta = (best(beta=1 + step) - best(beta=1 - step)) / (2 * step)
    assert found.d_log_eta0_d_gamma0 == pytest.approx(by_gamma0, rel=2e-3)
    assert found.d_log_eta0_d_beta == pytest.approx(by_beta, rel=2e-3)


def test_networks_have_the_predicted_optimum():
    found = predicted_optimum(THREE, depth=4, gamma0=1.0, steps=2)
    rates = found.eta0 * np.exp(np.linspace(-0.4, 0.4, 9))
    values = []
    for width in (64, 128):
        predictors = measured_predictors(THREE, 4, width, rates, gamma0=1.0, steps=2, seeds=256)
        values.append(measured_optimum(predictors, rates, THREE, draws=100))
    narrow, wide = values
    extrapolated = 2 * math.log(wide.eta0) - math.log(narrow.eta0)
    error = math.hypot(2 * math.log(wide.high / wide.low), math.log(narrow.high / narrow.low)) / 4
    assert abs(extrapolated - math.log(found.eta0)) < 4 * error + 0.01
    assert wide.low < wide.eta0 < wide.high


@pytest.mark.slow
def test_optimum_of_the_limit_is_approached_like_one_over_depth():
    limit = predicted_optimum(THREE, gamma0=1.0, steps=2)
    errors = [
        abs(math.log(predicted_optimum(THREE, depth=d, gamma0=1.0, steps=2).eta0 / limit.eta0)) for d in (8, 16, 32)
    ]
    assert np.polyfit(np.log([8, 16, 32]), np.log(errors), 1)[0] == pytest.approx(-1, abs=0.15)


def test_losses_at_given_rates_are_those_of_the_march():
    rates = np.array([0.01, 0.05])
    found = predicted_losses(THREE, rates, depth=4, gamma0=1.5, steps=2)
    expected = [march(THREE, 4, gamma0=1.5, eta0=float(r), steps=2).loss[-1] for r in rates]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert stable_rate(Problem.one_datum(1.0), 1.0) == pytest.approx(2 / (3 * math.e))


def test_optimum_beyond_stability_is_refused():
    with pytest.raises(ConfigurationError, match="edge"):
        predicted_optimum(Problem(KERNEL, [1.0, -1.0, 0.5]), depth=4, gamma0=0.1, steps=2)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="lazy"):
        predicted_optimum(THREE, depth=4, gamma0=0.0, steps=2)
    with pytest.raises(ConfigurationError, match="one update"):
        predicted_optimum(THREE, depth=4, gamma0=1.0, steps=0)
    with pytest.raises(ConfigurationError, match="increasing"):
        measured_optimum(np.zeros((4, 2, 3)), np.array([0.1, 0.2]), THREE)
