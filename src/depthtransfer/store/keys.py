"""How results are named: by the hash of what was asked for."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def canonical_json(value: Any) -> str:
    """The one way to write a value as JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def key_of(specification: dict[str, Any]) -> str:
    """SHA-256 of a canonical specification."""
    return hashlib.sha256(canonical_json(specification).encode()).hexdigest()


def digest_of_keys(keys: Iterable[str]) -> str:
    """SHA-256 of whole keys, sorted, one a line."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
