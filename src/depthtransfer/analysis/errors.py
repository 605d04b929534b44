"""What an analysis refuses."""

from depthtransfer.errors import UserError


class AnalysisError(UserError):
    """A runs table from which nothing can be concluded, or a question that does not fit the table."""

    exit_code = 4
