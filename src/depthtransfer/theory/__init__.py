"""Infinite-width, infinite-depth theory of residual networks, and finite networks to hold it against.

Importing this package switches JAX to 64-bit arithmetic for the whole process: every number here is float64,
and JAX offers no narrower switch that survives compilation. Nothing else of the project imports JAX.
"""

import jax

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

from depthtransfer.theory.activations import ACTIVATIONS, Activation, activation  # noqa: E402 - after the switch
from depthtransfer.theory.closed_forms import lazy_descent, lazy_flow, one_step_kernel  # noqa: E402
from depthtransfer.theory.descent import MarchSolution, march  # noqa: E402
from depthtransfer.theory.ensemble import EnsembleSolution, simulate  # noqa: E402
from depthtransfer.theory.extrapolation import to_infinite_depth  # noqa: E402
from depthtransfer.theory.initial import InitialKernels, layer_kernels, limit_kernels  # noqa: E402
from depthtransfer.theory.optimum import (  # noqa: E402
    MeasuredOptimum,
    Optimum,
    measured_optimum,
    measured_predictors,
    predicted_losses,
    predicted_optimum,
)
from depthtransfer.theory.problem import Branch, Problem  # noqa: E402
from depthtransfer.theory.rows import theory_rows  # noqa: E402
from depthtransfer.theory.sampled import SampledSolution, sample  # noqa: E402

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Branch",
    "EnsembleSolution",
    "InitialKernels",
    "MarchSolution",
    "MeasuredOptimum",
    "Optimum",
    "Problem",
    "SampledSolution",
    "activation",
    "layer_kernels",
    "lazy_descent",
    "lazy_flow",
    "limit_kernels",
    "march",
    "measured_optimum",
    "measured_predictors",
    "one_step_kernel",
    "predicted_losses",
    "predicted_optimum",
    "sample",
    "simulate",
    "theory_rows",
    "to_infinite_depth",
]
