import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.descent import march
from depthtransfer.theory.ensemble import simulate
from depthtransfer.theory.initial import layer_kernels, limit_kernels
from depthtransfer.theory.problem import Branch, Problem
from depthtransfer.theory.sampled import sample

ONE = Problem.one_datum(1.0)
PAIR = Problem([[1.0, 0.3], [0.3, 1.2]], [1.0, -0.5], [1.0, 0.7])


@pytest.mark.parametrize(
    "options", [{}, {"branch": Branch(beta=1.2, alpha=0.8)}, {"train_read_in": False, "train_readout": False}]
)
def test_linear_networks_are_exact_for_any_number_of_samples(options):
    exact = march(PAIR, 4, gamma0=1.5, eta0=0.04, steps=6, **options)
    found = sample(PAIR, 4, phi="linear", gamma0=1.5, eta0=0.04, steps=6, samples=256, replicas=1, **options)
    for name in ("f", "ntk", "H", "G"):
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=1e-5, atol=1e-6)


def test_march_and_sampling_agree_on_what_the_responses_are_worth():
    exact = march(ONE, 4, gamma0=1.0, eta0=0.04, steps=6, responses=False)
    found = sample(ONE, 4, phi="linear", gamma0=1.0, eta0=0.04, steps=6, samples=256, replicas=1, responses=False)
    np.testing.assert_allclose(found.H[:, -1], exact.H[:, -1], rtol=0.05)
    complete = march(ONE, 4, gamma0=1.0, eta0=0.04, steps=6)
    assert np.abs(exact.f - complete.f).max() > 0.05


@pytest.mark.parametrize("phi", ["relu", "erf"])
def test_initial_kernels_are_met_within_the_stated_error(phi):
    found = sample(PAIR, 8, phi=phi, gamma0=1, eta0=0.1, steps=0, samples=4096, replicas=8)
    expected = layer_kernels(PAIR, 8, phi)
    assert (np.abs(found.ntk[0] - expected.ntk) < 5 * found.errors["ntk"][0] + 2e-3).all()
    assert (np.abs(found.H[0, 1:] - expected.H[1:]) < 5 * found.errors["H"][0, 1:] + 2e-3).all()


def cases():
    for phi in ("relu", "tanh"):
        for name, problem in (("one", ONE), ("two", PAIR)):
            for gamma0 in (0.2, 1.0, 2.0):
                quick = phi == "relu" and name == "two" and gamma0 == 1.0
                marks = () if quick else (pytest.mark.slow,)
                yield pytest.param(problem, gamma0, phi, 0.06, marks=marks, id=f"{phi}-{name}-{gamma0}")


@pytest.mark.parametrize(("problem", "gamma0", "phi", "rate"), list(cases()))
def test_networks_agree_with_sampling(problem, gamma0, phi, rate):
    limit = sample(problem, 4, phi=phi, gamma0=gamma0, eta0=rate, steps=5, samples=4096, replicas=6)
    widths, values, errors = (64, 128), [], []
    for width in widths:
        f = simulate(problem, 4, width, phi=phi, gamma0=gamma0, eta0=rate, steps=5, seeds=512).over_pairs().f[:, 0]
        values.append(f.mean(axis=0))
        errors.append(f.std(axis=0, ddof=1) / np.sqrt(512))
    extrapolated = 2 * values[1] - values[0]
    error = np.sqrt(4 * errors[1] ** 2 + errors[0] ** 2 + limit.errors["f"] ** 2)
    assert np.isfinite(extrapolated).all()
    assert (np.abs(limit.f - extrapolated)[1:] < 4 * error[1:] + 0.004).all()


def test_dropping_the_responses_is_seen_with_relu():
    options = {"phi": "relu", "gamma0": 1.0, "eta0": 0.1, "steps": 8, "samples": 2048, "replicas": 2}
    complete, mutilated = (sample(ONE, 4, responses=r, **options) for r in (True, False))
    finite = simulate(ONE, 4, 256, phi="relu", gamma0=1.0, eta0=0.1, steps=8, seeds=64).over_pairs().f[:, 0, :, 0]
    assert np.abs(finite.mean(0) - complete.f[:, 0]).max() < 0.03
    assert np.abs(finite.mean(0) - mutilated.f[:, 0]).max() > 0.06


@pytest.mark.slow
def test_error_falls_with_the_number_of_samples_as_stated():
    few, many = (sample(ONE, 4, phi="relu", gamma0=1, eta0=0.1, steps=4, samples=m, replicas=12) for m in (512, 8192))
    ratio = few.errors["f"][1:].mean() / many.errors["f"][1:].mean()
    assert 2 < ratio < 8
    assert (np.abs(few.f - many.f)[1:] < 5 * few.errors["f"][1:] + 0.01).all()


@pytest.mark.slow
def test_extrapolation_to_infinite_depth():
    found = sample(PAIR, (2, 4, 8), phi="relu", gamma0=1, eta0=0.1, steps=0, samples=2048, replicas=6)
    expected = limit_kernels(PAIR, "relu")
    assert (np.abs(found.ntk[0] - expected.ntk) < 5 * found.errors["ntk"][0] + 0.01).all()


def test_extrapolation_is_that_of_the_exact_values_at_each_depth():
    """One step moves f by eta0 K_L, K_L = 2 (1 + 1/L)^L + (1 + 1/L)^(L-1); quadratic in 1/L through L = 2, 4, 8."""
    depths = np.array([2, 4, 8])
    kernels = 2 * (1 + 1 / depths) ** depths + (1 + 1 / depths) ** (depths - 1)
    extrapolated = np.polyval(np.polyfit(1 / depths, kernels, 2), 0.0)
    linear = sample(ONE, (2, 4, 8), phi="linear", gamma0=1, eta0=0.05, steps=3, samples=512, replicas=1)
    assert linear.f[1, 0] == pytest.approx(0.05 * extrapolated, rel=1e-5)
    limit = 3 * np.e * 0.05
    assert abs(linear.f[1, 0] - limit) < 0.1 * abs(0.05 * kernels[-1] - limit)


def test_permuting_data_permutes_kernels():
    moved = Problem(PAIR.kernel[::-1, ::-1], PAIR.targets[::-1], PAIR.weights[::-1])
    one, other = (
        sample(p, 3, phi="tanh", gamma0=1, eta0=0.1, steps=3, samples=4096, replicas=4) for p in (PAIR, moved)
    )
    bound = 5 * np.hypot(one.errors["f"], other.errors["f"][:, ::-1]) + 1e-3
    assert (np.abs(one.f - other.f[:, ::-1]) < bound).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gamma0": 0.0}, "lazy"),
        ({"samples": 7}, "even"),
        ({"depth": (3, 8)}, "divide"),
        ({"memory_limit": 10}, "GiB"),
        ({"phi": "gelu"}, "choose one of"),
    ],
)
def test_bad_input_is_refused(options, words):
    given = {"depth": 2, "gamma0": 1.0, "eta0": 0.1, "steps": 1, "samples": 64, "replicas": 1, **options}
    with pytest.raises(ConfigurationError, match=words):
        sample(ONE, given.pop("depth"), **given)
