"""Solve a specification: limits, exact finite depths, ensembles of networks, learning rates. Imports JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from depthtransfer import theory
from depthtransfer.studies.ensembles import QUARTERS, ensemble_rows, report_kernels
from depthtransfer.studies.rows import SolutionRows, branch_of, depth_of, problem_of, trained_ends

Solver = Callable[[dict[str, Any]], tuple[SolutionRows, int | None]]


def solve(specification: dict[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Series and summary of a solution; a step that becomes unstable is named in the summary, not an error.

    Rows after the update at which a solution diverged are left out.

    Raises:
        ConfigurationError: the specification cannot be solved, or does not fit into memory.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is left out and reported
        rows, diverged = _SOLVERS[specification["kind"]](specification)
    ok = diverged is None and rows.left_out == 0
    return rows.series, {"status": "ok" if ok else "diverged", "diverged_step": diverged, "left_out": rows.left_out}


def _initial(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    problem, branch, depth = problem_of(specification), branch_of(specification), depth_of(specification)
    phi = specification["activation"]
    if depth is None:
        found = theory.limit_kernels(problem, phi, branch, np.asarray(specification["tau"]))
    else:
        found = theory.layer_kernels(problem, depth, phi, branch)
    rows = SolutionRows(specification)
    for name, kernel in (("H", found.H), ("G", found.G)):
        report_kernels(rows, name, kernel[None], found.tau)
    for mu, nu in np.ndindex(found.ntk.shape):
        rows.add("ntk", float(found.ntk[mu, nu]), mu=mu, nu=nu)
    return rows, None


def _descent(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """The exact march at finite depth, or its extrapolation through `from_depths`, with what the deepest adds."""
    depth = depth_of(specification)
    depths = (depth,) if depth is not None else tuple(sorted(specification["from_depths"]))
    parts = [_march(specification, level) for level in depths]
    unstable = [p.diverged_step for p in parts if p.diverged_step is not None]
    diverged = min((row for row in unstable if row < specification["updates"]), default=None)  # an update follows
    rows = SolutionRows(specification, diverged)
    if specification["report"] == "profile":
        for name, kernel in (("H", parts[0].H), ("G", parts[0].G)):
            report_kernels(rows, name, kernel, parts[0].tau)
        report_kernels(rows, "dH", parts[0].H - parts[0].H[:1], parts[0].tau)
        return rows, diverged
    first = specification["updates"] if specification["report"] == "final" else 0
    if specification["report"] == "quarters":
        shown = [("H", tau, [p.H_at(tau)[:, 0, 0] for p in parts]) for tau in QUARTERS]
    else:
        shown = [
            ("f", np.nan, [p.f[:, 0] for p in parts]),
            ("ntk", np.nan, [p.ntk[:, 0, 0] for p in parts]),
            ("H", 0.5, [p.H_at(0.5)[:, 0, 0] for p in parts]),
        ]
    for name, tau, values in shown:
        value = values[0] if depth is not None else theory.to_infinite_depth(values, depths)
        coarse = value if depth is not None else theory.to_infinite_depth(values[:-1], depths[:-1])
        for update in range(first, len(value)):
            rows.add(
                name,
                float(value[update]),
                updates=update,
                tau=tau,
                standard_error=float(abs(value[update] - coarse[update])),
            )
    return rows, diverged


def _march(specification: dict[str, Any], depth: int) -> theory.MarchSolution:
    return theory.march(
        problem_of(specification),
        depth,
        gamma0=specification["gamma0"],
        eta0=specification["learning_rate"],
        steps=specification["updates"],
        branch=branch_of(specification),
        train_read_in=trained_ends(specification),
        train_readout=trained_ends(specification),
    )


def _one_step(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """Kernels before and after one update at infinite depth, in closed form; one datum, both ends trained."""
    tau, branch = np.asarray(specification["tau"]), branch_of(specification)
    target = specification["targets"][0]

    def kernel(place: np.ndarray) -> np.ndarray:
        rates = (0.0, specification["learning_rate"])
        given = {"gamma0": specification["gamma0"], "target": target, "branch": branch}
        return np.stack([theory.one_step_kernel(place, eta0=rate, **given) for rate in rates])[:, :, None, None]

    rows = SolutionRows(specification)
    profile = kernel(tau)
    report_kernels(rows, "H", profile, tau)
    report_kernels(rows, "G", kernel(1 - tau), tau)
    report_kernels(rows, "dH", profile - profile[:1], tau)
    return rows, None


def _sampled(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """Nonlinear theory at finite depth, or extrapolated through `from_depths`, with standard errors over replicas."""
    found = theory.sample(
        problem_of(specification),
        depth_of(specification) or tuple(specification["from_depths"]),
        gamma0=specification["gamma0"],
        eta0=specification["learning_rate"],
        steps=specification["updates"],
        phi=specification["activation"],
        samples=specification["samples"],
        replicas=specification["replicas"],
        branch=branch_of(specification),
    )
    unstable = found.diverged_step
    diverged = unstable if unstable is not None and unstable < specification["updates"] else None  # an update follows
    rows = SolutionRows(specification, diverged)
    for name, field, tau in (("f", "f", np.nan), ("ntk", "ntk", np.nan), ("H", "H_mid", 0.5)):
        values, errors = (array.reshape(len(found.time)) for array in (getattr(found, field), found.errors[field]))
        for update, (value, error) in enumerate(zip(values, errors, strict=True)):
            rows.add(name, float(value), updates=update, tau=tau, standard_error=float(error))
    return rows, diverged


def loss_rows(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """Predicted loss after the last update at each learning rate."""
    rates = np.asarray(specification["learning_rate"])
    losses = theory.predicted_losses(
        problem_of(specification),
        rates,
        depth=depth_of(specification),
        gamma0=specification["gamma0"],
        steps=specification["updates"],
        beta=specification["beta"],
    )
    rows = SolutionRows(specification)
    for rate, loss in zip(rates, losses, strict=True):
        rows.add("loss", float(loss) if loss < 1e300 else np.inf, learning_rate=float(rate))
    return rows, None


def optimum_rows(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """Predicted best learning rate, loss there, and derivatives if asked for."""
    found = theory.predicted_optimum(
        problem_of(specification),
        depth=depth_of(specification),
        gamma0=specification["gamma0"],
        steps=specification["updates"],
        branch=branch_of(specification),
        derivatives=specification["derivatives"],
    )
    rows = SolutionRows(specification)
    values = {"optimum": found.eta0, "optimum_loss": found.loss}
    if specification["derivatives"]:
        values["d_log_optimum_d_gamma0"] = found.d_log_eta0_d_gamma0
        values["d_log_optimum_d_beta"] = found.d_log_eta0_d_beta
    for name, value in values.items():
        rows.add(name, value, learning_rate=found.eta0)
    return rows, None


def measured_rows(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """Loss of an ensemble's mean predictor at each learning rate, and its minimum with bootstrapped errors."""
    problem, rates = problem_of(specification), np.asarray(specification["learning_rate"])
    predictors = theory.measured_predictors(
        problem,
        specification["depth"],
        specification["width"],
        rates,
        gamma0=specification["gamma0"],
        steps=specification["updates"],
        seeds=specification["seeds"],
        branch=branch_of(specification),
    )
    rows = SolutionRows(specification)
    rest = problem.targets - predictors.mean(axis=0)
    pulls = np.einsum("scp,cp,p->sc", predictors, rest, problem.weights)
    errors = pulls.std(axis=0, ddof=1) / np.sqrt(len(predictors))
    for rate, loss, error in zip(rates, 0.5 * rest**2 @ problem.weights, errors, strict=True):
        rows.add("loss", float(loss), learning_rate=float(rate), standard_error=float(error))
    best = theory.measured_optimum(predictors, rates, problem)
    error = (best.high - best.low) / (2 * 1.96)
    rows.add("optimum", best.eta0, learning_rate=best.eta0, standard_error=error)
    rows.add("optimum_loss", best.loss, learning_rate=best.eta0)
    return rows, None


_SOLVERS: dict[str, Solver] = {
    "initial": _initial,
    "descent": _descent,
    "one_step": _one_step,
    "sampled": _sampled,
    "ensemble": ensemble_rows,
    "losses": loss_rows,
    "optimum": optimum_rows,
    "measured_optimum": measured_rows,
}
