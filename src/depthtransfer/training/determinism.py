"""Process-wide switches under which the same run gives the same bits again."""

import os

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
