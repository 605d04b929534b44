"""Why a claim has nothing to be judged by."""

from depthtransfer.errors import UserError


class NotRunError(UserError):
    """A table that a claim needs is not there."""


class TooLittleError(UserError):
    """The tables are there, but not what the claim asks of them."""
