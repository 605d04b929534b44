"""A checksum inside a Parquet file that covers every one of its bits, and leaves it a valid Parquet file.

Parquet finds its pages by absolute offsets that stand in the footer, so bytes between the last page and the footer
are read by nobody. The SHA-256 of all other bytes is put there.
"""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_TAIL = 8
_SEAL_BYTES = 32


def seal(content: bytes) -> bytes:
    """Return the bytes of a Parquet file with the checksum put before the footer."""
    split = _footer_start(content)
    body, footer = content[:split], content[split:]
    return body + hashlib.sha256(body + footer).digest() + footer


def is_sealed(content: bytes) -> bool:
    """Whether these bytes are a sealed Parquet file with no bit changed."""
    if len(content) < 2 * _TAIL + _SEAL_BYTES or content[-4:] != _MAGIC:
        return False
    split = _footer_start(content)
    if split < _SEAL_BYTES:
        return False
    body, found, footer = (
        content[: split - _SEAL_BYTES],
        content[split - _SEAL_BYTES : split],
        content[split:],
    )
    return hashlib.sha256(body + footer).digest() == found


def _footer_start(content: bytes) -> int:
    return len(content) - _TAIL - int.from_bytes(content[-_TAIL:-4], "little")


def parquet_of(content: bytes) -> pq.ParquetFile:
    """Open the bytes of a Parquet file; what is read from it is to be read with ``use_threads=False``.

    Raises:
        OSError, ArrowException: they are not Parquet.
    """
    return pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
