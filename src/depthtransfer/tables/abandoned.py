"""What killed writers left half-written; it is removed when it is so old that nobody can still be writing it."""

import shutil
from pathlib import Path

ABANDONED_AFTER = 24 * 3600.0
"""Seconds; a writer that lives has renamed or removed its file long before."""


def remove_abandoned(folder: Path, pattern: str, now: float) -> None:
    """Remove files and folders of one kind that were last changed a day ago or more.

    Args:
        folder: where to look, not below.
        pattern: of the names, as for `Path.glob`.
        now: time at which something was just written there, by the clock of the disk (s). The clock of this machine
            may be off; with another machine's file that would be the other's loss.
    """
    for left in folder.glob(pattern):
        try:
            if now - left.lstat().st_mtime < ABANDONED_AFTER:
                continue
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        except OSError:
            continue  # another process was faster, or it is another user's
