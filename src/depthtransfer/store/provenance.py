"""Who computed a run, when and with what; written beside the result and no part of it."""

import functools
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


_PACKAGES = ("depthtransfer", "torch", "numpy")
_SOLVERS = ("depthtransfer", "jax", "diffrax", "numpy")


def provenance(device: "torch.device") -> dict[str, Any]:
    """Return commit, machine, versions and the time now; nothing that names a person or a host."""
    import torch

    machine = _accelerator(device.index or 0) if device.type == "cuda" else _processor()
    return _made(machine, _PACKAGES) | {"threads": torch.get_num_threads()}


def solver_provenance() -> dict[str, Any]:
    """The same for a solution of the theory, which is computed on the processor."""
    return _made(_processor(), _SOLVERS)


def _made(machine: str, packages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine,
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


@functools.cache
def _accelerator(index: int) -> str:
    import torch

    return torch.cuda.get_device_name(index)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
