"""Data sets in torchvision's ImageFolder layout, `<split>/<class>/*.jpg`, in a directory or one zip."""

import hashlib
from pathlib import Path

import numpy as np

from depthtransfer.data.containers import open_container
from depthtransfer.data.dataset import SPLITS, Arrays, Split
from depthtransfer.data.declaration import Declaration
from depthtransfer.data.decoding import decode, strict_decoding
from depthtransfer.data.hashing import hash_files
from depthtransfer.data.listing import list_images
from depthtransfer.data.verification import verify_fingerprint, verify_sizes


def read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    """Decode all images of a folder or zip; labels count the sorted names of the classes.

    Raises:
        DataError: files are missing, damaged, unsafe, or not the declared ones.
    """
    path = location(declaration, data_directory)
    shape = (declaration.channels, declaration.image_size, declaration.image_size)
    with open_container(path, declaration.remedy) as container:
        listing = list_images(path, container, folders(declaration))
        verify_sizes(f"{name} ({path})", declaration, len(listing.classes), listing.counts())
        images = {split: np.empty((count, *shape), dtype=np.uint8) for split, count in listing.counts().items()}
        hashes = []
        with strict_decoding():
            for split in SPLITS:
                for position, image in enumerate(listing.paths(split)):
                    where = f"{listing.folders[split]}/{image}"
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
