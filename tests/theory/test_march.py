import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory import descent, recursion
from depthtransfer.theory.closed_forms import lazy_descent
from depthtransfer.theory.descent import march
from depthtransfer.theory.initial import layer_kernels
from depthtransfer.theory.problem import Branch, Problem

ONE = Problem.one_datum(1.0)
INPUTS = np.random.default_rng(1).standard_normal((3, 5))
THREE = Problem(INPUTS @ INPUTS.T / 5, [1.0, -0.5, 0.3])


def test_one_datum_fixture():
    found = march(ONE, 8, gamma0=1, eta0=0.05, steps=5)
    np.testing.assert_allclose(found.f[:, 0], [0, 0.3706, 0.6204, 0.7896, 0.8927, 0.9486], atol=6e-5)
    np.testing.assert_allclose(found.H[:, -1, 0, 0], [2.566, 2.680, 3.007, 3.323, 3.546, 3.676], atol=6e-4)
    np.testing.assert_allclose(found.G[:, 0], found.H[:, -1], rtol=1e-13)


def test_frozen_ends_fixture():
    found = march(ONE, 8, gamma0=1, eta0=0.05, steps=5, train_read_in=False, train_readout=False)
    np.testing.assert_allclose(found.f[:, 0], [0, 0.114, 0.2158, 0.3074, 0.3903, 0.4654], atol=6e-5)


@pytest.mark.parametrize(
    ("depth", "f", "h"),
    [
        (4, 0.92271, 2.4414),
        (8, 0.94858, 2.5658),
        (16, 0.96114, 2.6379),
        (32, 0.96715, 2.6770),
        (64, 0.97006, 2.6973),
    ],
)
def test_depth_fixture(depth, f, h):
    found = march(ONE, depth, gamma0=1, eta0=0.05, steps=5)
    assert found.f[-1, 0] == pytest.approx(f, abs=6e-6)
    assert found.H[0, -1, 0, 0] == pytest.approx(h, abs=6e-5)


def test_three_data_fixture():
    found = march(THREE, 8, gamma0=1, eta0=0.03, steps=12)
    np.testing.assert_allclose(found.f[[2, 6, 12], 0], [0.296170, 0.711240, 0.969228], atol=6e-7)


def test_kernel_change_after_one_step_fixture():
    found = [march(ONE, 16, gamma0=g, eta0=0.2, steps=1) for g in (0.5, 1.0)]
    change = [m.H[1, -1, 0, 0] - m.H[0, -1, 0, 0] for m in found]
    np.testing.assert_allclose(change, [2.1425 / 4, 2.1425], rtol=3e-5)


@pytest.mark.parametrize("problem", [ONE, THREE], ids=["one", "three"])
@pytest.mark.parametrize("ends", [(True, True), (True, False), (False, True)])
def test_predictor_read_off_at_either_end_is_the_same(problem, ends):
    found = march(problem, 5, gamma0=1.5, eta0=0.04, steps=10, train_read_in=ends[0], train_readout=ends[1])
    np.testing.assert_allclose(found.f_read_in, found.f, atol=1e-13)


def test_mirror_image_saves_work_and_changes_nothing(monkeypatch):
    short = march(ONE, 7, gamma0=1.3, eta0=0.04, steps=12, keep_kernels=True)
    monkeypatch.setattr(descent, "is_mirror_image", lambda *_: False)
    full = march(ONE, 7, gamma0=1.3, eta0=0.04, steps=12, keep_kernels=True)
    for name in ("f", "ntk", "H", "G", "H_all", "G_all"):
        np.testing.assert_allclose(getattr(short, name), getattr(full, name), rtol=1e-12, atol=1e-13)


def test_growing_the_arrays_changes_nothing(monkeypatch):
    once = march(ONE, 4, gamma0=1.0, eta0=0.02, steps=20)
    monkeypatch.setattr(recursion, "stretches", lambda rows: [3, 11, rows])
    grown = march(ONE, 4, gamma0=1.0, eta0=0.02, steps=20)
    np.testing.assert_allclose(grown.f, once.f, rtol=1e-13)


