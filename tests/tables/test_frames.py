import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from depthtransfer.errors import StoreError
from depthtransfer.tables.columns import PROVENANCE, RUNS, STEPS, Column
from depthtransfer.tables.frames import read_table, schema, write_csv, write_table
from depthtransfer.tables.parquet import seal

COLUMNS = (
    Column("name", "string", "-", "a text"),
    Column("loss", "float64", "nats", "a number", numbers="or NaN"),
    Column("step", "int64", "steps", "a step", nullable=True),
)
ROW = {"name": "a", "loss": 0.1, "step": 3}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    write_table(table(ROW, ROW | {"loss": float("nan"), "step": None}), path, COLUMNS)
    frame = read_table(path, COLUMNS)
    assert list(frame.columns) == ["name", "loss", "step"]
    assert frame["loss"][0] == 0.1
    assert frame.isna().sum().to_dict() == {"name": 0, "loss": 1, "step": 1}


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_table(table(ROW), tmp_path / name, COLUMNS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"name": "a", "loss": 0.1}, "lacks step"),
        (ROW | {"extra": 1, "other": 2}, "has unknown extra, has unknown other"),
        (ROW | {"loss": "text"}, "does not fit"),
        (ROW | {"step": 0.5}, "does not fit"),
        (ROW | {"name": None}, "has missing values in column name"),
    ],
)
def test_what_does_not_fit_is_not_written(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = tmp_path / "table.parquet"
    with pytest.raises(StoreError, match=said) as caught:
        write_table(table(row), path, COLUMNS)
    assert str(path) in str(caught.value)
    assert not path.exists()


def put(path: Path, content: pa.Table, *, sealed: bool = True) -> None:
    buffer = BytesIO()
    pq.write_table(content, buffer)
    path.write_bytes(seal(buffer.getvalue()) if sealed else buffer.getvalue())


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (COLUMNS[:2], "lacks step"),
        ((*COLUMNS, Column("extra", "string", "-", "-", nullable=True)), "has unknown extra"),
        (COLUMNS[::-1], "types or order differ"),
        ((*COLUMNS[:2], Column("step", "float64", "steps", "a step", nullable=True)), "types or order differ"),
    ],
)
def test_other_columns_are_refused_when_read(tmp_path: Path, columns: tuple[Column, ...], said: str) -> None:
    path = tmp_path / "table.parquet"
    put(path, pa.table({column.name: [] for column in columns}, schema=schema(columns)))
    with pytest.raises(StoreError, match=said) as caught:
        read_table(path, COLUMNS)
    assert str(path) in str(caught.value)


def aside_of(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.damaged-*"))


def test_a_damaged_table_is_set_aside_so_that_it_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    write_table(table(ROW), path, COLUMNS)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        read_table(path, COLUMNS)
    assert not path.exists()
    (aside,) = aside_of(path)
    assert aside.read_bytes() == content
    assert aside.name in str(caught.value)
    write_table(table(ROW), path, COLUMNS)
    assert len(read_table(path, COLUMNS)) == 1


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.name)])
def test_what_is_no_file_is_set_aside(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "table.parquet"
    make(path)
    with pytest.raises(StoreError, match="set aside"):
        read_table(path, COLUMNS)
    assert len(aside_of(path)) == 1
    write_table(table(ROW), path, COLUMNS)


def test_a_damaged_table_that_cannot_be_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(b"")

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreError, match=r"cannot be set aside: Permission denied; remove it, then run: snakemake"):
        read_table(path, COLUMNS)


NAN, INF = float("nan"), float("inf")
CONDITIONAL = (
    Column("status", "string", "-", "ok or diverged"),
    Column("loss", "float64", "nats", "any", numbers="any", finite_where=("status", "ok")),
)


@pytest.mark.parametrize(
    ("numbers", "admitted", "refused"),
    [("finite", [1.0], [NAN, INF, -INF]), ("or NaN", [1.0, NAN], [INF, -INF]), ("or infinite", [-INF, INF], [NAN])],
)
def test_numbers_that_may_not_stand_in_a_column(
    tmp_path: Path, numbers: Any, admitted: list[float], refused: list[float]
) -> None:
    path = tmp_path / "table.parquet"
    column = Column("x", "float64", "-", "-", numbers=numbers)
    anything = Column("x", "float64", "-", "-", numbers="any")
    write_table(pa.table({"x": admitted}), path, [column])
    assert len(read_table(path, [column])) == len(admitted)
    for value in refused:
        with pytest.raises(StoreError, match="numbers in column x that may not stand there"):
            write_table(pa.table({"x": [1.0, value]}), path, [column])
        write_table(pa.table({"x": [1.0, value]}), path, [anything])
        with pytest.raises(StoreError, match=r"numbers in column x .* set aside"):
            read_table(path, [column])


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_is_ok_is_finite(tmp_path: Path, value: float) -> None:
    path = tmp_path / "table.parquet"
    write_table(pa.table({"status": ["diverged", "ok"], "loss": [value, 1.0]}), path, CONDITIONAL)
    with pytest.raises(StoreError, match="numbers in column loss"):
        write_table(pa.table({"status": ["diverged", "ok"], "loss": [1.0, value]}), path, CONDITIONAL)


def test_an_absent_table_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"does not exist; run: snakemake .*table\.parquet"):
        read_table(tmp_path / "table.parquet", COLUMNS)


@pytest.mark.parametrize("columns", [RUNS, STEPS, PROVENANCE])
def test_declared_columns_are_distinct_and_explained(columns: tuple[Column, ...]) -> None:
    assert len({column.name for column in columns}) == len(columns)
    assert all(column.meaning and column.unit for column in columns)
    assert [field.metadata[b"unit"].decode() for field in schema(columns)] == [column.unit for column in columns]


def test_csv_has_fixed_formatting(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    path = tmp_path / "table.csv"
    write_csv(pd.DataFrame({"a": [1 / 3, 2.0], "b": [None, "x,y"]}), path)
    assert path.read_bytes() == b'a,b\n0.333333333,\n2,"x,y"\n'
