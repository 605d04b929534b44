"""How fast finite networks approach the limit: bias and variance against width and depth, and their slopes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.branch import Branch
from depthtransfer.theory.descent import MarchSolution, between_sites, march
from depthtransfer.theory.ensemble import simulate
from depthtransfer.theory.problem import Array, Problem

QUANTITIES = ("f", "H_mid", "ntk")


@dataclass(frozen=True)
class Slope:
    """Exponent of a power law, with a 95% interval."""

    value: float
    low: float
    high: float


def fit_slope(x: npt.ArrayLike, y: npt.ArrayLike, error: npt.ArrayLike, draws: int = 4000, seed: int = 0) -> Slope:
    """Slope of ``log |y|`` against ``log x`` by weighted least squares; interval by redrawing `y` within its error.

    Args:
        x: sizes, shape (n,), n at least 2, above 0.
        y: values, shape (n,); their sign is ignored.
        error: standard errors of `y`, shape (n,); zeros mean exact values, and weights are then equal.
        draws: number of redraws.
        seed: seed of the redraws.
    """
    a, b, e = (np.asarray(v, dtype=np.float64) for v in (x, y, error))
    if a.ndim != 1 or a.shape != b.shape or a.shape != e.shape or a.size < 2 or not (a > 0).all() or (e < 0).any():
        raise ConfigurationError(
            f"sizes {a.shape}, values {b.shape}, errors {e.shape}", "give equal lists of at least 2"
        )
    if not np.isfinite(b).all() or (b == 0).any():
        raise ConfigurationError("a value is zero or not finite", "leave it out: it has no logarithm")
    weight = np.ones_like(b) if (e == 0).any() else (b / e) ** 2
    centred = np.log(a) - np.average(np.log(a), weights=weight)
    project = weight * centred / np.sum(weight * centred**2)
    drawn = b + e * np.random.default_rng(seed).standard_normal((draws, b.size))
    slopes = np.log(np.maximum(np.abs(drawn), 1e-300)) @ project
    low, high = np.quantile(slopes, [0.025, 0.975])
    return Slope(float(np.log(np.abs(b)) @ project), float(low), float(high))


def _theory(solution: MarchSolution, row: int) -> dict[str, float]:
    return {
        "f": float(solution.f[row, 0]),
        "H_mid": float(solution.H_at(0.5)[row, 0, 0]),
        "ntk": float(solution.ntk[row, 0, 0]),
    }


def width_rows(
    problem: Problem,
    *,
    widths: tuple[int, ...],
    depths: tuple[int, ...],
    seeds: tuple[int, ...],
    gamma0: tuple[float, ...],
    eta0: float,
    step: float,
    steps: int,
    branch: Branch | None = None,
) -> list[dict[str, float | int | str]]:
    """Bias and variance of linear networks against the exact march of the same depth and step.

    Args:
        problem: the data; the first point is reported.
        widths: widths N.
        depths: depths L.
        seeds: number of seeds for each width.
        gamma0: feature-learning strengths.
        eta0: learning rate.
        step: length of one update in time.
        steps: number of updates; quantities are read off after the last.
        branch: constants of the branch.

    Returns:
        One row for each (gamma0, depth, width, quantity) with keys gamma0, depth, width, seeds, time, quantity,
        theory, mean, bias, bias_error, variance, variance_error. Variances are between single networks.
    """
    if len(seeds) != len(widths):
        raise ConfigurationError(f"{len(seeds)} numbers of seeds for {len(widths)} widths", "give one for each width")
    rows: list[dict[str, float | int | str]] = []
    for depth in depths:
        exact = [
            _theory(march(problem, depth, gamma0=g, eta0=eta0, step=step, steps=steps, branch=branch), steps)
            for g in gamma0
        ]
        for width, count in zip(widths, seeds, strict=True):
            found = simulate(
                problem, depth, width, gamma0=list(gamma0), eta0=eta0, step=step, steps=steps, seeds=count,
                branch=branch,
            )  # fmt: skip
            for c, strength in enumerate(gamma0):
                single = {
                    "f": found.f[:, c, :, steps, 0],
                    "H_mid": between_sites(found.H[:, c, :, steps].reshape(-1, *found.H.shape[4:]), 0.5)[
                        :, 0, 0
                    ].reshape(count, -1),
                    "ntk": found.ntk[:, c, :, steps, 0, 0],
                }
                for quantity in QUANTITIES:
                    rows.append(
                        {"gamma0": strength, "depth": depth, "width": width, "seeds": count, "time": step * steps,
                         "quantity": quantity, **_moments(single[quantity], exact[c][quantity])}
                    )  # fmt: skip
    return rows


def _moments(values: Array, theory: float) -> dict[str, float]:
    """Bias and variance of `values` (seeds, readout signs) about `theory`, with standard errors over seeds."""
    count = len(values)
    means = values.mean(axis=1)
    spread = ((values - means.mean()) ** 2).mean(axis=1)
    scale = np.sqrt(max(count - 1, 1))
    return {
        "theory": theory,
        "mean": float(means.mean()),
        "bias": float(means.mean() - theory),
        "bias_error": float(means.std() / scale),
        "variance": float(spread.mean()),
        "variance_error": float(spread.std() / scale),
    }


def depth_rows(
    problem: Problem,
    limit: dict[str, float],
    *,
    depths: tuple[int, ...],
    gamma0: float,
    eta0: float,
    step: float,
    steps: int,
    branch: Branch | None = None,
) -> list[dict[str, float | int | str]]:
    """Difference between finite and infinite depth at infinite width.

    Args:
        problem: the data; the first point is reported.
        limit: value of each of `QUANTITIES` at infinite depth and the same step.
        depths: depths L.
        gamma0: feature-learning strength.
        eta0: learning rate.
        step: length of one update in time.
        steps: number of updates.
        branch: constants of the branch.

    Returns:
        One row for each (depth, quantity) with keys gamma0, depth, time, quantity, theory, mean, bias.
    """
    rows: list[dict[str, float | int | str]] = []
    for depth in depths:
        exact = _theory(march(problem, depth, gamma0=gamma0, eta0=eta0, step=step, steps=steps, branch=branch), steps)
        for quantity in QUANTITIES:
            value, goal = exact[quantity], limit[quantity]
            rows.append(
                {"gamma0": gamma0, "depth": depth, "time": step * steps, "quantity": quantity, "theory": goal,
                 "mean": value, "bias": value - goal}
            )  # fmt: skip
    return rows
