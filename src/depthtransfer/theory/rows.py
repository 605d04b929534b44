"""From a specification (a plain dictionary) to rows of a table: t, f, loss, ntk, H_mid.

One datum with ``|x|**2 = D``, all weights trained, learning rate ``eta_0 gamma_0**2 N``, loss ``(target - f)**2 / 2``.
``ntk`` is the tangent kernel in units of eta_0, so ``df/dt = eta_0 ntk (target - f)`` under gradient flow, and
``H_mid`` is ``<h h>`` at layer time 1/2 and equal times.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.closed_forms import lazy_descent, lazy_flow
from depthtransfer.theory.descent import first_unstable, march
from depthtransfer.theory.extrapolation import to_infinite_depth
from depthtransfer.theory.initial import InitialKernels, layer_kernels, limit_kernels
from depthtransfer.theory.problem import Array, Branch, Problem
from depthtransfer.theory.sampled import sample

Row = dict[str, float | int | str | None]

MARCH_DEPTHS = (8, 16, 32, 64)
"""Depths from which gradient descent of linear networks is extrapolated to infinite depth."""
SAMPLED_DEPTHS = (4, 8, 16)
"""Depths from which sampled solutions are extrapolated to infinite depth."""

_COMMON: dict[str, Any] = {
    "depth": "inf", "eta0": 0.1, "target": 1.0, "times": None, "step": None, "beta": 1.0, "alpha": 0.5,
}  # fmt: skip
DEFAULTS: dict[str, dict[str, Any]] = {
    "linear": {**_COMMON, "gamma0": 1.0},
    "lazy": {**_COMMON, "activation": "linear"},
    "sampled": {
        **_COMMON, "gamma0": 1.0, "activation": "relu", "samples": 4096, "replicas": 4, "seed": 0,
    },
}  # fmt: skip
"""What a specification may say, by kind, and what is taken where it is silent; `times` is required."""


def theory_rows(specification: Mapping[str, Any]) -> list[Row]:
    """Solve what `specification` describes.

    Args:
        specification: ``kind`` (linear, lazy or sampled) and any of the keys of `DEFAULTS[kind]`. ``depth`` is a
            number of residual branches or "inf"; ``step`` is the length of one update, or None for gradient flow.

    Returns:
        One row for each time with keys t, f, loss, ntk, H_mid; sampled rows add the standard errors f_error,
        loss_error, ntk_error, H_mid_error. If the step is unstable, all rows add status and diverged_step, and
        rows after that update hold None.

    Raises:
        ConfigurationError: a key is unknown or a value is out of range.
    """
    kind = specification.get("kind")
    if kind not in DEFAULTS:
        raise ConfigurationError(f"kind {kind!r}", f"choose one of {', '.join(DEFAULTS)}")
    unknown = set(specification) - set(DEFAULTS[kind]) - {"kind"}
    if unknown:
        raise ConfigurationError(
            f"theory {kind}: unknown keys {sorted(unknown)}", f"known keys are {', '.join(DEFAULTS[kind])}"
        )
    full = {**DEFAULTS[kind], **{k: v for k, v in specification.items() if k != "kind"}}
    if full["times"] is None or len(full["times"]) == 0:
        raise ConfigurationError(f"theory {kind}: no times", "give at least one time")
    solvers: dict[str, Callable[[dict[str, Any]], list[Row]]] = {
        "linear": _linear, "lazy": _lazy, "sampled": _sampled,
    }  # fmt: skip
    return solvers[kind](full)


def _depth(value: Any) -> int | None:
    """Number of branches, or None for infinity."""
    if value in ("inf", math.inf):
        return None
    if isinstance(value, bool) or int(value) != float(value) or int(value) < 1:
        raise ConfigurationError(f"depth {value!r}", "give a number of residual branches of at least 1, or inf")
    return int(value)


def _updates(times: list[float], step: float) -> list[int]:
    """Number of updates at each time; times must be multiples of the step."""
    if not (math.isfinite(step) and step > 0):
        raise ConfigurationError(f"step = {step}", "give a step above 0")
    counts = []
    for t in times:
        if not (math.isfinite(t) and t >= 0):
            raise ConfigurationError(f"time {t}", "give times of at least 0")
        count = round(t / step)
        if abs(count * step - t) > 1e-6 * step:
            raise ConfigurationError(
                f"time {t:g} is no multiple of the step {step:g}", f"the nearest is {count * step:.12g}"
            )
        counts.append(count)
    return counts


def _branch(full: dict[str, Any]) -> Branch:
    return Branch(beta=float(full["beta"]), alpha=float(full["alpha"]))


def _linear(full: dict[str, Any]) -> list[Row]:
    times = [float(t) for t in full["times"]]
    depth, target, step = _depth(full["depth"]), float(full["target"]), full["step"]
    common: dict[str, Any] = {"gamma0": float(full["gamma0"]), "eta0": float(full["eta0"]), "branch": _branch(full)}
    if step is None:
        raise ConfigurationError(
            "theory linear solves gradient descent", "give --step, the length of one update in time"
        )
    if depth is None:
        _ = common["branch"].limit_noise  # refuses what has no limit of infinite depth
    counts = _updates(times, float(step))
    problem = Problem.one_datum(target)
    depths = MARCH_DEPTHS if depth is None else (depth,)
    parts = [march(problem, level, step=float(step), steps=max(counts), **common) for level in depths]
    columns = [(p.f[:, 0], p.ntk[:, 0, 0], p.H_at(0.5)[:, 0, 0]) for p in parts]
    f, ntk, middle = columns[0] if depth is not None else to_infinite_depth(columns, depths)
    diverged = first_unstable(ntk[:, None, None], f[:, None], problem, float(full["eta0"]) * float(step))
    loss = 0.5 * (target - f) ** 2
    return _discrete(times, counts, diverged, {"f": f, "loss": loss, "ntk": ntk, "H_mid": middle})


def _lazy(full: dict[str, Any]) -> list[Row]:
    times = [float(t) for t in full["times"]]
    depth, target, eta0 = _depth(full["depth"]), float(full["target"]), float(full["eta0"])
    problem = Problem.one_datum(target)
    kernels: InitialKernels = (
        limit_kernels(problem, full["activation"], _branch(full), np.array([0.0, 0.5, 1.0]))
        if depth is None
        else layer_kernels(problem, depth, full["activation"], _branch(full))
    )
    ntk, middle = float(kernels.ntk[0, 0]), float(kernels.at(0.5)[0, 0])
    if full["step"] is None:
        residual = lazy_flow(problem, kernels.ntk, eta0, times)[:, 0]
        return [_row(t, target - r, r**2 / 2, ntk, middle) for t, r in zip(times, residual, strict=True)]
    step = float(full["step"])
    counts = _updates(times, step)
    residual = lazy_descent(problem, kernels.ntk, eta0, step, max(counts))[:, 0]
    constant = np.ones_like(residual)
    columns = {
        "f": target - residual,
        "loss": residual**2 / 2,
        "ntk": ntk * constant,
        "H_mid": middle * constant,
    }
    diverged = first_unstable(columns["ntk"][:, None, None], columns["f"][:, None], problem, eta0 * step)
    return _discrete(times, counts, diverged, columns)


def _sampled(full: dict[str, Any]) -> list[Row]:
    times = [float(t) for t in full["times"]]
    if full["step"] is None:
        raise ConfigurationError("theory sampled solves gradient descent", "give a step")
    step = float(full["step"])
    counts = _updates(times, step)
    found = sample(
        Problem.one_datum(float(full["target"])), _depth(full["depth"]) or SAMPLED_DEPTHS, gamma0=float(full["gamma0"]),
        eta0=float(full["eta0"]), step=step, steps=max(counts), phi=full["activation"], samples=int(full["samples"]),
        replicas=int(full["replicas"]), seed=int(full["seed"]), branch=_branch(full),
    )  # fmt: skip
    columns: dict[str, Array] = {}
    for name in ("f", "loss", "ntk", "H_mid"):
        shape = (len(found.time),)
        columns[name] = getattr(found, name).reshape(shape)
        columns[f"{name}_error"] = found.errors[name].reshape(shape)
    return _discrete(times, counts, found.diverged_step, columns)


def _row(t: float, f: float, loss: float, ntk: float, middle: float) -> Row:
    return {"t": t, "f": float(f), "loss": float(loss), "ntk": float(ntk), "H_mid": float(middle)}


def _discrete(times: list[float], counts: list[int], diverged: int | None, columns: dict[str, Array]) -> list[Row]:
    """Rows at numbers of updates; None after the update at which the step became unstable."""
    rows: list[Row] = []
    for t, count in zip(times, counts, strict=True):
        row: Row = {"t": t}
        for name, values in columns.items():
            usable = (diverged is None or count <= diverged) and math.isfinite(values[count])
            row[name] = float(values[count]) if usable else None
        if diverged is not None:
            row["status"] = "diverged"
            row["diverged_step"] = diverged
        rows.append(row)
    return rows
