"""Data sets in torchvision's ImageFolder layout, `<split>/<class>/*.jpg`, in a directory or one zip."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depthtransfer.data.containers import Container, open_container
from depthtransfer.data.dataset import SPLITS, Arrays, Split
from depthtransfer.data.declaration import Declaration
from depthtransfer.data.decoding import decode, strict_decoding
from depthtransfer.data.hashing import hash_files
from depthtransfer.data.verification import verify_fingerprint, verify_sizes
from depthtransfer.errors import DataError

# Those of torchvision.datasets.folder.IMG_EXTENSIONS, which would cost the import of torch.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Listing:
    """The images of a container, before any is read.

    Attributes:
        folders: by split, the name of its folder.
        images: by split, paths below its folder, sorted; the first part is the class.
        classes: names of the classes, sorted, the same in both splits.
    """

    folders: Mapping[Split, str]
    images: Mapping[Split, list[str]]
    classes: tuple[str, ...]

    def counts(self) -> dict[Split, int]:
        """Return the number of images by split."""
        return {split: len(self.images[split]) for split in SPLITS}


def read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    """Decode all images of a folder or zip; labels count the sorted names of the classes.

    Raises:
        DataError: files are missing, damaged, unsafe, or not the declared ones.
    """
    path = location(declaration, data_directory)
    folders: dict[Split, str] = {"train": declaration.train_split, "test": declaration.test_split}
    shape = (declaration.channels, declaration.image_size, declaration.image_size)
    with open_container(path, declaration.remedy) as container:
        listing = list_images(path, container, folders)
        verify_sizes(f"{name} ({path})", declaration, len(listing.classes), listing.counts())
        images = {split: np.empty((count, *shape), dtype=np.uint8) for split, count in listing.counts().items()}
        hashes = []
        with strict_decoding():
            for split in SPLITS:
                for position, image in enumerate(listing.images[split]):
                    where = f"{folders[split]}/{image}"
                    content = container.read(where)
                    hashes.append((split, image, hashlib.sha256(content).hexdigest()))
                    images[split][position] = decode(str(path / where), content, shape[0], shape[1], declaration.resize)
    verify_fingerprint(f"{name} ({path})", declaration, hash_files(hashes))
    labels = {split: _labels(listing, split) for split in SPLITS}
    return Arrays(images=images, labels=labels, classes=listing.classes)


def location(declaration: Declaration, data_directory: Path) -> Path:
    """Return where the directory or zip of a declaration should lie."""
    if declaration.path is None:
        raise ValueError(f"kind {declaration.kind} has no path")
    return data_directory / declaration.path


def list_images(where: Path, container: Container, folders: Mapping[Split, str]) -> Listing:
    """Find the images of both splits; other files, and names that begin with a dot, are passed over.

    Raises:
        DataError: a split is missing or empty, there is one class only, or the splits' classes differ.
    """
    images = {split: sorted(filter(_is_image, container.below(folder))) for split, folder in folders.items()}
    classes = {split: sorted({path.split("/", 1)[0] for path in paths}) for split, paths in images.items()}
    layout = f"the layout is {folders['train']}/<class>/*.jpg and {folders['test']}/<class>/*.jpg"
    for split, folder in folders.items():
        if not images[split]:
            names = container.top_level()
            held = ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "nothing"
            raise DataError(f"{where}: no images in {folder}/<class>/; at the top it holds {held}", layout)
    if len(classes["train"]) < 2:
        raise DataError(f"{where}: one class only, {classes['train'][0]}", layout)
    differing = sorted(set(classes["train"]) ^ set(classes["test"]))
    if differing:
        raise DataError(f"{where}: class {differing[0]} is in one split only", layout)
    return Listing(folders=dict(folders), images=images, classes=tuple(classes["train"]))


def _is_image(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 1 and path.lower().endswith(EXTENSIONS) and not any(part.startswith(".") for part in parts)


def _labels(listing: Listing, split: Split) -> npt.NDArray[np.int64]:
    number = {name: label for label, name in enumerate(listing.classes)}
    return np.array([number[path.split("/", 1)[0]] for path in listing.images[split]], dtype=np.int64)
