"""A limit on hours, on this machine or on a named one: `10h`, `90min`, `2d`, `500h@a100`."""

import re
from dataclasses import dataclass

from depthtransfer.errors import ConfigurationError, UserError

_HOURS = {"min": 1 / 60, "h": 1.0, "d": 24.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(min|h|d)(?:@([a-z][a-z0-9_]*))?")


class OverBudgetError(UserError):
    """What is asked for costs more than was allowed."""

    exit_code = 6


@dataclass(frozen=True)
class Budget:
    """So many hours at most.

    Args:
        text: as it was written.
        hours: of wall time here, or of GPU time on a named machine.
        machine: name of a machine; None is this one.
    """

    text: str
    hours: float
    machine: str | None

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """Read a budget.

        Raises:
            ConfigurationError: if it is none.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise ConfigurationError(
                f"budget {text!r} is not understood", "write a number with min, h or d, such as 10h, or 500h@a100"
            )
        return cls(text, float(found[1]) * _HOURS[found[2]], found[3])

    def check(self, hours: float, what: str) -> None:
        """Refuse what takes longer.

        Raises:
            OverBudgetError: saying how much longer.
        """
        if hours > self.hours:
            where = f" on {self.machine}" if self.machine else " here"
            raise OverBudgetError(
                f"{what} takes {hours:.3g} hours{where}, the budget is {self.text}",
                "ask for less, raise the budget, or use a smaller preset",
            )
