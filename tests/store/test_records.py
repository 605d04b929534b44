import json
import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from depthtransfer.errors import StoreError
from depthtransfer.store.keys import canonical_json, key_of
from depthtransfer.store.records import RUN, Record, decode, encode, keys_in
from depthtransfer.tables.parquet import seal


def record(name: str = "one", loss: tuple[float, ...] = (2.0, 1.5)) -> Record:
    return Record(
        specification={"name": name, "learning_rate": 0.1},
        summary={"status": "ok", "diverged_step": None, "device": "cpu"},
        provenance={"seconds": 0.5},
        series={"loss": loss, "accuracy": (0.5,) * len(loss), "learning_rate_factor": (1.0,) * len(loss)},
    )


def rewritten(content: bytes, **columns: Any) -> bytes:
    """A sealed file of runs of which some columns were replaced."""
    table = pq.read_table(BytesIO(content))
    for name, values in columns.items():
        index = table.schema.names.index(name)
        field = table.schema.field(name)
        table = table.set_column(index, field, pa.array(values, field.type))
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return seal(buffer.getvalue())


def test_round_trip_keeps_every_bit_of_a_loss(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    losses = (0.1, 1e-45, 3.4e38, -0.0, math.inf, -math.inf, math.nan)
    written = record(loss=losses)
    path.write_bytes(encode([written]))
    (read,) = decode(path)
    assert (read.specification, read.summary, read.provenance, read.key) == (
        written.specification,
        written.summary,
        written.provenance,
        written.key,
    )
    assert np.array_equal(np.float32(read.series["loss"]), np.float32(losses), equal_nan=True)


def test_a_pack_is_sorted_by_key_and_independent_of_order(tmp_path: Path) -> None:
    records = [record(name) for name in "abcde"]
    content = encode(records)
    assert content == encode(reversed(records))
    path = tmp_path / "pack.parquet"
    path.write_bytes(content)
    keys = [run.key for run in decode(path)]
    assert keys == sorted(run.key for run in records)
    assert keys_in(path) == frozenset(keys)
    assert [run.key for run in decode(path, frozenset(keys[1:3]))] == keys[1:3]
    assert list(decode(path, frozenset({"absent"}))) == []


def test_a_key_is_that_of_the_values_in_any_order() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert key_of({"a": 1}) != key_of({"a": 1.5})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": math.nan})


def other_schema(content: bytes) -> bytes:
    table = pq.read_table(BytesIO(content)).drop_columns(["loss"])
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return seal(buffer.getvalue())


def other_format(content: bytes) -> bytes:
    table = pq.read_table(BytesIO(content)).replace_schema_metadata({"format": RUN.format + "0"})
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return seal(buffer.getvalue())


def foreign(content: bytes) -> bytes:
    buffer = BytesIO()
    pq.write_table(pa.table({"key": ["a"], "anything": [1]}), buffer)
    return buffer.getvalue()


DAMAGES = {
    "truncated": lambda c: c[: len(c) // 2],
    "a bit flipped": lambda c: bytes([c[0], c[1], c[2], c[3], c[4] ^ 1]) + c[5:],
    "text": lambda c: b"this is no Parquet file, but it is long enough to be one, is it not?",
    "foreign Parquet": foreign,
    "zeros where Parquet should be, sealed": lambda c: seal(bytes(100) + (50).to_bytes(4, "little") + b"PAR1"),
    "other schema": other_schema,
    "other format": other_format,
    "wrong key": lambda c: rewritten(c, key=["0" * 64]),
    "other specification": lambda c: rewritten(c, specification=['{"name":"two"}']),
    "deeply nested JSON": lambda c: rewritten(c, summary=["[" * 100_000]),
    "summary that is no mapping": lambda c: rewritten(c, summary=["[]"]),
    "missing series": lambda c: rewritten(c, loss=[None]),
    "series of different lengths": lambda c: rewritten(c, loss=[[1.0]]),
    "series with gaps": lambda c: rewritten(c, loss=[[1.0, None]]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_line_that_names_the_file(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "run.parquet"
    path.write_bytes(DAMAGES[damage](encode([record()])))
    with pytest.raises(StoreError) as caught:
        list(decode(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "foreign Parquet", "other schema"])
def test_what_is_no_pack_lists_no_keys(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "pack.parquet"
    path.write_bytes(DAMAGES[damage](encode([record()])))
    with pytest.raises(StoreError, match=r"pack\.parquet"):
        keys_in(path)


@pytest.mark.parametrize("read", [lambda path: list(decode(path)), keys_in])
@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_file_that_is_absent_or_a_folder(tmp_path: Path, read: Any, make: Any) -> None:
    make(tmp_path / "run.parquet")
    with pytest.raises(StoreError, match=r"run\.parquet"):
        read(tmp_path / "run.parquet")


def test_a_stored_run_is_readable_by_any_parquet_reader(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    path.write_bytes(encode([record()]))
    (row,) = pq.read_table(path).to_pylist()
    assert json.loads(row["specification"]) == record().specification
    assert row["loss"] == [2.0, 1.5]
