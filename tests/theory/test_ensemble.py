import jax
import jax.numpy as jnp
import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.activations import activation
from depthtransfer.theory.descent import march
from depthtransfer.theory.ensemble import initial_weights, simulate
from depthtransfer.theory.initial import layer_kernels
from depthtransfer.theory.problem import Branch, Problem

ONE = Problem.one_datum(1.0)
PAIR = Problem([[1.0, 0.3], [0.3, 1.2]], [1.0, -0.5], [1.0, 0.7])


def dense_descent(start, problem, phi, gamma0, rate, steps, branch):
    """Plain gradient descent of dense weights by automatic differentiation; trained ends."""
    depth, width = start.blocks.shape[0], start.blocks.shape[1]
    function = activation(phi)
    noise, speed = branch.noise(depth), branch.learning(depth) / branch.noise(depth)
    values, vectors = np.linalg.eigh(problem.kernel)
    inputs = jnp.asarray(vectors * np.sqrt(values))

    def predict(weights):
        first, blocks, readout = weights
        h = inputs @ first
        for weight in blocks:
            h = h + jnp.sqrt(noise / width) * function.value(h) @ weight.T
        return function.value(h) @ readout / (gamma0 * width)

    def loss(weights):
        return 0.5 * jnp.sum(jnp.asarray(problem.weights) * (jnp.asarray(problem.targets) - predict(weights)) ** 2)

    weights = (jnp.linalg.solve(inputs, start.first), start.blocks, start.readout)
    speeds = (1.0, speed, 1.0)
    out = [predict(weights)]
    for _ in range(steps):
        slopes = jax.grad(loss)(weights)
        weights = tuple(w - rate * gamma0**2 * width * k * s for w, s, k in zip(weights, slopes, speeds, strict=True))
        out.append(predict(weights))
    return np.stack(out)


@pytest.mark.parametrize(("phi", "alpha"), [("linear", 0.5), ("relu", 1.0), ("tanh", 0.7), ("abs", 0.5), ("erf", 0.5)])
def test_rank_one_updates_are_dense_gradient_descent(phi, alpha):
    branch = Branch(beta=1.3, alpha=alpha)
    found = simulate(PAIR, 3, 24, gamma0=1.5, eta0=0.05, steps=4, seeds=2, phi=phi, branch=branch, antithetic=False)
    for seed in range(2):
        start = initial_weights(jax.random.key(seed), jnp.asarray(PAIR.kernel), 3, 24)
        expected = dense_descent(start, PAIR, phi, 1.5, 0.05, 4, branch)
        np.testing.assert_allclose(found.f[seed, 0, 0], expected, rtol=1e-10, atol=1e-12)


def test_readout_pair_is_the_network_with_the_opposite_readout():
    found = simulate(PAIR, 3, 16, gamma0=[0.5, 1.0], eta0=0.03, steps=2, seeds=2)
    np.testing.assert_allclose(found.f[:, :, 0, 0], -found.f[:, :, 1, 0], rtol=1e-12)
    np.testing.assert_allclose(found.f[:, 0, :, 0] * 0.5, found.f[:, 1, :, 0], rtol=1e-12)


def test_single_precision_takes_the_same_steps():
    start = initial_weights(jax.random.key(0), jnp.asarray(PAIR.kernel, jnp.float32), 3, 16)
    assert start.blocks.dtype == jnp.float32
    found = simulate(ONE, 3, 16, gamma0=1, eta0=0.03, steps=2, seeds=1, dtype=np.float32)
    assert np.isfinite(found.f).all()


@pytest.mark.parametrize("phi", ["linear", "relu"])
def test_initial_kernels_agree_with_the_recursion(phi):
    found = simulate(PAIR, 6, 128, gamma0=1, eta0=0, steps=0, seeds=200, phi=phi, antithetic=False)
    expected = layer_kernels(PAIR, 6, phi)
    for simulated, exact in ((found.ntk[:, 0, 0, 0], expected.ntk), (found.H[:, 0, 0, 0], expected.H)):
        deviation = simulated.std(axis=0) / np.sqrt(200)
        assert (np.abs(simulated.mean(axis=0) - exact) < 4 * deviation).all()


def agreement(phi_problem, widths, seeds, depth, steps, strengths, rate):
    """Bias of the predictor at every step against the exact march, with standard errors: (width, gamma0, T, P)."""
    bias, error = [], []
    exact = np.stack([march(phi_problem, depth, gamma0=g, eta0=rate, steps=steps).f for g in strengths])
    for width, count in zip(widths, seeds, strict=True):
        f = simulate(phi_problem, depth, width, gamma0=strengths, eta0=rate, steps=steps, seeds=count).over_pairs().f
        bias.append(f.mean(axis=0) - exact)
        error.append(f.std(axis=0, ddof=1) / np.sqrt(count))
    return np.array(bias), np.array(error)


@pytest.mark.parametrize("problem", [pytest.param(ONE, id="one"), pytest.param(PAIR, id="two", marks=pytest.mark.slow)])
def test_networks_approach_the_march_like_one_over_width(problem):
    widths, strengths = np.array([32, 64, 128]), [0.2, 1.0, 2.0]
    bias, error = agreement(problem, widths, (1024, 512, 512), 8, 10, strengths, 0.02)
    assert np.isfinite(bias).all()
    scaled, weight = (
        bias * widths[:, None, None, None],
        1 / (error * widths[:, None, None, None])[:, :, 1:] ** 2,
    )
    common = (scaled[:, :, 1:] * weight).sum(axis=0) / weight.sum(axis=0)
    rest = (bias[:, :, 1:] - common / widths[:, None, None, None]) / error[:, :, 1:]
    assert np.abs(rest).max() < 4
    size = np.abs(bias[:, :, 6:, 0]).mean(axis=-1)
    for column in size.T:
        assert np.polyfit(np.log(widths), np.log(column), 1)[0] == pytest.approx(-1, abs=0.3)


def test_networks_refute_the_theory_without_responses():
    found = simulate(ONE, 8, 128, gamma0=1.0, eta0=0.02, steps=10, seeds=64).over_pairs().f[:, 0, 10, 0]
    deviation = found.std(ddof=1) / 8
    complete = march(ONE, 8, gamma0=1, eta0=0.02, steps=10).f[10, 0]
    mutilated = march(ONE, 8, gamma0=1, eta0=0.02, steps=10, responses=False).f[10, 0]
    allowed = 4 * deviation + 2 / 128
    assert abs(found.mean() - complete) < allowed
    assert abs(found.mean() - mutilated) > 4 * allowed


@pytest.mark.parametrize(
    ("options", "words"),
    [({"seeds": 0}, "at least 1"), ({"gamma0": 0.0}, "above 0"), ({"memory_limit": 10}, "GiB")],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        simulate(ONE, 2, 8, **{"gamma0": 1.0, "eta0": 0.1, "steps": 1, "seeds": 1, **options})
