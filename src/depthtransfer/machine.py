"""How many processor cores this process may use."""

import os


def usable_cores() -> int:
    """Return the cores that the scheduler (a batch system, a container) leaves to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
