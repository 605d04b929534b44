"""Values of a solution, one a row, in the layout in which they are stored."""

import math
from typing import Any

from depthtransfer import theory
from depthtransfer.store.records import SOLUTION


class SolutionRows:
    """Collects rows; those that are not finite are left out and counted.

    Args:
        specification: of the solution; gives what a row does not say.
        last_update: rows of later updates are left out; None keeps all.
    """

    def __init__(self, specification: dict[str, Any], last_update: int | None = None) -> None:
        self._specification = specification
        self._last = last_update
        self._columns: dict[str, list[Any]] = {name: [] for name, _ in SOLUTION.series}
        self.left_out = 0

    def add(
        self,
        quantity: str,
        value: float,
        *,
        updates: int | None = None,
        learning_rate: float | None = None,
        tau: float = math.nan,
        mu: int = 0,
        nu: int = 0,
        standard_error: float = 0.0,
        variance: float = math.nan,
        variance_error: float = math.nan,
    ) -> None:
        """Add one value; see THEORY in ``tables/columns.py`` for what the names mean."""
        made = self._specification["updates"] if updates is None else updates
        if not math.isfinite(value) or (self._last is not None and made > self._last):
            self.left_out += 1
            return
        row = {
            "quantity": quantity,
            "learning_rate": self._specification["learning_rate"] if learning_rate is None else learning_rate,
            "updates": made,
            "tau": tau,
            "mu": mu,
            "nu": nu,
            "value": value,
            "standard_error": standard_error,
            "variance": variance,
            "variance_error": variance_error,
        }
        for name, entry in row.items():
            self._columns[name].append(entry)

    @property
    def series(self) -> dict[str, list[Any]]:
        """The rows as columns."""
        return self._columns


def problem_of(specification: dict[str, Any]) -> theory.Problem:
    """The data."""
    return theory.Problem(specification["kernel"], specification["targets"])


def branch_of(specification: dict[str, Any]) -> theory.Branch:
    """The residual branch."""
    alpha, exponent = specification["alpha"], specification["rate_exponent"]
    return theory.Branch(specification["beta"], alpha, None if exponent == 2 * alpha - 1 else exponent)


def trained_ends(specification: dict[str, Any]) -> bool:
    """Whether read-in and readout are trained too."""
    return specification.get("ends") != "frozen"


def depth_of(specification: dict[str, Any]) -> int | None:
    """Number of residual branches, or None for infinity."""
    return None if specification["depth"] == "inf" else int(specification["depth"])
