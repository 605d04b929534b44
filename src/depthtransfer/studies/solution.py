"""What is asked of the theory: one solution, named by the hash of its specification."""

from dataclasses import dataclass
from typing import Any, Literal

from depthtransfer.store.keys import key_of

ENGINE = 1
"""Raised by whoever changes what a solution computes; a test pins values and fails where that was forgotten."""

INFINITE = "inf"

Kind = Literal["initial", "descent", "one_step", "ensemble", "losses", "optimum", "measured_optimum", "sampled"]


@dataclass(frozen=True)
class Inputs:
    """Data as the theory sees them: kernel of inputs x.x'/D, and targets."""

    kernel: tuple[tuple[float, ...], ...]
    targets: tuple[float, ...]

    @classmethod
    def one_datum(cls, target: float) -> "Inputs":
        """One input with |x|^2 = D."""
        return cls(((1.0,),), (target,))


@dataclass(frozen=True, eq=False)
class Solution:
    """One solution and the part of a study that shows it.

    Args:
        part: name of the part, as in the table.
        specification: all that decides the solution.
    """

    part: str
    specification: dict[str, Any]

    @property
    def key(self) -> str:
        """SHA-256 of the canonical specification."""
        return key_of(self.specification)

    @property
    def is_ensemble(self) -> bool:
        """Whether it is a block of finite networks."""
        return "seeds" in self.specification

    def describe(self) -> str:
        """The solution in a few words."""
        s = self.specification
        sizes = f"width={s['width']} depth={s['depth']} gamma0={s['gamma0']:g} beta={s['beta']:g}"
        seeds = f" seeds={s['first_seed']}..{s['first_seed'] + s['seeds'] - 1}" if self.is_ensemble else ""
        return f"{self.part}: {s['kind']} {s['activation']} {sizes}{seeds}"


def solution(
    part: str,
    kind: Kind,
    problem: Inputs,
    *,
    width: int | None = None,
    depth: int | None = None,
    activation: str = "linear",
    alpha: float = 0.5,
    beta: float = 1.0,
    rate_exponent: float | None = None,
    gamma0: float = 1.0,
    learning_rate: float | tuple[float, ...] = 0.0,
    updates: int = 0,
    **more: Any,
) -> Solution:
    """Ask for a solution; `width` or `depth` None is infinite, and `more` is what only some kinds have.

    Args:
        part: name of the part, as in the table.
        kind: how it is solved; see ``studies.solvers``.
        problem: the data.
        width: neurons N.
        depth: residual branches L.
        activation: name of the activation.
        alpha: depth exponent of the branch.
        beta: constant of the branch.
        rate_exponent: power of L in the blocks' learning rate; None is ``2 alpha - 1``.
        gamma0: feature-learning strength.
        learning_rate: eta_0 times the length of an update, or several.
        updates: number of updates.
        more: ``tau`` (layer times), ``report``, ``from_depths``, ``first_seed``, ``seeds``, ``samples``, ``replicas``,
            ``ends`` (frozen: read-in and readout stay as they are drawn).
    """
    return Solution(
        part,
        {
            "engine": ENGINE,
            "kind": kind,
            "kernel": [list(row) for row in problem.kernel],
            "targets": list(problem.targets),
            "width": INFINITE if width is None else width,
            "depth": INFINITE if depth is None else depth,
            "activation": activation,
            "alpha": alpha,
            "beta": beta,
            "rate_exponent": 2 * alpha - 1 if rate_exponent is None else rate_exponent,
            "gamma0": gamma0,
            "learning_rate": list(learning_rate) if isinstance(learning_rate, tuple) else learning_rate,
            "updates": updates,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in more.items()},
        },
    )
