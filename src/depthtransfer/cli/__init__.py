"""The command line: one thin file per subcommand, heavy imports inside the command that needs them."""

from depthtransfer.cli.main import main

__all__ = ["main"]
