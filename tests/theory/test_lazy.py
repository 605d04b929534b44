import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.closed_forms import lazy_descent, lazy_flow
from depthtransfer.theory.problem import Problem

KERNEL = np.array([[2.0, 0.5, 0.1], [0.5, 1.5, -0.2], [0.1, -0.2, 3.0]])


def problem(weights=None):
    return Problem(np.eye(3), [1.0, -2.0, 0.5], weights)


def test_one_datum_decays_exponentially():
    found = lazy_flow(Problem.one_datum(2.0), np.array([[3.0]]), 0.1, [0.0, 1.0, 5.0])
    np.testing.assert_allclose(found[:, 0], 2 * np.exp(-0.3 * np.array([0, 1, 5.0])), rtol=1e-13)


@pytest.mark.parametrize("weights", [None, [0.2, 0.5, 0.3], [1.0, 0.0, 2.0]])
def test_descent_is_the_plain_iteration_and_tends_to_the_flow(weights):
    p = problem(weights)
    residual = p.targets.copy()
    for _ in range(7):
        residual = residual - 0.05 * KERNEL @ (p.weights * residual)
    np.testing.assert_allclose(lazy_descent(p, KERNEL, 0.1, 0.5, 7)[-1], residual, rtol=1e-12)
    fine = lazy_descent(p, KERNEL, 0.1, 1e-4, 10_000)[-1]
    np.testing.assert_allclose(fine, lazy_flow(p, KERNEL, 0.1, [1.0])[0], rtol=1e-4)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="times"):
        lazy_flow(problem(), KERNEL, 0.1, [-1.0])
    with pytest.raises(ConfigurationError, match="shape"):
        lazy_flow(problem(), KERNEL[:2, :2], 0.1, [1.0])
    with pytest.raises(ConfigurationError, match="learning rate"):
        lazy_flow(problem(), KERNEL, -0.1, [1.0])
