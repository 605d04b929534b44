"""Who computed a run, when and with what; written beside the result and no part of it."""

import functools
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

TRAINING = ("depthtransfer", "torch", "numpy")
SOLVING = ("depthtransfer", "jax", "diffrax", "numpy")
"""Packages that compute a run, and a solution of the theory."""


def provenance(packages: Iterable[str], accelerator: str | None = None) -> dict[str, Any]:
    """Return commit, machine, versions and the time now; nothing that names a person or a host.

    Args:
        packages: whose versions count.
        accelerator: name of the GPU that computes; None is the processor.
    """
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": accelerator or _processor(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in packages},
    }


@functools.cache
def commit() -> str:
    """Commit of the code, with +dirty where tracked files differ from it; unknown outside a checkout."""
    here = Path(__file__).parent
    try:
        head = _git(here, "rev-parse", "HEAD")
        dirty = _git(here, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head + ("+dirty" if dirty else "")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "--no-optional-locks", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout.strip()


@functools.cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
