import numpy as np
import pytest
from depthtransfer.theory.universal import _solve, linear_flow

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory import chebyshev
from depthtransfer.theory.closed_forms import one_step_kernel
from depthtransfer.theory.descent import march
from depthtransfer.theory.extrapolation import depth_weights, to_infinite_depth
from depthtransfer.theory.problem import Branch, Problem

ONE = Problem.one_datum(1.0)


@pytest.mark.parametrize(
    ("gamma0", "ntk", "middle"),
    [
        (0.1, 0.006466, 0.003350),
        (0.2, 0.02583, 0.01334),
        (0.5, 0.1597, 0.0808),
        (1, 0.611, 0.291),
        (2, 2.12, 0.874),
    ],
)
def test_table_of_kernel_changes(gamma0, ntk, middle):
    found = linear_flow(gamma0=gamma0, eta0=1, target=1, times=[0, 0.4])
    h = found.H(0.5)[0]
    assert found.ntk[1] / found.ntk[0] - 1 == pytest.approx(ntk, rel=2e-3)
    assert h[1, 1] / h[0, 0] - 1 == pytest.approx(middle, rel=2e-3)


def test_predictor_fixture():
    found = [linear_flow(gamma0=g, eta0=0.5, target=1, times=0.4).f[0] for g in (0.2, 1, 2)]
    exact = [0.807004, 0.865392, 0.964007]
    np.testing.assert_allclose(found, exact, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_power_series(alpha):
    found = _solve(0.02, Branch(alpha=alpha), True, 24)
    assert found is not None
    kappa = 0.02 * chebyshev.nodes(24)
    if alpha == 0.5:
        x = np.e * kappa**2
        expected = np.e * (
            3 + 154 / 3 * x + 414131 / 1080 * x**2 + 195631501 / 85050 * x**3 + 471264478648937 / 37721376000 * x**4
        )
    else:
        x = kappa**2
        expected = 3 + 76 / 3 * x + 39469 / 360 * x**2 + 616654 / 1575 * x**3
    np.testing.assert_allclose(found.K, expected, rtol=1e-9)


def test_identities():
    found = _solve(0.2, Branch(), True, 40)
    assert found is not None
    assert found.spread < 1e-12
    weights = chebyshev.integration(len(found.H))[-1]
    equal = np.diagonal(found.H, axis1=1, axis2=2)
    np.testing.assert_allclose(found.K, 2 * equal[-1] + weights @ (equal * equal[::-1]), rtol=1e-12)
    total = 0.2 * chebyshev.integration(40)
    np.testing.assert_allclose(total @ found.K, found.F, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(equal[0], 1 + 2 * total @ found.F, rtol=1e-8)


def test_refined_solution_differs_by_less_than_a_millionth():
    for gamma0 in (0.5, 2.0, 5.0):
        plain = linear_flow(gamma0=gamma0, eta0=1, target=1, times=[0.05, 0.2, 0.4])
        fine = _solve(plain.universal.end, Branch(), True, 64)
        assert fine is not None
        place = plain.kappa / fine.end
        values = chebyshev.interpolation(64, place) @ fine.F / gamma0
        np.testing.assert_allclose(plain.f, values, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        ({}, 2e-4),
        ({"branch": Branch(alpha=1.0)}, 1e-4),
        ({"branch": Branch(beta=1.5)}, 1.5e-3),
        ({"ends": False}, 3e-4),
    ],
)
def test_limit_of_small_steps_and_many_layers(options, tolerance):
    ends = options.get("ends", True)
    branch = options.get("branch", Branch())
    rate = 0.4 if branch.beta == 1 else 0.08
    depths, updates = (8, 16, 32), (6, 12, 24)
    by_step = []
    for count in updates:
        values = [
            march(
                ONE, depth, gamma0=1, eta0=rate, step=0.5 / count, steps=count, branch=branch,
                train_read_in=ends, train_readout=ends,
            ).f[-1, 0]
            for depth in depths
        ]  # fmt: skip
        by_step.append(to_infinite_depth(values, depths))
    extrapolated = to_infinite_depth(by_step, updates)
    found = linear_flow(gamma0=1, eta0=rate, target=1, times=0.5, branch=branch, train_ends=ends)
    assert extrapolated == pytest.approx(found.f[0], abs=tolerance)


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


def test_small_residual_keeps_its_digits():
    found = linear_flow(gamma0=1, eta0=1, target=1, times=[2.0, 2.5])
    final = linear_flow(gamma0=1, eta0=1, target=1, times=[30.0]).ntk[0]
    assert found.residual[0] > 0
    assert np.log(found.residual[0] / found.residual[1]) / 0.5 == pytest.approx(final, rel=1e-6)


def test_sign_order_and_scaling_of_times():
    one = linear_flow(gamma0=1, eta0=0.1, target=-2, times=[4.0, 0.5])
    other = linear_flow(gamma0=1, eta0=0.2, target=2, times=[0.25, 2.0])
    np.testing.assert_allclose(one.f, -other.f[::-1], rtol=1e-9)
    assert linear_flow(gamma0=1, eta0=0.1, target=0.0, times=[1.0]).f[0] == 0.0


def test_small_gamma0_is_the_lazy_exponential():
    found = linear_flow(gamma0=1e-3, eta0=0.1, target=1, times=[1.0, 2.0])
    np.testing.assert_allclose(found.f, -np.expm1(-0.3 * np.e * np.array([1.0, 2.0])), rtol=1e-5)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="theory lazy"):
        linear_flow(gamma0=0, eta0=1, target=1, times=[1.0])
    with pytest.raises(ConfigurationError, match="times"):
        linear_flow(gamma0=1, eta0=1, target=1, times=[-1.0])
    with pytest.raises(ConfigurationError, match="beyond"):
        linear_flow(gamma0=1e4, eta0=1, target=1, times=[1.0])
    with pytest.raises(ConfigurationError, match="two different"):
        depth_weights([8])
