"""Data sets in torchvision's ImageFolder layout, in a directory or one zip: read, inspected, and declared."""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from depthtransfer.data.containers import Container, Listing, list_images, open_container
from depthtransfer.data.declaration import SPLITS, Arrays, Declaration, Split, verify_fingerprint, verify_sizes
from depthtransfer.data.decoding import GREY_MODES, decode, form, strict_decoding
from depthtransfer.data.hashing import hash_files, hash_sorted_files
from depthtransfer.machine import usable_cores
from depthtransfer.read_ahead import read_ahead

REPORT_EVERY = 60.0
"""Seconds between two lines on stderr."""
_AHEAD_PER_THREAD = 8
_TEST_SPLITS = ("test", "val", "valid", "validation")


def read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    """Decode all images of a folder or zip; labels count the sorted names of the classes.

    Raises:
        DataError: files are missing, damaged, unsafe, or not the declared ones.
    """
    path = location(declaration, data_directory)
    shape = (declaration.channels, declaration.image_size, declaration.image_size)
    with open_container(path, declaration.remedy) as container:
        listing = list_images(path, container, folders(declaration), declaration.test_every)
        verify_sizes(f"{name} ({path})", declaration, len(listing.classes), listing.counts())
        images = {split: np.empty((count, *shape), dtype=np.uint8) for split, count in listing.counts().items()}
        hashes = []
        with strict_decoding():
            for split in SPLITS:
                for position, image in enumerate(listing.paths(split)):
                    where = listing.name(split, image)
                    content = container.read(where)
                    hashes.append((split, image, hashlib.sha256(content).hexdigest()))
                    images[split][position] = decode(str(path / where), content, shape[0], shape[1], declaration.resize)
    verify_fingerprint(f"{name} ({path})", declaration, hash_files(hashes))
    labels = {split: listing.labels(split) for split in SPLITS}
    return Arrays(images=images, labels=labels, classes=listing.classes)


def location(declaration: Declaration, data_directory: Path) -> Path:
    """Return where the directory or zip of a declaration should lie."""
    if declaration.path is None:
        raise ValueError(f"kind {declaration.kind} has no path")
    return data_directory / declaration.path


def folders(declaration: Declaration) -> dict[Split, str]:
    """Return the name of each split's folder."""
    return {"train": declaration.train_split, "test": declaration.test_split}


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
        where = listing.name(*image)
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


@dataclass(frozen=True)
class Survey:
    """What reading a folder has shown.

    Attributes:
        declaration: of what was found.
        modes: Pillow's modes, such as RGB, L (grey) or CMYK, with the number of images.
    """

    declaration: Declaration
    modes: Mapping[str, int]


def fingerprint(path: Path, data_directory: Path, train_split: str = "train") -> Declaration:
    """Return the declaration of a `survey`."""
    return survey(path, data_directory, train_split).declaration


def survey(
    path: Path,
    data_directory: Path,
    train_split: str = "train",
    test_split: str | None = None,
    test_every: int | None = None,
) -> Survey:
    """Read every image of a directory or zip in ImageFolder layout once and declare what was found.

    Images are declared grey if all are; if they differ in size or are not square, the declaration says
    `resize: true` with the shortest side.

    Args:
        path: the directory or zip.
        data_directory: the declared path is relative to it where `path` lies in it, absolute otherwise.
        train_split: folder of the training split.
        test_split: folder of the test split; by default the first there is of test, val, valid, validation.
        test_every: the classes lie at the top, and every so-manieth image of each is a test image.

    Raises:
        DataError: the layout is not the expected one, or an image is damaged.
    """
    with open_container(path, "name a directory or a zip of images") as container, strict_decoding():
        folders: dict[Split, str] = {"train": train_split, "test": test_split or _find_test_split(container)}
        listing = list_images(path, container, folders, test_every)
        hashes, sides = [], set()
        modes: Counter[str] = Counter()
        for split in SPLITS:
            for image in listing.paths(split):
                where = listing.name(split, image)
                content = container.read(where)
                hashes.append((split, image, hashlib.sha256(content).hexdigest()))
                mode, *height_and_width = form(str(path / where), content)
                modes[mode] += 1
                sides.update(height_and_width)
    counts = listing.counts()
    declaration = Declaration(
        kind="image_folder",
        channels=1 if modes.keys() <= GREY_MODES else 3,
        image_size=min(sides),
        classes=len(listing.classes),
        train_images=counts["train"],
        test_images=counts["test"],
        fingerprint=hash_files(hashes),
        description=f"images of {path.name}",
        remedy=f"put {path.name} where `path` says",
        path=_declared_path(path, data_directory),
        train_split=folders["train"],
        test_split=folders["test"],
        test_every=test_every,
        resize=len(sides) > 1,
    )
    return Survey(declaration, dict(modes))


def yaml_entry(name: str, declaration: Declaration) -> str:
    """Return a declaration as the text to paste into `config/datasets.yaml`; defaults are left out."""
    content = {name: declaration.model_dump(exclude_defaults=True)}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)


def _find_test_split(container: Container) -> str:
    present: Iterable[str] = container.top_level()
    return next((folder for folder in _TEST_SPLITS if folder in present), _TEST_SPLITS[0])


def _declared_path(path: Path, data_directory: Path) -> str:
    try:
        return path.absolute().relative_to(data_directory.absolute()).as_posix()
    except ValueError:
        return str(path.absolute())
