"""Damaged files are kept under another name, for whoever wants to know what happened, and are out of the way."""

import secrets
from pathlib import Path

MARK = ".damaged-"


def set_aside(path: Path) -> Path:
    """Rename a file, a folder or a link and return its new place beside the old one.

    Raises:
        OSError: it is no longer there, or may not be renamed.
    """
    return path.rename(path.with_name(f"{path.name}{MARK}{secrets.token_hex(4)}"))
