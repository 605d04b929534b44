"""Fingerprints: which data these are, independent of how they are packed or decoded."""

import hashlib
from collections.abc import Iterable

from depthtransfer.data.dataset import SPLITS, Arrays


def hash_files(files: Iterable[tuple[str, str, str]]) -> str:
    """Fingerprint encoded images, whatever the container, its order and the splits' names.

    Args:
        files: for each image its split (`train` or `test`), its path below the split's folder with forward
            slashes, and the SHA-256 of its bytes.
    """
    return hash_sorted_files(sorted(files))


def hash_sorted_files(files: Iterable[tuple[str, str, str]]) -> str:
    """Fingerprint encoded images as `hash_files` does, from files that come in ascending order, one at a time."""
    digest = hashlib.sha256()
    for split, path, content in files:
        digest.update(f"{split}/{path}\0{content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def hash_arrays(arrays: Arrays) -> str:
    """Fingerprint images and labels of both splits, with their types and shapes."""
    digest = hashlib.sha256()
    for split in SPLITS:
        for array in (arrays.images[split], arrays.labels[split]):
            little_endian = array.astype(array.dtype.newbyteorder("<"), order="C")
            digest.update(f"{split} {array.dtype.name} {array.shape}\n".encode())
            digest.update(little_endian.tobytes())
    return f"sha256:{digest.hexdigest()}"
