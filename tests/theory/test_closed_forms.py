"""Constant kernels and a single update against plain iteration and the exact march."""

import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.closed_forms import lazy_descent, lazy_flow, one_step_kernel
from depthtransfer.theory.descent import march
from depthtransfer.theory.extrapolation import depth_weights, to_infinite_depth
from depthtransfer.theory.problem import Branch, Problem

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


ONE = Problem.one_datum(1.0)


def test_error_of_finite_depth_has_slope_minus_one():
    tau = np.linspace(0, 1, 5)
    exact = one_step_kernel(tau, gamma0=1.0, eta0=0.1)
    depths = np.array([16, 32, 64, 128])
    errors = []
    for depth in depths:
        found = march(ONE, int(depth), gamma0=1, eta0=0.1, steps=1)
        errors.append(np.abs([found.H_at(x)[1, 0, 0] for x in tau] - exact).max())
    assert np.isfinite(errors).all()
    assert np.polyfit(np.log(depths), np.log(errors), 1)[0] == pytest.approx(-1, abs=0.05)


@pytest.mark.parametrize(
    ("branch", "ends"),
    [
        (Branch(), True),
        (Branch(beta=1.3), True),
        (Branch(alpha=1.0, beta=0.8), True),
        (Branch(beta=1.3), False),
    ],
)
def test_closed_form_after_one_step(branch, ends):
    depths = (16, 32, 64, 128)
    tau = [0.0, 0.5, 1.0]
    values = []
    for depth in depths:
        found = march(ONE, depth, gamma0=1.2, eta0=0.05, steps=1, branch=branch, train_read_in=ends, train_readout=ends)
        values.append([found.H_at(x)[1, 0, 0] for x in tau])
    exact = one_step_kernel(tau, gamma0=1.2, eta0=0.05, branch=branch, train_ends=ends)
    np.testing.assert_allclose(to_infinite_depth(values, depths), exact, rtol=1e-4)


def test_a_single_depth_is_not_extrapolated():
    with pytest.raises(ConfigurationError, match="two different"):
        depth_weights([8])
