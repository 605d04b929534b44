"""Memory that a step has used stays with the process for the next step."""

import ctypes
import sys

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
