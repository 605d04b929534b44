"""Gradient descent of linear networks at infinite width: the solution and its checks around `recursion`."""

import math
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.memory import require_memory
from depthtransfer.theory.problem import Array, Branch, Problem
from depthtransfer.theory.recursion import Constants, march_bytes, march_rows

UNSTABLE = 2.0
"""Largest ``eta_0 step * eigenvalue of the tangent kernel`` at which gradient descent does not diverge."""


@dataclass(frozen=True)
class MarchSolution:
    """Training of an infinitely wide linear network, `T` rows for 0 to ``T - 1`` steps.

    Attributes:
        time: ``step * number of updates``, shape (T,).
        f: predictor, shape (T, P).
        loss: ``sum_mu p_mu (y_mu - f_mu)**2 / 2``, shape (T,).
        ntk: tangent kernel in units of eta_0, shape (T, P, P).
        H: ``<h h>`` at equal times, sites ``l = 1..L+1``, shape (T, L + 1, P, P).
        G: ``<g g>`` at equal times, shape (T, L + 1, P, P).
        H_all: ``<h(t) h(s)>``, shape (L + 1, T, P, T, P); None unless asked for.
        G_all: ``<g(t) g(s)>``, same shape.
        f_read_in: predictor read off at the lowest site instead of the readout, shape (T, P).
        diverged_step: first row whose tangent kernel makes the step unstable, or None.
    """

    time: Array
    f: Array
    loss: Array
    ntk: Array
    H: Array
    G: Array
    f_read_in: Array
    H_all: Array | None = None
    G_all: Array | None = None
    diverged_step: int | None = None

    @property
    def tau(self) -> Array:
        """Layer times of the sites, shape (L + 1,)."""
        sites = self.H.shape[1]
        return np.asarray(np.arange(sites) / (sites - 1))

    def H_at(self, tau: float) -> Array:  # noqa: N802 - the symbol of the kernel
        """Equal-time ``H`` at layer time `tau`, linear between sites, shape (T, P, P)."""
        return between_sites(self.H, tau)


def between_sites(values: Array, tau: float) -> Array:
    """`values` (T, L + 1, ...) at layer time `tau`, linear between neighbouring sites."""
    place = tau * (values.shape[1] - 1)
    below = min(int(place), values.shape[1] - 2)
    part = place - below
    return np.asarray((1 - part) * values[:, below] + part * values[:, below + 1])


def is_mirror_image(problem: Problem, train_read_in: bool, train_readout: bool) -> bool:
    """Whether the network turned upside down is the same problem: all inputs equal, both ends treated alike."""
    return train_read_in == train_readout and problem.size == 1 and bool((problem.kernel == 1).all())


def march_constants(
    problem: Problem,
    depth: int,
    rate: jax.Array | float,
    gamma0: jax.Array | float,
    branch: Branch,
    responses: bool,
) -> Constants:
    """Numbers of a march as arrays; `rate` is ``eta_0 step``."""
    as_array = partial(jnp.asarray, dtype=jnp.float64)
    return Constants(
        rate=as_array(rate),
        gamma0=as_array(gamma0),
        noise=as_array(branch.noise(depth)),
        learning=as_array(branch.learning(depth)),
        response=as_array(branch.noise(depth) if responses else 0.0),
        kernel=as_array(problem.kernel),
        targets=as_array(problem.targets),
        weights=as_array(problem.weights),
    )


