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
    sealed = seal(parquet)
    assert is_sealed(sealed)
    assert pq.read_table(BytesIO(sealed)).equals(pq.read_table(BytesIO(parquet)))


def test_every_flipped_bit_is_detected(parquet: bytes) -> None:
    sealed = bytearray(seal(parquet))
    for position in range(len(sealed)):
        for bit in range(8):
            sealed[position] ^= 1 << bit
            assert not is_sealed(bytes(sealed)), (position, bit)
            sealed[position] ^= 1 << bit


def test_every_truncation_and_extension_is_detected(parquet: bytes) -> None:
    sealed = seal(parquet)
    for length in range(len(sealed)):
        assert not is_sealed(sealed[:length])
        assert not is_sealed(sealed[length + 1 :])
    for byte in (b"\0", b"1"):
        assert not is_sealed(sealed + byte)
        assert not is_sealed(byte + sealed)


def test_foreign_parquet_is_not_sealed(parquet: bytes) -> None:
    assert not is_sealed(parquet)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_never_sealed_and_never_an_exception(content: bytes) -> None:
    assert not is_sealed(content)
    assert not is_sealed(content + b"PAR1")


@given(st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_an_arbitrary_footer_length_is_no_exception(length: int, content: bytes) -> None:
    assert not is_sealed(content + length.to_bytes(4, "little") + b"PAR1")
