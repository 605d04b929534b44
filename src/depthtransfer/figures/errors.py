"""What a figure refuses."""

from depthtransfer.errors import UserError


class FigureError(UserError):
    """A figure that is not known, or tables that do not hold what it shows."""

    exit_code = 4
