"""Errors that are written for the person who will read them."""


class UserError(Exception):
    """Something the user can put right: printed as one line, never as a traceback.

    Args:
        what: what was found and where (file, key, value).
        remedy: what would be right, or which command to run.
    """

    exit_code = 2

    def __init__(self, what: str, remedy: str) -> None:
        self.what = " ".join(what.split())
        self.remedy = " ".join(remedy.split())
        super().__init__(self.what, self.remedy)

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


class ConfigurationError(UserError):
    """A preset, an experiment or a command line that does not say something valid."""


class DataError(UserError):
    """A data set that is missing, damaged or not the one that was declared."""

    exit_code = 3


class StoreError(UserError):
    """A result file that is missing, damaged or foreign."""

    exit_code = 4


class AnalysisError(UserError):
    """A runs table from which nothing can be concluded, or a question that does not fit the table."""

    exit_code = 4
