"""Every image of a container read and decoded once, so that nothing about it comes as a surprise later."""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depthtransfer.data.containers import Container
from depthtransfer.data.dataset import SPLITS, Split
from depthtransfer.data.declaration import Declaration
from depthtransfer.data.decoding import decode, form, strict_decoding
from depthtransfer.data.hashing import hash_sorted_files
from depthtransfer.data.listing import Listing
from depthtransfer.machine import usable_cores
from depthtransfer.read_ahead import read_ahead

REPORT_EVERY = 60.0
"""Seconds between two lines on stderr."""

_AHEAD_PER_THREAD = 8


@dataclass(frozen=True, eq=False)
class Inspection:
    """What reading every image has shown.

    Attributes:
        fingerprint: of the encoded images.
        sha256: by split, of each image in the listing's order, uint8 of shape (n, 32).
        modes: Pillow's modes, such as RGB, L (grey) or CMYK, with the number of images.
    """

    fingerprint: str
    sha256: Mapping[Split, npt.NDArray[np.uint8]]
    modes: Mapping[str, int]


def inspect(name: str, declaration: Declaration, path: Path, container: Container, listing: Listing) -> Inspection:
    """Read and decode every image, with a thread per core; says every minute how far it is.

    Memory: 32 bytes an image, and the images under way.

    Raises:
        DataError: naming the first image that cannot be read or decoded to the declared form.
    """
    threads = usable_cores()

    def look(image: tuple[Split, str]) -> tuple[bytes, str]:
        where = f"{listing.folders[image[0]]}/{image[1]}"
        content = container.read(where)
        mode, _, _ = form(str(path / where), content)
        decode(str(path / where), content, declaration.channels, declaration.image_size, declaration.resize)
        return hashlib.sha256(content).digest(), mode

    digests = {split: np.empty((count, 32), dtype=np.uint8) for split, count in listing.counts().items()}
    modes: Counter[str] = Counter()
    images = ((split, image) for split in SPLITS for image in listing.paths(split))
    places = ((split, position) for split in SPLITS for position in range(len(digests[split])))
    looking = read_ahead(look, images, threads=threads, ahead=_AHEAD_PER_THREAD * threads)
    report = _Report(name, sum(listing.counts().values()))
    with strict_decoding(), closing(looking):
        for (split, position), (digest, mode) in zip(places, looking, strict=True):
            digests[split][position] = np.frombuffer(digest, dtype=np.uint8)
            modes[mode] += 1
            report.one_more()
    return Inspection(hash_sorted_files(_rows(listing, digests)), digests, dict(modes))


def _rows(listing: Listing, digests: Mapping[Split, npt.NDArray[np.uint8]]) -> Iterator[tuple[str, str, str]]:
    """Yield what the fingerprint is made from in ascending order: of the splits' names, `test` is the first."""
    for split in sorted(SPLITS):
        for path, digest in zip(listing.paths(split), digests[split], strict=True):
            yield split, path, digest.tobytes().hex()


class _Report:
    def __init__(self, name: str, images: int) -> None:
        self._name = name
        self._images = images
        self._done = 0
        self._last = time.monotonic()

    def one_more(self) -> None:
        self._done += 1
        if time.monotonic() - self._last > REPORT_EVERY:
            self._last = time.monotonic()
            print(f"depthtransfer: {self._name}: {self._done} of {self._images} images verified", file=sys.stderr)