def test_without_steps_the_initial_kernels_remain():
    found = march(THREE, 6, gamma0=1, eta0=0.1, steps=0)
    expected = layer_kernels(THREE, 6, "linear")
    np.testing.assert_allclose(found.H[0], expected.H, rtol=1e-13)
    np.testing.assert_allclose(found.G[0], expected.G, rtol=1e-13)
    np.testing.assert_allclose(found.ntk[0], expected.ntk, rtol=1e-13)


def test_small_gamma0_recovers_the_lazy_solution_at_rate_two():
    lazy = THREE.targets - lazy_descent(THREE, layer_kernels(THREE, 6).ntk, 0.05, 1.0, 8)
    strengths = np.array([0.2, 0.1, 0.05])
    errors = [np.abs(march(THREE, 6, gamma0=g, eta0=0.05, steps=8).f - lazy).max() for g in strengths]
    assert np.isfinite(errors).all()
    assert np.polyfit(np.log(strengths), np.log(errors), 1)[0] == pytest.approx(2, abs=0.05)


def test_permuting_data_permutes_the_solution():
    order = [2, 0, 1]
    moved = Problem(THREE.kernel[np.ix_(order, order)], THREE.targets[order])
    plain, other = (march(p, 4, gamma0=1, eta0=0.03, steps=6) for p in (THREE, moved))
    np.testing.assert_allclose(other.f, plain.f[:, order], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(other.ntk, plain.ntk[:, order][:, :, order], rtol=1e-12)


def test_a_weight_counts_like_repeating_the_datum():
    kernel, y = THREE.kernel, THREE.targets
    pick = [0, 0, 1, 2]
    double = march(Problem(kernel[np.ix_(pick, pick)], y[pick]), 4, gamma0=1, eta0=0.02, steps=6)
    weighted = march(Problem(kernel, y, [2, 1, 1]), 4, gamma0=1, eta0=0.02, steps=6)
    np.testing.assert_allclose(double.f[:, 1:], weighted.f, rtol=1e-10, atol=1e-13)


def test_exponents_agree_at_depth_one():
    half, one = (march(ONE, 1, gamma0=1, eta0=0.05, steps=6, branch=Branch(alpha=a)) for a in (0.5, 1.0))
    np.testing.assert_array_equal(half.f, one.f)


def test_gamma0_and_target_enter_as_a_product():
    one = march(Problem.one_datum(3.0), 4, gamma0=0.5, eta0=0.03, steps=8)
    other = march(Problem.one_datum(1.0), 4, gamma0=1.5, eta0=0.03, steps=8)
    np.testing.assert_allclose(one.f / 3, other.f, rtol=1e-12)


def test_unstable_step_is_reported():
    found = march(ONE, 8, gamma0=1, eta0=0.3, steps=4)
    assert found.diverged_step == 0
    later = march(ONE, 8, gamma0=2, eta0=0.15, steps=12)
    assert later.diverged_step is not None
    assert later.diverged_step > 0
    assert march(ONE, 8, gamma0=1, eta0=0.1, steps=12).diverged_step is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"gamma0": 0.0}, "lazy"),
        ({"gamma0": -1.0}, "above 0"),
        ({"eta0": -0.1}, "eta0"),
        ({"step": 0.0}, "step"),
        ({"steps": -1}, "steps"),
        ({"depth": 0}, "at least one"),
        (
            {"memory_limit": 1000},
            r"T=4 rows, P=1 data points, L=2 branches needs .* rows would fit",
        ),
    ],
)
def test_bad_input_is_refused(arguments, words):
    given = {"depth": 2, "gamma0": 1.0, "eta0": 0.1, "steps": 3, **arguments}
    with pytest.raises(ConfigurationError, match=words):
        march(ONE, given.pop("depth"), **given)
