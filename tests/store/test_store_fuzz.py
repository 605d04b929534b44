"""No bytes whatsoever in the store lead to anything but the run that was written or a line that names the file.

Files with flipped bits fail at the checksum. So that what lies behind it is reached too, half of the files here are
sealed anew: pages and footers of Parquet with wrong bytes.
"""

import math
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.test_store import record

from depthtransfer.store.keys import canonical_json
from depthtransfer.store.records import encode
from depthtransfer.store.store import Store
from depthtransfer.tables.parquet import is_sealed, seal

CHECKS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
RUN = record("a", 1.0)


@cache
def one() -> bytes:
    return encode([RUN])


def survives(folder: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """Read a file as a run and as a pack; what comes back is sound, and whatever else is named."""
    local = Store(local=folder / "local", layers=())
    path = local.path(RUN.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    packed = Store(local=folder / "none", layers=(path,))
    packed.missing([RUN.key])
    for store in (packed, local):
        for read, _ in store.read([RUN.key]).values():
            assert read.key == RUN.key
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
        kind = draw(st.sampled_from(["flip", "set", "cut", "insert", "repeat"]))
        length = draw(st.integers(1, 40))
        if kind == "flip" and changed:
            changed[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and changed:
            changed[place] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
        elif kind == "cut":
            del changed[place : place + length]
        elif kind == "insert":
            changed[place:place] = draw(st.binary(min_size=1, max_size=length))
        else:
            changed[place:place] = changed[place : place + length]
    return bytes(changed)


@CHECKS
@given(data=st.data())
def test_wrong_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject) -> None:
    content = data.draw(mutated(one()) | st.binary(max_size=80))
    assert is_sealed(content) == (content == one()), "no change escapes the checksum"
    survives(tmp_path, content, capsys)


@CHECKS
@given(data=st.data())
def test_wrong_bytes_behind_a_right_checksum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    footer = len(one()) - 8 - int.from_bytes(one()[-8:-4], "little")
    pages, rest = one()[: footer - 32], one()[footer:]
    if data.draw(st.booleans()):
        content = data.draw(mutated(pages)) + rest
    else:
        changed = data.draw(mutated(rest[:-8]))
        content = pages + changed + len(changed).to_bytes(4, "little") + b"PAR1"
    survives(tmp_path, seal(content), capsys)
