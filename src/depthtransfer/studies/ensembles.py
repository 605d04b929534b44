"""Means and variances over an ensemble of finite networks."""

from typing import Any

import numpy as np
import numpy.typing as npt

from depthtransfer import theory
from depthtransfer.studies.rows import SolutionRows, branch_of, problem_of, trained_ends

Array = npt.NDArray[np.float64]

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Layer times of the report of that name, those of paper B's Figures 8 and 9."""


def report_kernels(rows: SolutionRows, name: str, kernel: Array, tau: Array, error: Array | None = None) -> None:
    """Add `kernel` (T, S, P, P) at layer times `tau` (S,), pairs ``mu <= nu``, with its standard error."""
    for update, site, mu, nu in np.ndindex(kernel.shape):
        if mu <= nu:
            rows.add(
                name,
                float(kernel[update, site, mu, nu]),
                updates=update,
                tau=float(tau[site]),
                mu=mu,
                nu=nu,
                standard_error=0.0 if error is None else float(error[update, site, mu, nu]),
            )


def ensemble_rows(specification: dict[str, Any]) -> tuple[SolutionRows, int | None]:
    """Train a block of networks and report on kernels over layer time, on training, or on its end.

    Before training networks are taken as they are; in training each is paired with the one whose readout has the
    opposite sign, over which predictor and kernels are averaged.
    """
    updates = specification["updates"]
    found = theory.simulate(
        problem_of(specification),
        specification["depth"],
        specification["width"],
        gamma0=specification["gamma0"],
        eta0=specification["learning_rate"],
        steps=updates,
        seeds=specification["seeds"],
        first_seed=specification["first_seed"],
        phi=specification["activation"],
        branch=branch_of(specification),
        antithetic=updates > 0,
        train_read_in=trained_ends(specification),
        train_readout=trained_ends(specification),
    )
    f, ntk, H, G = (values[:, 0] for values in (found.f, found.ntk, found.H, found.G))
    finite = np.isfinite(f).all(axis=(0, 1, 3)) & np.isfinite(ntk).all(axis=(0, 1, 3, 4))
    diverged = None if finite.all() else int(np.argmin(finite))
    rows = SolutionRows(specification, diverged)
    if specification["report"] == "profile":
        tau = np.arange(H.shape[3]) / (H.shape[3] - 1)
        kernels = [("H", H), ("G", G), *([("dH", H - H[:, :, :1])] if updates else [])]
        for name, kernel in kernels:
            mean, error = _mean(kernel)
            report_kernels(rows, name, mean, tau, error)
        mean, error = _mean(ntk)
        report_kernels(rows, "ntk", mean[:, None], np.array([np.nan]), error[:, None])
        return rows, diverged
    if specification["report"] == "quarters":
        for tau in QUARTERS:
            _report_training(rows, {"H": H[..., round(tau * (H.shape[3] - 1)), 0, 0]}, tau)
        return rows, diverged
    middle = H.shape[3] // 2
    low = H.shape[3] - 1 - middle
    fields = {"f": f[..., 0], "ntk": ntk[..., 0, 0], "H": 0.5 * (H[..., middle, 0, 0] + H[..., low, 0, 0])}
    if specification["report"] == "final":
        _report_end(rows, specification, fields)
    else:
        _report_training(rows, fields)
    return rows, diverged


def _mean(values: Array) -> tuple[Array, Array]:
    """Mean over seeds and readout signs (first two axes), and its standard error over seeds."""
    pairs = values.mean(axis=1)
    return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))


def _report_training(rows: SolutionRows, fields: dict[str, Array], tau: float = 0.5) -> None:
    """Every quantity (seeds, signs, T) at every update; `tau` is the layer time of H."""
    for name, values in fields.items():
        mean, error = _mean(values)
        spread, spread_error = _variance(values, mean)
        for update in range(len(mean)):
            rows.add(
                name,
                float(mean[update]),
                updates=update,
                tau=tau if name == "H" else np.nan,
                standard_error=float(error[update]),
                variance=float(spread[update]),
                variance_error=float(spread_error[update]),
            )


def _report_end(rows: SolutionRows, specification: dict[str, Any], fields: dict[str, Array]) -> None:
    """Every quantity after the last update, its mean freed of what the initial kernels explain.

    The initial kernels' means are known exactly at every width, so regressing on them narrows the error of a mean
    and leaves no bias but that of the regression, of order 1 / seeds.
    """
    exact = theory.layer_kernels(problem_of(specification), specification["depth"], "linear", branch_of(specification))
    known = np.array([float(exact.at(0.5)[0, 0]), float(exact.ntk[0, 0])])
    initial = np.stack([fields["H"][:, 0, 0], fields["ntk"][:, 0, 0]], axis=1)
    design = np.column_stack([np.ones(len(initial)), initial - known])
    for name, values in fields.items():
        last = values[..., -1]
        pairs = last.mean(axis=1)
        solution, *_ = np.linalg.lstsq(design, pairs, rcond=None)
        rest = pairs - design @ solution
        freedom = len(pairs) - design.shape[1]
        spread, spread_error = _variance(last, last.mean())
        rows.add(
            name,
            float(solution[0]),
            tau=0.5 if name == "H" else np.nan,
            standard_error=float(np.sqrt(rest @ rest / freedom * np.linalg.inv(design.T @ design)[0, 0])),
            variance=float(spread),
            variance_error=float(spread_error),
        )


def _variance(values: Array, mean: Array | float) -> tuple[Array, Array]:
    """Variance between single networks about `mean`, and its standard error over seeds."""
    spread = ((values - mean) ** 2).mean(axis=1)
    return spread.mean(axis=0), spread.std(axis=0, ddof=1) / np.sqrt(len(spread))
