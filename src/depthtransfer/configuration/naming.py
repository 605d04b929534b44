"""Names of presets and experiments: they become folders, targets and words of commands."""

import re

from depthtransfer.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_TAKEN = {
    "preset": ("store", "committed", "solutions", "committed-solutions", "imported", "logs", "benchmarks", "sweep"),
    "experiment": ("theory", "logs", "benchmarks"),
}
"""Folders that stand beside those of presets in results/ and figures/, and beside those of experiments below them."""


def checked_name(name: str, kind: str) -> str:
    """Return a name that is safe in a path and in a command.

    Raises:
        ConfigurationError: if it is anything but letters, digits, hyphens and underscores, or means something else.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{kind} {name!r} is no name", "use letters, digits, hyphens and underscores, at most 100"
        )
    if name in _TAKEN.get(kind, ()):
        raise ConfigurationError(f"{kind} {name!r} is the name of something else in results/", "choose another name")
    return name
