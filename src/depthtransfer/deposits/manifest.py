"""What an archive says that it holds."""

from typing import Annotated, Literal

from pydantic import Field

from depthtransfer.strict_json import StrictJson
from depthtransfer.tables.layouts import RUN, SOLUTION, Layout

MANIFEST = "manifest.json"
LICENCE = "MIT"
FOLDERS: dict[str, Layout] = {"runs": RUN, "solutions": SOLUTION}
"""Folders of an archive, and what the packs in them hold."""

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"

LARGEST_PACK = 2**32
LARGEST_ARCHIVE = 2**36
LARGEST_MANIFEST = 2**20
MOST_PACKS = 1000

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=1, le=10**9)]


class PackEntry(StrictJson):
    """One pack.

    Attributes:
        path: in the archive.
        sha256: of its bytes.
        bytes: their number.
        format: of its records; see ``tables/layouts.py``.
        count: of its records.
        keys: SHA-256 of their keys, sorted, one a line.
        engines: versions of what was computed.
    """

    path: Annotated[str, Field(pattern=rf"^({'|'.join(FOLDERS)})/{NAME}\.parquet$")]
    sha256: _Sha256
    bytes: Annotated[int, Field(ge=1, le=LARGEST_PACK)]
    format: str
    count: _Count
    keys: _Sha256
    engines: list[int]

    @property
    def layout(self) -> Layout:
        """The kind of its records."""
        return FOLDERS[self.path.split("/", 1)[0]]


class Manifest(StrictJson):
    """All packs of an archive.

    Attributes:
        format: of the archive.
        preset: whose runs and solutions they are.
        version: of the package that wrote it.
        licence: SPDX name.
        packs: by path.
    """

    format: Literal["depthtransfer-deposit-1"] = "depthtransfer-deposit-1"
    preset: Annotated[str, Field(pattern=rf"^{NAME}$")]
    version: Annotated[str, Field(max_length=100)]
    licence: Annotated[str, Field(max_length=100)] = LICENCE
    packs: Annotated[list[PackEntry], Field(min_length=1, max_length=MOST_PACKS)]

    def count(self, folder: str) -> int:
        """Number of records in the packs of a folder."""
        return sum(pack.count for pack in self._in(folder))

    def engines(self, folder: str) -> set[int]:
        """Versions of what was computed in the packs of a folder."""
        return {engine for pack in self._in(folder) for engine in pack.engines}

    def _in(self, folder: str) -> list[PackEntry]:
        return [pack for pack in self.packs if pack.path.startswith(f"{folder}/")]
