"""The same network by the scaling table and torch, and by the simulator, takes the same steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from depthtransfer.theory.ensemble import initial_weights, simulate
from depthtransfer.theory.problem import Branch, Problem

torch = pytest.importorskip("torch")
scaling = pytest.importorskip("depthtransfer.scaling")

PROBLEM = Problem([[1.0, 0.3], [0.3, 1.2]], [1.0, -0.5])
DEPTH, WIDTH, STEPS, RATE = 4, 32, 6, 0.05


def torch_descent(start, scheme, constants, phi):
    """Predictor after each update, (STEPS + 1, P): ordinary torch tensors, numbers from the scaling table."""
    roles = scaling.Role
    values, vectors = np.linalg.eigh(PROBLEM.kernel)
    features = vectors.shape[0]
    x = torch.tensor(vectors * np.sqrt(values * features))

    def rule(role, fan_in):
        return scaling.rule(
            scheme,
            role,
            fan_in=fan_in,
            width=WIDTH,
            depth=DEPTH,
            optimizer=scaling.Optimizer.SGD,
            constants=constants,
        )

    read_in, block, readout = rule(roles.INPUT, features), rule(roles.BRANCH, WIDTH), rule(roles.READOUT, WIDTH)
    unit = np.linalg.solve(x.numpy() / np.sqrt(features), np.asarray(start.first))

    def stored(array, r):
        return torch.tensor(np.array(array) * r.init_std, requires_grad=True)

    first, last = stored(unit, read_in), stored(start.readout, readout)
    blocks = [stored(w, block) for w in np.asarray(start.blocks)]
    branch = scaling.branch_multiplier(scheme, depth=DEPTH, constants=constants)
    groups = [
        {"params": [first], "lr": RATE * read_in.learning_rate_factor},
        {"params": blocks, "lr": RATE * block.learning_rate_factor},
        {"params": [last], "lr": RATE * readout.learning_rate_factor},
    ]
    optimizer = torch.optim.SGD(groups, lr=RATE)
    y, out = torch.tensor(PROBLEM.targets), []
    for _ in range(STEPS + 1):
        h = read_in.multiplier * x @ first
        for weight in blocks:
            h = h + branch * block.multiplier * phi(h) @ weight.T
        f = readout.multiplier * phi(h) @ last
        out.append(f.detach().numpy().copy())
        optimizer.zero_grad()
        (0.5 * ((y - f) ** 2).sum()).backward()
        optimizer.step()
    return np.stack(out)


@pytest.mark.parametrize(
    ("scheme", "alpha", "exponent"), [("mup_sqrt_depth", 0.5, None), ("mup_alpha", 0.8, None), ("mup", 0.0, 0.0)]
)
@pytest.mark.parametrize("phi", ["linear", "relu"])
def test_torch_and_simulator_take_the_same_steps(scheme, alpha, exponent, phi):
    beta, gamma0 = 0.8, 1.5
    constants = scaling.Constants(beta=beta, gamma0=gamma0, alpha=alpha)
    branch = Branch(beta=beta, alpha=alpha, block_rate_exponent=exponent)
    start = initial_weights(jax.random.key(0), jnp.asarray(PROBLEM.kernel), DEPTH, WIDTH)
    function = torch.relu if phi == "relu" else (lambda h: h)
    expected = torch_descent(start, scaling.Scheme(scheme), constants, function)
    found = simulate(
        PROBLEM,
        DEPTH,
        WIDTH,
        gamma0=gamma0,
        eta0=RATE,
        steps=STEPS,
        seeds=1,
        phi=phi,
        branch=branch,
        antithetic=False,
    )
    np.testing.assert_allclose(found.f[0, 0, 0], expected, rtol=1e-9, atol=1e-11)
