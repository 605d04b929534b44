"""Measure a folder of images that is not declared yet, and write its declaration."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from depthtransfer.data.containers import Container, open_container
from depthtransfer.data.dataset import SPLITS, Split
from depthtransfer.data.declaration import Declaration

_TEST_SPLITS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class Survey:
    """What reading a folder has shown.

    Attributes:
        declaration: of what was found.
        modes: Pillow's modes, such as RGB, L (grey) or CMYK, with the number of images.
    """

    declaration: Declaration
    modes: Mapping[str, int]


def fingerprint(
    path: Path, data_directory: Path, train_split: str = "train", test_split: str | None = None
) -> Declaration:
    """Return the declaration of a `survey`."""
    return survey(path, data_directory, train_split, test_split).declaration


def survey(path: Path, data_directory: Path, train_split: str = "train", test_split: str | None = None) -> Survey:
    """Read every image of a directory or zip in ImageFolder layout once and declare what was found.

    Images are declared grey if all are; if they differ in size or are not square, the declaration says
    `resize: true` with the shortest side.

    Args:
        path: the directory or zip.
        data_directory: the declared path is relative to it where `path` lies in it, absolute otherwise.
        train_split: folder of the training split.
        test_split: folder of the test split; by default the first there is of test, val, valid, validation.

    Raises:
        DataError: the layout is not the expected one, or an image is damaged.
    """
    from depthtransfer.data.decoding import GREY_MODES, form, strict_decoding
    from depthtransfer.data.hashing import hash_files
    from depthtransfer.data.listing import list_images

    with open_container(path, "name a directory or a zip of images") as container, strict_decoding():
        folders: dict[Split, str] = {"train": train_split, "test": test_split or _find_test_split(container)}
        listing = list_images(path, container, folders)
        hashes, sides = [], set()
        modes: Counter[str] = Counter()
        for split in SPLITS:
            for image in listing.paths(split):
                where = f"{folders[split]}/{image}"
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
        resize=len(sides) > 1,
    )
    return Survey(declaration, dict(modes))


def yaml_entry(name: str, declaration: Declaration) -> str:
    """Return a declaration as the text to paste into `config/datasets.yaml`; defaults are left out."""
    import yaml

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
