"""Decoded arrays on disk, so that images are decoded once and processes side by side share their pages.

A cache entry is a directory named after the data's identity with one `.npy` file per array and a manifest
with the SHA-256 of each. It appears whole, by one rename; whoever comes second discards his own.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depthtransfer.data.checksums import ChecksumWriter, sha256
from depthtransfer.data.dataset import SPLITS, Arrays, Split
from depthtransfer.data.declaration import Declaration
from depthtransfer.errors import DataError

_FORMAT = 1
_MANIFEST = "manifest.json"
_STAGING = ".writing-"
_ABANDONED_AFTER = 24 * 3600.0
_ATTEMPTS = 3


class DamagedCacheError(Exception):
    """A cache entry is not what its manifest, or the declaration, says."""


def directory(declaration: Declaration, data_directory: Path) -> Path:
    """Return a declaration's cache entry: the beginning of its fingerprint and the form of its images."""
    fingerprint, _, form = declaration.identity.partition("/")
    short = fingerprint.partition(":")[2][:16]
    return data_directory / "cache" / f"{short}-{form.replace('/', '-')}"


def cached(
    declaration: Declaration, data_directory: Path, split: Split, build: Callable[[], Arrays]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[str, ...]]:
    """Return images (memory map), labels and classes of one split, verified; build a missing entry.

    A damaged entry is set aside with a line on stderr and built anew.

    Raises:
        DataError: the entry cannot be written, or whatever `build` raises.
    """
    entry = directory(declaration, data_directory)
    for _ in range(_ATTEMPTS):
        try:
            return _read(entry, declaration, split)
        except OSError:
            pass
        except DamagedCacheError as error:
            _set_aside(entry, str(error))
        _write(entry, declaration, build())
    raise DataError(f"{entry}: damaged again each time it was written", "check the disk, then remove the directory")


def _read(
    entry: Path, declaration: Declaration, split: Split
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[str, ...]]:
    """Raise OSError where there is no entry, DamagedCacheError where it is not intact."""
    entry.stat()
    try:
        manifest: dict[str, Any] = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != _FORMAT or manifest["identity"] != declaration.identity:
            raise DamagedCacheError("its manifest describes other data")
        classes = tuple(str(name) for name in manifest["classes"])
        for name in _file_names(split):
            if sha256(entry / name) != manifest["sha256"][name]:
                raise DamagedCacheError(f"{name} is not what its manifest says")
        images, labels = (np.load(entry / name, mmap_mode="r", allow_pickle=False) for name in _file_names(split))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedCacheError(f"unreadable ({error})") from error
    return images, labels, classes


def _set_aside(entry: Path, reason: str) -> None:
    aside = entry.with_name(f"{entry.name}.damaged-{time.time_ns()}")
    try:
        entry.rename(aside)
    except FileNotFoundError:  # another process was faster
        return
    except OSError as error:
        raise DataError(f"{entry}: damaged, and cannot be moved ({error.strerror})", "remove it") from error
    print(f"depthtransfer: cache {entry}: {reason}; set aside as {aside.name}, decoding anew", file=sys.stderr)


def _write(entry: Path, declaration: Declaration, arrays: Arrays) -> None:
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(entry.parent)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=_STAGING, ignore_cleanup_errors=True) as staging:
            whole = Path(staging) / entry.name
            whole.mkdir()
            _fill(whole, declaration, arrays)
            _publish(whole, entry)
    except OSError as error:
        raise DataError(
            f"{entry}: the decoded images cannot be written ({error.strerror or error})",
            "free space, or let DEPTHTRANSFER_DATA name a writable directory with links to the data",
        ) from error


def _fill(whole: Path, declaration: Declaration, arrays: Arrays) -> None:
    checksums = {}
    for split in SPLITS:
        images_name, labels_name = _file_names(split)
        checksums[images_name] = _write_array(whole / images_name, arrays.images[split])
        checksums[labels_name] = _write_array(whole / labels_name, arrays.labels[split])
    manifest = {
        "format": _FORMAT,
        "identity": declaration.identity,
        "classes": list(arrays.classes),
        "sha256": checksums,
    }
    (whole / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _publish(whole: Path, entry: Path) -> None:
    try:
        whole.rename(entry)
    except OSError:
        if not entry.is_dir():  # otherwise another process was faster
            raise


def _write_array(path: Path, array: npt.NDArray[Any]) -> str:
    with path.open("wb") as file:
        writer = ChecksumWriter(file)
        np.lib.format.write_array(writer, np.ascontiguousarray(array), allow_pickle=False)
        writer.flush_to_disk()
    return writer.hexdigest()


def _file_names(split: Split) -> tuple[str, str]:
    return f"{split}_images.npy", f"{split}_labels.npy"


def _remove_abandoned(parent: Path) -> None:
    """Remove what processes that were killed a day ago or more left half-written."""
    for staging in parent.glob(f"{_STAGING}*"):
        try:
            abandoned = time.time() - staging.stat().st_mtime > _ABANDONED_AFTER
        except FileNotFoundError:
            continue
        if abandoned:
            shutil.rmtree(staging, ignore_errors=True)
