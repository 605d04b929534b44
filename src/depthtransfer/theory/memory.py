"""Refuse what does not fit into memory, and say what would."""

import os

from depthtransfer.errors import ConfigurationError


def available_bytes() -> int:
    """Physical memory that is free now, in bytes."""
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def require_memory(needed: int, limit: int | None, what: str, fitting: str) -> None:
    """Raise a `ConfigurationError` if `needed` bytes exceed `limit` (None: nine tenths of the free memory).

    Args:
        needed: bytes that the computation will hold at once.
        limit: bytes allowed.
        what: the request, such as "a march over T=160, P=1, L=64".
        fitting: a format with one field, filled with the factor by which the request is too large.
    """
    allowed = int(0.9 * available_bytes()) if limit is None else limit
    if needed > allowed:
        raise ConfigurationError(
            f"{what} needs {needed / 2**30:.3g} GiB and {allowed / 2**30:.3g} GiB are free",
            fitting.format(needed / allowed),
        )
