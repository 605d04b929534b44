"""A specification in the theory's own types."""

from typing import Any

from depthtransfer import theory


def problem_of(specification: dict[str, Any]) -> theory.Problem:
    """The data."""
    return theory.Problem(specification["kernel"], specification["targets"])


def branch_of(specification: dict[str, Any]) -> theory.Branch:
    """The residual branch."""
    alpha, exponent = specification["alpha"], specification["rate_exponent"]
    return theory.Branch(specification["beta"], alpha, None if exponent == 2 * alpha - 1 else exponent)


def depth_of(specification: dict[str, Any]) -> int | None:
    """Number of residual branches, or None for infinity."""
    return None if specification["depth"] == "inf" else int(specification["depth"])
