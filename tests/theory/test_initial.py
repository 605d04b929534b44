import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.activations import ACTIVATIONS, activation
from depthtransfer.theory.initial import layer_kernels, limit_kernels
from depthtransfer.theory.problem import Branch, Problem

ONE = Problem.one_datum(1.0)
PAIR = Problem([[1.0, 0.3], [0.3, 1.0]], [1.0, -0.5])


def average_on_circle(phi, a, b, rho, count=200_001):
    """<phi(x) phi(y)> of a function with phi(c x) = c phi(x) for c > 0, by the trapezoidal rule in the angle."""
    angle = np.linspace(0, 2 * np.pi, count)
    x, y = np.cos(angle), rho * np.cos(angle) + np.sqrt(1 - rho**2) * np.sin(angle)
    return 2 * a * b * np.mean((phi(x) * phi(y))[:-1])


def average_on_grid(phi, a, b, rho, nodes=100):
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    x, z = np.meshgrid(points, points)
    w = np.outer(weights, weights) / weights.sum() ** 2
    return np.sum(w * phi(a * x) * phi(b * (rho * x + np.sqrt(1 - rho**2) * z)))


@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.4, 0.95])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_gaussian_averages_agree_with_direct_integration(name, rho):
    a, b = 1.2, 0.7
    phi = activation(name)
    covariance = np.array([[a * a, rho * a * b], [rho * a * b, b * b]])
    value, slope = (np.asarray(m) for m in phi.moments(covariance))
    integrate = average_on_circle if name in ("linear", "relu", "abs") else average_on_grid
    assert value[0, 1] == pytest.approx(integrate(lambda x: np.asarray(phi.value(x)), a, b, rho), abs=1e-8)
    if name in ("erf", "tanh"):
        direct = average_on_grid(lambda x: np.asarray(phi.slope(x)), a, b, rho)
    else:
        direct = average_on_circle(lambda x: np.asarray(phi.slope(x)), 1, 1, rho) / 2
    assert slope[0, 1] == pytest.approx(direct, abs=2e-5)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


def test_linear_kernels_at_infinite_depth_are_exponentials():
    found = limit_kernels(ONE, "linear")
    np.testing.assert_allclose(found.H[:, 0, 0], np.exp(found.tau), rtol=1e-9)
    np.testing.assert_allclose(found.G[:, 0, 0], np.exp(1 - found.tau), rtol=1e-9)
    assert found.ntk[0, 0] == pytest.approx(3 * np.e, rel=1e-9)
    frozen = limit_kernels(ONE, "linear", train_read_in=False, train_readout=False)
    assert frozen.ntk[0, 0] == pytest.approx(np.e, rel=1e-9)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_beta_only_stretches_layer_time(beta):
    found = limit_kernels(ONE, "linear", Branch(beta=beta))
    np.testing.assert_allclose(found.H[:, 0, 0], np.exp(beta**2 * found.tau), rtol=1e-9)
    assert found.ntk[0, 0] == pytest.approx((2 + beta**2) * np.exp(beta**2), rel=1e-9)


def test_relu_kernels_at_infinite_depth():
    found = limit_kernels(PAIR, "relu")
    assert found.ntk[0, 0] == pytest.approx(1.25 * np.exp(0.5), rel=1e-9)
    assert found.ntk[0, 1] == pytest.approx(0.686478, abs=1e-6)
    assert found.H[-1, 0, 1] == pytest.approx(0.631372, abs=1e-6)
    np.testing.assert_allclose(found.H[:, 0, 0], np.exp(found.tau / 2), rtol=1e-9)
    np.testing.assert_allclose(found.G[:, 0, 0], 0.5 * np.exp((1 - found.tau) / 2), rtol=1e-9)


def test_finite_depth_closed_form_and_table():
    for depth in (1, 8, 32):
        found = layer_kernels(ONE, depth, "linear")
        growth = 1 + 1 / depth
        assert found.ntk[0, 0] == pytest.approx(2 * growth**depth + growth ** (depth - 1), rel=1e-13)
    limit = limit_kernels(PAIR, "relu").ntk
    errors = [depth * (layer_kernels(PAIR, depth, "relu").ntk - limit)[0, 0] for depth in (8, 32, 64, 128)]
    np.testing.assert_allclose(errors, [-0.437, -0.457, -0.460, -0.462], atol=1e-3)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_error_of_finite_depth_has_slope_minus_one(name, alpha):
    branch = Branch(beta=1.2, alpha=alpha)
    limit = limit_kernels(PAIR, name, branch, tau=np.array([0.0, 0.5, 1.0]))
    depths = np.array([32, 64, 128])
    for pick in ("H", "ntk"):
        errors = []
        for depth in depths:
            found = layer_kernels(PAIR, int(depth), name, branch)
            pair = (found.ntk, limit.ntk) if pick == "ntk" else (found.at(0.5), limit.at(0.5))
            errors.append(np.abs(pair[0] - pair[1]).max())
        assert np.isfinite(errors).all()
        assert np.polyfit(np.log(depths), np.log(errors), 1)[0] == pytest.approx(-1, abs=0.06)


def test_large_alpha_freezes_kernels_and_between_stays_at_its_limit():
    found = limit_kernels(PAIR, "relu", Branch(alpha=0.8))
    np.testing.assert_allclose(found.H, np.broadcast_to(PAIR.kernel, found.H.shape), rtol=1e-12)
    assert limit_kernels(ONE, "linear", Branch(alpha=1.0)).ntk[0, 0] == pytest.approx(3.0)


def test_exponents_agree_at_depth_one():
    half, one = (layer_kernels(PAIR, 1, "relu", Branch(alpha=a)) for a in (0.5, 1.0))
    np.testing.assert_array_equal(half.ntk, one.ntk)


def test_permuting_data_permutes_kernels():
    kernel = np.array([[1.0, 0.3, -0.2], [0.3, 0.8, 0.1], [-0.2, 0.1, 1.5]])
    order = [2, 0, 1]
    for name in ("relu", "erf"):
        plain = limit_kernels(Problem(kernel, [1, 2, 3]), name)
        moved = limit_kernels(Problem(kernel[np.ix_(order, order)], [3, 1, 2]), name)
        np.testing.assert_allclose(moved.ntk, plain.ntk[np.ix_(order, order)], rtol=1e-9)


@pytest.mark.parametrize(
    ("kernel", "targets", "words"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], [1, 2], "negative eigenvalue"),
        ([[1.0, 0.2], [0.3, 1.0]], [1, 2], "not symmetric"),
        ([[1.0]], [1, 2], "shape"),
        ([[0.0]], [1], "diagonal"),
        ([[np.nan]], [1], "not finite"),
    ],
)
def test_data_that_are_no_kernel_are_refused(kernel, targets, words):
    with pytest.raises(ConfigurationError, match=words):
        Problem(kernel, targets)


def test_other_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="at least 1/2"):
        limit_kernels(ONE, "linear", Branch(alpha=0.3))
    with pytest.raises(ConfigurationError, match="choose one of"):
        layer_kernels(ONE, 3, "gelu")
    with pytest.raises(ConfigurationError, match="at least one"):
        layer_kernels(ONE, 0)
    with pytest.raises(ConfigurationError, match="beta"):
        Branch(beta=0.0)
