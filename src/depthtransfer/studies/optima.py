"""Loss against the learning rate and its minimum: predicted, and measured on an ensemble."""

from typing import Any

import numpy as np

from depthtransfer import theory
from depthtransfer.studies.rows import Rows
from depthtransfer.studies.setting import branch_of, depth_of, problem_of


def loss_rows(specification: dict[str, Any]) -> tuple[Rows, int | None]:
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
    rows = Rows(specification)
    for rate, loss in zip(rates, losses, strict=True):
        rows.add("loss", float(loss) if loss < 1e300 else np.inf, learning_rate=float(rate))
    return rows, None


def optimum_rows(specification: dict[str, Any]) -> tuple[Rows, int | None]:
    """Predicted best learning rate, loss there, and derivatives if asked for."""
    found = theory.predicted_optimum(
        problem_of(specification),
        depth=depth_of(specification),
        gamma0=specification["gamma0"],
        steps=specification["updates"],
        branch=branch_of(specification),
        derivatives=specification["derivatives"],
    )
    rows = Rows(specification)
    values = {"optimum": found.eta0, "optimum_loss": found.loss}
    if specification["derivatives"]:
        values["d_log_optimum_d_gamma0"] = found.d_log_eta0_d_gamma0
        values["d_log_optimum_d_beta"] = found.d_log_eta0_d_beta
    for name, value in values.items():
        rows.add(name, value, learning_rate=found.eta0)
    return rows, None


def measured_rows(specification: dict[str, Any]) -> tuple[Rows, int | None]:
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
    rows = Rows(specification)
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
