from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthtransfer.tables.parquet import is_sealed, seal


@pytest.fixture(scope="module")
def parquet() -> bytes:
    buffer = BytesIO()
    pq.write_table(pa.table({"value": [1.5, 2.5]}), buffer)
    return buffer.getvalue()


def test_a_sealed_file_is_parquet_with_the_same_content(parquet: bytes) -> None:
    assert is_sealed(seal(parquet))
    assert not is_sealed(parquet)
    assert pq.read_table(BytesIO(seal(parquet))).equals(pq.read_table(BytesIO(parquet)))


def test_every_flipped_bit_and_every_other_length_is_detected(parquet: bytes) -> None:
    sealed = bytearray(seal(parquet))
    for position in range(len(sealed)):
        assert not is_sealed(bytes(sealed[:position]))
        assert not is_sealed(bytes(sealed[position + 1 :]))
        for bit in range(8):
            sealed[position] ^= 1 << bit
            assert not is_sealed(bytes(sealed)), (position, bit)
            sealed[position] ^= 1 << bit
    assert not is_sealed(bytes(sealed) + b"1")


@given(st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_arbitrary_bytes_are_never_sealed_and_never_an_exception(length: int, content: bytes) -> None:
    for end in (b"", b"PAR1", length.to_bytes(4, "little") + b"PAR1"):
        assert not is_sealed(content + end)
