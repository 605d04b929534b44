"""Parquet from bytes, in a way that lets the process end.

Arrow's reader threads may outlive the reading and, where they hold a Python object such as a BytesIO, abort or hang the
interpreter while it exits (https://github.com/apache/arrow/issues/33975). Here they hold none, and there are none.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow.parquet as pq


def parquet_of(content: bytes) -> "pq.ParquetFile":
    """Open the bytes of a Parquet file; what is read from it is to be read with ``use_threads=False``.

    Raises:
        OSError, ArrowException: they are not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
