"""Depthwise hyperparameter transfer in residual networks, reproduced (arXiv 2309.16620, 2310.02244).

The names below are what a reader of the papers calls: the scaling rules, parameter groups for an optimizer, the
analysis of a table of runs, and a report on anybody's sweep. Each is imported when it is first used, so that this
import costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from depthtransfer.analysis import (
        curves,
        diagnosis,
        estimates,
        fast_transfer,
        loss_order,
        optima,
        regret,
        stability,
        statistics,
        transfer,
    )
    from depthtransfer.models.parametrization import initialize, parameter_groups, resolve
    from depthtransfer.planning import Plan, coordinate_check, load_plan, plan
    from depthtransfer.scaling import Constants, Optimizer, Role, Rule, Scheme, absorb, branch_multiplier, rule
    from depthtransfer.sweep_table import Report, report

__version__ = "0.1.0"

_HOMES = {
    "depthtransfer.scaling": (
        *("Constants", "Optimizer", "Role", "Rule", "Scheme"),
        *("absorb", "branch_multiplier", "rule"),
    ),
    "depthtransfer.models.parametrization": ("initialize", "parameter_groups", "resolve"),
    "depthtransfer.analysis": (
        *("curves", "diagnosis", "estimates", "fast_transfer", "loss_order"),
        *("optima", "regret", "stability", "statistics", "transfer"),
    ),
    "depthtransfer.planning": ("Plan", "coordinate_check", "load_plan", "plan"),
    "depthtransfer.sweep_table": ("Report", "report"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Constants",
    "Optimizer",
    "Plan",
    "Report",
    "Role",
    "Rule",
    "Scheme",
    "absorb",
    "branch_multiplier",
    "coordinate_check",
    "curves",
    "diagnosis",
    "estimates",
    "fast_transfer",
    "initialize",
    "load_plan",
    "loss_order",
    "optima",
    "parameter_groups",
    "plan",
    "regret",
    "report",
    "resolve",
    "rule",
    "stability",
    "statistics",
    "transfer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'depthtransfer' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
