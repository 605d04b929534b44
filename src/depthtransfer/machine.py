"""What the scheduler (a batch system, a container) leaves to this process of the machine: cores and memory.

Cores are counted here, since `joblib.cpu_count` takes a quarter of a second to import, which every command would pay,
and sees a quota only of the outermost group.
"""

import math
import os
from pathlib import Path

import psutil


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: those it may run on, no more than the quota of its control groups.

    Args:
        root: where the system's /proc and /sys lie.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, _quota(root))))


def available_bytes() -> int:
    """Return how much memory a process can take now (bytes)."""
    return int(psutil.virtual_memory().available)


def _quota(root: Path) -> float:
    """Cores that the control groups of this process, and those around them, may use; infinite without a limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.inf  # no Linux
    quotas = [math.inf]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        place = Path(path.lstrip("/"))
        for group in (place, *place.parents):
            if not controllers:  # version 2
                quotas.append(_ratio(root / "sys/fs/cgroup" / group / "cpu.max"))
            elif "cpu" in controllers.split(","):
                folder = root / "sys/fs/cgroup/cpu" / group
                quotas.append(_ratio(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"))
    return min(quotas)


def _ratio(*files: Path) -> float:
    """Quota over period, which stand in one file or in two."""
    try:
        quota, period = " ".join(file.read_text(encoding="ascii") for file in files).split()
        cores = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf  # not there, or "max"
    return cores if cores > 0 else math.inf
