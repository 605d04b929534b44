"""Records in PDF and PNG: readable by others, verifiable from the file alone, and never believed when changed."""

import base64
import hashlib
import io
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from depthtransfer.figures.saving import save
from depthtransfer.figures.sealed_files import pdf_keywords, read_sealed, seal_pdf, seal_png
from matplotlib.figure import Figure
from PIL import Image

from depthtransfer.errors import StoreError
from depthtransfer.figures import FigureError

from .records import empty_record

RECORD = empty_record(drawn_with={"a (b) \\\\ µ": "1"})
SUFFIXES = ("pdf", "png")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("figure")
    figure = Figure(figsize=(0.5, 0.5))
    figure.add_axes((0.2, 0.2, 0.6, 0.6)).plot([0, 1])
    return {path.suffix[1:]: path.read_bytes() for path in save(figure, folder / "it.pdf", RECORD)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_record_is_read_back(written: dict[str, bytes], suffix: str) -> None:
    sealed = read_sealed(written[suffix], "it")
    assert sealed.intact
    assert sealed.record == RECORD


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_changed_byte_goes_unnoticed(written: dict[str, bytes], suffix: str) -> None:
    content = written[suffix]
    places = {*range(0, len(content), 11), *range(120), *range(len(content) - 200, len(content))}
    believed = [place for place in sorted(places) if intact(flipped(content, place))]
    assert believed == []
    for changed in (content + b"x", content[:-1], content[:200], content[:40] + content[41:], content + content):
        assert not intact(changed)


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def intact(content: bytes) -> bool:
    try:
        return read_sealed(content, "it").intact
    except (FigureError, StoreError):
        return False


def test_the_png_is_valid_and_others_read_its_record(written: dict[str, bytes]) -> None:
    with Image.open(io.BytesIO(written["png"])) as image:
        image.verify()
    with Image.open(io.BytesIO(written["png"])) as image:
        image.load()
        assert json.loads(image.info["depthtransfer-record"]) == RECORD.model_dump()
        seal = image.info["depthtransfer-seal"]
    chunk = struct.pack(">I", 83) + b"tEXtdepthtransfer-seal\0" + seal.encode()
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    assert written["png"].count(chunk) == 1
    assert hashlib.sha256(written["png"].replace(chunk, b"")).hexdigest() == seal, "as docs/origins.md says"


def test_the_pdf_is_sealed_in_place(written: dict[str, bytes]) -> None:
    content = written["pdf"]
    (found,) = re.findall(rb"depthtransfer-seal:([0-9a-f]{64})", content)
    assert hashlib.sha256(content.replace(found, b"0" * 64)).hexdigest().encode() == found
    start = int(re.findall(rb"startxref\s+(\d+)", content)[-1])
    assert content[start : start + 4] == b"xref", "no byte has moved"


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"%PDF-1.4 without", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR", b"PK\3\4"],
)
def test_what_holds_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(FigureError, match="it") as caught:
        read_sealed(content, "it")
    assert "\n" not in str(caught.value)


def test_a_record_that_would_fill_the_memory_is_refused() -> None:
    bomb = empty_record(code="0" * 2**25)
    with pytest.raises(StoreError, match="another form"):
        read_sealed(seal_pdf(b"%PDF " + pdf_keywords(bomb).encode()), "it")


@pytest.mark.parametrize("keywords", ["depthtransfer-record:AAA= depthtransfer-seal:", "depthtransfer-record:AAAA "])
def test_a_forged_record_is_one_line(keywords: str) -> None:
    with pytest.raises(FigureError, match="record"):
        read_sealed(b"%PDF " + keywords.encode() + b"0" * 64, "it")


@pytest.mark.parametrize(
    "change",
    [{"format": "depthtransfer-figure-9"}, {"figure": 1}, {"unknown": 1}, {"experiments": {"a": {}}}, {"code": None}],
)
def test_a_record_of_another_form_is_refused(change: dict[str, Any]) -> None:
    text = json.dumps(RECORD.model_dump() | change).encode()
    keywords = f"depthtransfer-record:{base64.b64encode(zlib.compress(text)).decode()} depthtransfer-seal:{'0' * 64}"
    with pytest.raises(StoreError, match=next(iter(change))) as caught:
        read_sealed(seal_pdf(b"%PDF " + keywords.encode()), "it")
    assert "\n" not in str(caught.value)


def test_a_picture_with_two_seals_is_not_intact(written: dict[str, bytes]) -> None:
    assert not intact(seal_png(written["png"], RECORD))


def test_the_shipped_pictures_are_intact() -> None:
    folder = Path(__file__).parents[2] / "figures/reference"
    for path in sorted(folder.glob("*.png")):
        sealed = read_sealed(path.read_bytes(), path.name)
        assert sealed.intact
        assert (sealed.record.figure, sealed.record.preset) == (path.stem, "reference")
