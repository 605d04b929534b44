"""A record inside a PDF or PNG, and a seal that tells whether any other byte of the file was changed since.

The seal is a plain SHA-256, no signature: it shows damage and editing, not who wrote the file.
"""

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from depthtransfer.figures.errors import FigureError
from depthtransfer.figures.origin import FigureRecord
from depthtransfer.store.keys import canonical_json
from depthtransfer.strict import parse_json

_LARGEST = 2**25
"""No record is larger than 32 MiB when unpacked; a larger one is refused before it is."""

_UNSEALED = "0" * 64
_IN_PDF = re.compile(rb"depthtransfer-record:([A-Za-z0-9+/=]+) depthtransfer-seal:([0-9a-f]{64})")
_PNG = b"\x89PNG\r\n\x1a\n"
_RECORD = b"depthtransfer-record"
_SEAL = b"depthtransfer-seal"


@dataclass(frozen=True)
class Sealed:
    """What a figure's file says of itself.

    Attributes:
        record: as it was written.
        intact: whether no byte was changed since.
    """

    record: FigureRecord
    intact: bool


def pdf_keywords(record: FigureRecord) -> str:
    """Text for a PDF's field Keywords, with an empty seal; `seal_pdf` fills it."""
    packed = base64.b64encode(_packed(record)).decode()
    return f"depthtransfer-record:{packed} depthtransfer-seal:{_UNSEALED}"


def seal_pdf(content: bytes) -> bytes:
    """Fill the seal of a PDF that was written with `pdf_keywords`; no byte moves."""
    (found,) = _IN_PDF.finditer(content)
    begin, end = found.span(2)
    return content[:begin] + hashlib.sha256(content).hexdigest().encode() + content[end:]


def seal_png(content: bytes, record: FigureRecord) -> bytes:
    """Return a PNG with record and seal in text chunks before its end."""
    chunks = [content[begin:end] for _, begin, end in _chunks(content)]
    packed = _RECORD + b"\0\0" + _packed(record)
    body = [_PNG, *chunks[:-1], _chunk(b"zTXt", packed), chunks[-1]]
    seal = hashlib.sha256(b"".join(body)).hexdigest().encode()
    return b"".join([*body[:-1], _chunk(b"tEXt", _SEAL + b"\0" + seal), body[-1]])


def read_sealed(content: bytes, name: str) -> Sealed:
    """Return the record in the bytes of a PDF or PNG, and whether the file is as it was written.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        FigureError: if there is no record, or it is damaged.
        StoreError: if it has another form than this version writes.
    """
    remedy = "only figures drawn by depthtransfer say where they come from; draw it again"
    if content.startswith(b"%PDF"):
        packed, seal, rest = _from_pdf(content)
    elif content.startswith(_PNG):
        packed, seal, rest = _from_png(content)
    else:
        raise FigureError(f"{name} is neither PDF nor PNG", "give a figure, or the CSV beside it")
    if packed is None:
        raise FigureError(f"{name} holds no record of where it comes from", remedy)
    try:
        text = zlib.decompressobj().decompress(packed, _LARGEST)
    except zlib.error as error:
        raise FigureError(f"{name}: its record is damaged", remedy) from error
    record = parse_json(
        FigureRecord, text, f"{name}: its record", "read it with the version of depthtransfer that drew it"
    )
    return Sealed(record, seal == hashlib.sha256(rest).hexdigest().encode())


def _packed(record: FigureRecord) -> bytes:
    return zlib.compress(canonical_json(record.model_dump(mode="json")).encode(), 9)


def _from_pdf(content: bytes) -> tuple[bytes | None, bytes, bytes]:
    """Packed record, seal, and the bytes that are sealed."""
    found = list(_IN_PDF.finditer(content))
    if len(found) != 1:
        return None, b"", b""
    begin, end = found[0].span(2)
    try:
        packed = base64.b64decode(found[0][1], validate=True)
    except ValueError:
        packed = b""
    return packed, found[0][2], content[:begin] + _UNSEALED.encode() + content[end:]


def _from_png(content: bytes) -> tuple[bytes | None, bytes, bytes]:
    packed: bytes | None = None
    seals: list[tuple[int, int]] = []
    for kind, begin, end in _chunks(content):
        keyword, _, value = content[begin + 8 : end - 4].partition(b"\0")
        if (kind, keyword) == (b"zTXt", _RECORD) and packed is None:
            packed = value[1:]
        elif (kind, keyword) == (b"tEXt", _SEAL):
            seals.append((begin, end))
    if packed is None or len(seals) != 1:
        return packed, b"", b""
    begin, end = seals[0]
    intact = content[begin:end] == _chunk(b"tEXt", content[begin + 8 : end - 4])
    seal = content[begin + 8 + len(_SEAL) + 1 : end - 4]
    return packed, seal if intact else b"", content[:begin] + content[end:]


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of each chunk of a PNG, as far as they can be followed."""
    place = len(_PNG)
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        end = place + 12 + length
        if end > len(content):
            return
        yield content[place + 4 : place + 8], place, end
        place = end


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
