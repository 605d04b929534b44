"""Refuse what does not fit into memory, and say what would."""

from collections.abc import Callable

from depthtransfer.errors import ConfigurationError
from depthtransfer.machine import available_bytes


def require_memory(needed: int, limit: int | None, what: str, fitting: Callable[[float], str]) -> None:
    """Raise a `ConfigurationError` if `needed` bytes exceed `limit` (None: nine tenths of the free memory).

    Args:
        needed: bytes that the computation will hold at once.
        limit: bytes allowed.
        what: the request, such as "a march over T=160 rows, P=1 data points, L=64 branches".
        fitting: says which size would fit, given the share of the request that does (below 1).
    """
    allowed = int(0.9 * available_bytes()) if limit is None else limit
    if needed > allowed:
        raise ConfigurationError(
            f"{what} needs {needed / 2**30:.3g} GiB and {allowed / 2**30:.3g} GiB are free", fitting(allowed / needed)
        )
