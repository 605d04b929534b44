"""The official CIFAR-10, by torchvision, which verifies the archive and each batch by their published MD5."""

import hashlib
import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depthtransfer.data.declaration import SPLITS, Arrays, Declaration, verify_fingerprint
from depthtransfer.errors import DataError
from depthtransfer.files import open_regular, remove_stale

_STAGING = ".cifar10-"


def read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    """Return the official images, downloaded into the data directory where they are not there yet.

    Raises:
        DataError: the download fails, or files are damaged or not the official ones.
    """
    from torchvision.datasets import CIFAR10

    verify_fingerprint(f"{name}: torchvision's archive", declaration, f"md5:{CIFAR10.tgz_md5}")
    folder = data_directory / CIFAR10.base_folder
    if not folder.exists():
        _download(name, declaration, data_directory)
    try:
        splits = {split: CIFAR10(data_directory, train=split == "train") for split in SPLITS}
    except (RuntimeError, OSError) as error:
        raise DataError(f"{name}: {folder} is damaged or incomplete", f"remove it; {declaration.remedy}") from error
    return Arrays(
        images={split: _channels_first(splits[split].data) for split in SPLITS},
        labels={split: np.asarray(splits[split].targets, dtype=np.int64) for split in SPLITS},
        classes=tuple(splits["train"].classes),
    )


def _channels_first(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def _download(name: str, declaration: Declaration, data_directory: Path) -> None:
    """Unpack the archive beside its final place and move it there whole: no other run meets a half.

    An archive that already lies in the data directory is used in place of a download.
    """
    from torchvision.datasets import CIFAR10

    archive = data_directory / CIFAR10.filename
    if archive.exists() and _md5(archive) != declaration.fingerprint:
        raise DataError(f"{name}: {archive} is damaged or incomplete", f"remove it; {declaration.remedy}")
    try:
        data_directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data_directory, prefix=_STAGING) as staging:
            remove_stale(data_directory, f"{_STAGING}*", Path(staging).stat().st_mtime)
            if archive.exists():
                (Path(staging) / CIFAR10.filename).symlink_to(archive.resolve())
            CIFAR10(staging, download=True)
            _move_unless_there(Path(staging) / CIFAR10.base_folder, data_directory / CIFAR10.base_folder)
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"{name}: no {CIFAR10.base_folder} in {data_directory}, and getting it failed ({error})",
            declaration.remedy,
        ) from error


def _move_unless_there(source: Path, destination: Path) -> None:
    try:
        source.rename(destination)
    except OSError:
        if not destination.is_dir():
            raise
        shutil.rmtree(source)


def _md5(path: Path) -> str | None:
    """MD5 of a file as it is declared; None if it cannot be read."""
    try:
        with open_regular(path) as file:
            return f"md5:{hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()}"
    except OSError:
        return None
