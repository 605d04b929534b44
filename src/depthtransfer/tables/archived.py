"""A pack that lies uncompressed inside an archive, read in place."""

from dataclasses import dataclass
from pathlib import Path

from depthtransfer.regular_files import open_regular


@dataclass(frozen=True)
class ArchivedPack:
    """Bytes of an archive that are a pack.

    Args:
        archive: the file.
        member: the pack's path in the archive.
        offset: its first byte in the file.
        size: its length in bytes.
    """

    archive: Path
    member: str
    offset: int
    size: int

    @property
    def name(self) -> str:
        """The pack's name with its archive's, as a layer of the store is called."""
        return f"{self.archive.name}/{self.member}"

    def __str__(self) -> str:
        return f"{self.archive}/{self.member}"

    def read_bytes(self) -> bytes:
        """The pack's content."""
        with open_regular(self.archive) as stream:
            stream.seek(self.offset)
            return stream.read(self.size)
