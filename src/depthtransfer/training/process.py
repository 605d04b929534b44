"""What a training process sets up before its first step: same bits again, kept memory, random numbers by name."""

import ctypes
import hashlib
import os
import sys

import torch


def make_deterministic(threads: int = 1) -> None:
    """One thread, deterministic kernels, no reduced precision behind fp32's back."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # no kernel reads it
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_TRIM_ABOVE = 2**31 - 1
_MMAP_ABOVE = 2**25


def keep_freed_memory() -> None:
    """Ask glibc not to hand memory back to the system after every step; elsewhere, do nothing.

    A training step frees and allocates the same activations again and again. Handing them back costs thousands of
    page faults a step, about a tenth of the time of a narrow network; keeping them changes neither bits nor the peak.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _MMAP_ABOVE)
        mallopt(_TRIM_THRESHOLD, _TRIM_ABOVE)


def named_rng(seed: int, name: str) -> torch.Generator:
    """Return a CPU generator of its own for each pair of seed and name, the same on every device."""
    digest = hashlib.sha256(f"{name}/{seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