def march(
    problem: Problem,
    depth: int,
    *,
    gamma0: float,
    eta0: float,
    step: float = 1.0,
    steps: int,
    branch: Branch | None = None,
    train_read_in: bool = True,
    train_readout: bool = True,
    keep_kernels: bool = False,
    responses: bool = True,
    memory_limit: int | None = None,
) -> MarchSolution:
    """Gradient descent of a linear residual network at infinite width: exact at every depth and step.

    Cost grows like ``L (T P)**3`` in time and ``L (T P)**2`` in memory.

    Args:
        problem: the data.
        depth: number of residual branches L.
        gamma0: feature-learning strength, above 0.
        eta0: learning rate; one update moves by ``eta_0 step gamma_0**2 N``.
        step: length of one update in time.
        steps: number of updates.
        branch: constants of the branch; None means beta = 1, alpha = 1/2.
        train_read_in: whether the input layer is trained.
        train_readout: whether the readout is trained.
        keep_kernels: return kernels between all pairs of times too.
        responses: False leaves out the response functions A and B. That is wrong at every depth; it is here to
            show by how much.
        memory_limit: bytes allowed; None means nine tenths of what is free.

    Raises:
        ConfigurationError: a size or a constant is out of range, or the march does not fit into memory.
    """
    branch = branch or Branch()
    require_march(problem, depth, gamma0, eta0, step, steps, memory_limit, train_read_in, train_readout)
    constants = march_constants(problem, depth, eta0 * step, gamma0, branch, responses)
    mirror = is_mirror_image(problem, train_read_in, train_readout)
    store, out = march_rows(constants, depth, steps + 1, (train_read_in, train_readout), mirror)
    rows, points = steps + 1, problem.size
    plain = {name: np.asarray(value) for name, value in out.items()}
    everything: dict[str, Array] = {}
    if keep_kernels:
        shape = (depth + 1, rows, points, rows, points)
        everything = {
            "H_all": np.asarray(store.K[0]).reshape(shape),
            "G_all": np.asarray(store.K[-1][::-1]).reshape(shape),
        }
    diverged = first_unstable(plain["ntk"], plain["f"], problem, eta0 * step)
    return MarchSolution(
        time=np.asarray(step * np.arange(rows), dtype=np.float64),
        f=plain["f"],
        loss=0.5 * ((problem.targets - plain["f"]) ** 2) @ problem.weights,
        ntk=plain["ntk"],
        H=plain["H"],
        G=plain["G"],
        f_read_in=plain["f_read_in"],
        diverged_step=diverged,
        **everything,
    )


def require_march(
    problem: Problem,
    depth: int,
    gamma0: float,
    eta0: float,
    step: float,
    steps: int,
    memory_limit: int | None,
    train_read_in: bool = True,
    train_readout: bool = True,
) -> None:
    """Refuse sizes and constants that a march cannot take."""
    if depth < 1:
        raise ConfigurationError(f"depth = {depth}", "a network has at least one residual branch")
    if steps < 0:
        raise ConfigurationError(f"steps = {steps}", "give a number of updates of at least 0")
    require_gamma0(gamma0)
    if not (math.isfinite(eta0) and eta0 >= 0 and math.isfinite(step) and step > 0):
        raise ConfigurationError(f"eta0 = {eta0}, step = {step}", "give eta0 of at least 0 and a step above 0")
    mirror = is_mirror_image(problem, train_read_in, train_readout)
    rows, points = steps + 1, problem.size
    require_memory(
        march_bytes(rows, points, depth, mirror),
        memory_limit,
        f"a march over T={rows} rows, P={points} data points, L={depth} branches",
        lambda share: (
            f"at this L, T={int(rows * math.sqrt(share))} rows would fit; "
            f"at this T, L={max(0, int((depth + 1) * share) - 1)} branches"
        ),
    )


def require_gamma0(gamma0: float) -> None:
    """Refuse the lazy limit and worse."""
    if gamma0 == 0:
        raise ConfigurationError(
            "gamma0 = 0 is the lazy limit, where kernels do not move",
            "use the lazy solver (`depthtransfer theory lazy`)",
        )
    if not (math.isfinite(gamma0) and gamma0 > 0):
        raise ConfigurationError(f"gamma0 = {gamma0}", "give a finite number above 0")


def first_unstable(ntk: Array, f: Array, problem: Problem, rate: float) -> int | None:
    """First row with ``rate * largest eigenvalue of p K > 2`` or a value that is not finite, or None."""
    finite = np.isfinite(np.concatenate([ntk.reshape(len(f), -1), f], axis=1)).all(axis=1)
    finite = np.asarray(finite, dtype=np.bool_)
    root = np.sqrt(problem.weights)
    safe = np.where(finite[:, None, None], ntk, 0.0)
    largest = np.linalg.eigvalsh(root[:, None] * safe * root[None, :])[:, -1]
    unstable = np.flatnonzero(np.logical_or(~finite, rate * largest > UNSTABLE))
    return int(unstable[0]) if unstable.size else None
