"""No file whatsoever in the store leads to anything but the run that was written or a line that names the file.

Files with flipped bits fail at the checksum. So that what lies behind it is reached too, most files here are sealed
anew: pages and footers of Parquet with wrong bytes, and well-formed files with wrong content.
"""

import math
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.test_store import record

from depthtransfer.store.keys import canonical_json, key_of
from depthtransfer.store.records import RUN, Record, encode
from depthtransfer.store.store import Store
from depthtransfer.tables.parquet import is_sealed, seal

CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
RUN_A, RUN_B = record("a", 1.0), record("b", 2.0)
DEADLINE = 5000
"""Milliseconds for one file, on a machine that has much else to do; one takes about three."""


@cache
def one() -> bytes:
    return encode([RUN_A])


@cache
def plain() -> bytes:
    """The same file without its checksum."""
    content = one()
    split = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[: split - 32] + content[split:]


def as_read(written: Record) -> Record:
    series = {name: list(values) for name, values in written.series.items()}
    return Record(written.specification, written.summary, written.provenance, series, list(written.logits))


def survives(folder: Path, content: bytes, capsys: pytest.CaptureFixture[str], *, intact: bool = False) -> None:
    """Read a file as a run and as a pack; only what was written comes back, and whatever else is named."""
    local = Store(local=folder / "local", layers=())
    path = local.path(RUN_A.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    packed = Store(local=folder / "none", layers=(path,))
    packed.missing([RUN_A.key])
    for store in (packed, local):
        found = store.read([RUN_A.key])
        if found:
            read, _ = found[RUN_A.key]
            if intact:
                assert read == as_read(RUN_A)
            assert read.key == RUN_A.key
            assert read.summary["status"] == "diverged" or all(map(math.isfinite, read.series["loss"]))
            canonical_json([read.summary, read.provenance])
    for line in capsys.readouterr().err.splitlines():
        assert line.startswith("depthtransfer: ")
        assert path.name in line
    for left in path.parent.iterdir():
        left.unlink()


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with a few bits flipped, parts cut out, put in or repeated."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(changed) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "set", "cut", "truncate", "insert", "repeat"]))
        length = draw(st.integers(1, 40))
        if kind == "flip" and changed:
            changed[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and changed:
            changed[place] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
        elif kind == "cut":
            del changed[place : place + length]
        elif kind == "truncate":
            del changed[place:]
        elif kind == "insert":
            changed[place:place] = draw(st.binary(min_size=1, max_size=length))
        else:
            changed[place:place] = changed[place : place + length]
    return bytes(changed)


@settings(max_examples=500, deadline=DEADLINE, suppress_health_check=CHECKS)
@given(data=st.data())
def test_files_with_wrong_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject) -> None:
    content = data.draw(mutated(one()) | st.binary(max_size=80))
    assert is_sealed(content) == (content == one()), "no change escapes the checksum"
    survives(tmp_path, content, capsys, intact=True)


@settings(max_examples=1000, deadline=DEADLINE, suppress_health_check=CHECKS)
@given(data=st.data())
def test_wrong_bytes_behind_a_right_checksum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    content = plain()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    if data.draw(st.booleans()):
        content = data.draw(mutated(content[:footer])) + content[footer:]
    else:
        changed = data.draw(mutated(content[footer:-8]))
        content = content[:footer] + changed + len(changed).to_bytes(4, "little") + b"PAR1"
    survives(tmp_path, seal(content), capsys)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 2**63, 10**400, 0.5, "ok", "diverged", "cpu", "\ud800", "a\nb", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "steps", "status"]), inner),
    max_leaves=4,
)
FIELDS = ("status", "diverged_step", "device", "probe_steps", "seconds", "finished", "commit", "machine", "versions")
NUMBERS = st.none() | st.sampled_from([0.0, 1.0, -1.0, float("nan"), float("inf"), -float("inf")])
TEXTS = st.sampled_from(["", "{", "[]", "null", "{}", "NaN", '{"a":NaN}', "[" * 3000, "1" * 5000, '"\\ud800"', "\x00"])


def sealed(columns: dict[str, list[Any]]) -> bytes:
    buffer = BytesIO()
    pq.write_table(pa.table(columns, schema=RUN.schema()), buffer)
    return seal(buffer.getvalue())


@settings(max_examples=1000, deadline=DEADLINE, suppress_health_check=CHECKS)
@given(data=st.data())
def test_wrong_content_of_a_well_formed_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    """Texts that are no JSON, fields of every kind, gaps, wrong lengths, keys and numbers of rows."""
    rows = []
    for base in data.draw(st.lists(st.sampled_from([RUN_A, RUN_B]), max_size=2)) or [RUN_A]:
        parts: dict[str, Any] = {
            "specification": dict(base.specification),
            "summary": dict(base.summary),
            "provenance": dict(base.provenance),
        }
        for name in data.draw(st.lists(st.sampled_from(sorted(parts)), max_size=2)):
            parts[name][data.draw(st.sampled_from(FIELDS))] = data.draw(JSON)
        row: dict[str, Any] = {name: canonical_json(part) for name, part in parts.items()}
        row["key"] = key_of(parts["specification"]) if data.draw(st.booleans()) else base.key
        row |= {name: list(values) for name, values in base.series.items()} | {"logits": []}
        for name in data.draw(st.lists(st.sampled_from(sorted(row)), max_size=2)):
            row[name] = data.draw(
                st.none() | TEXTS if isinstance(row[name], str) or row[name] is None else st.none() | st.lists(NUMBERS)
            )
        rows.append(row)
    try:
        content = sealed({name: [row[name] for row in rows] for name in RUN.schema().names})
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return
    survives(tmp_path, content, capsys)


@pytest.mark.parametrize("swapped", [("loss", "accuracy"), ("summary", "provenance"), ("key", "specification")])
def test_swapped_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str], swapped: tuple[str, str]) -> None:
    table = pq.read_table(pa.BufferReader(one()))
    names = [dict([swapped, swapped[::-1]]).get(name, name) for name in table.schema.names]
    buffer = BytesIO()
    pq.write_table(table.rename_columns(names), buffer)
    survives(tmp_path, seal(buffer.getvalue()), capsys, intact=True)
