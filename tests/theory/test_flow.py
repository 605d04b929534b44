import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.descent import march
from depthtransfer.theory.extrapolation import to_infinite_depth
from depthtransfer.theory.flow import linear_flow_many
from depthtransfer.theory.problem import Problem
from depthtransfer.theory.universal import linear_flow

INPUTS = np.random.default_rng(1).standard_normal((3, 5))
THREE = Problem(INPUTS @ INPUTS.T / 5, [1.0, -0.5, 0.3])


@pytest.mark.parametrize("gamma0", [0.2, 2.0])
def test_one_datum_agrees_with_the_universal_solution(gamma0):
    times = [0.0, 0.1, 0.4]
    many = linear_flow_many(Problem.one_datum(1.0), gamma0=gamma0, eta0=1, times=times)
    one = linear_flow(gamma0=gamma0, eta0=1, target=1, times=times)
    np.testing.assert_allclose(many.f[:, 0], one.f, atol=1e-8)
    np.testing.assert_allclose(many.ntk[:, 0, 0], one.ntk, rtol=1e-8)
    np.testing.assert_allclose(many.H[:, :, 0, :, 0], one.H(many.tau), rtol=1e-7)
    np.testing.assert_allclose(many.G[:, :, 0, :, 0], one.G(many.tau), rtol=1e-7)


def test_several_data_are_the_limit_of_the_march():
    by_step = []
    for count in (9, 18, 36):
        parts = [march(THREE, d, gamma0=1, eta0=0.5, step=0.72 / count, steps=count).f[-1] for d in (4, 8, 16)]
        by_step.append(to_infinite_depth(parts, (4, 8, 16)))
    found = linear_flow_many(THREE, gamma0=1, eta0=0.5, times=[0.72], nodes=20)
    np.testing.assert_allclose(found.f[0], to_infinite_depth(by_step, (9, 18, 36)), atol=6e-4)


def test_more_nodes_change_nothing():
    coarse, fine = (linear_flow_many(THREE, gamma0=1, eta0=0.5, times=[0.1, 0.72], nodes=n) for n in (20, 26))
    np.testing.assert_allclose(coarse.f, fine.f, atol=1e-7)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="lazy"):
        linear_flow_many(THREE, gamma0=0, eta0=0.5, times=[1.0])
    with pytest.raises(ConfigurationError, match="times"):
        linear_flow_many(THREE, gamma0=1, eta0=0.5, times=[0.0])
    with pytest.raises(ConfigurationError, match="GiB"):
        linear_flow_many(THREE, gamma0=1, eta0=0.5, times=[1.0], memory_limit=100)
