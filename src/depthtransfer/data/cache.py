"""Arrays on disk, sealed by their checksums, so that images are decoded once and processes share their pages."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depthtransfer.data.declaration import SPLITS, Arrays, Declaration, Split
from depthtransfer.data.hashing import ChecksumWriter, sha256
from depthtransfer.errors import DataError
from depthtransfer.files import read_regular, remove_stale

_FORMAT = 1
_MANIFEST = "manifest.json"
_STAGING = ".writing-"
_ATTEMPTS = 3


@dataclass(frozen=True, eq=False)
class Sealed:
    """What a directory holds.

    Attributes:
        arrays: by name; read-only memory maps when they come from the disk.
        classes: names of the classes in the order of the labels.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    classes: tuple[str, ...]


class DamagedError(Exception):
    """A directory is not what its manifest, or the caller, says."""


def sealed(
    entry: Path,
    identity: str,
    names: Iterable[str],
    build: Callable[[], Sealed],
    is_current: Callable[[Sealed], bool] = lambda found: True,
) -> Sealed:
    """Return the named arrays of a directory as memory maps, verified; build a missing one.

    A damaged directory is set aside with a line on stderr and built anew; one that is no longer current is replaced.

    Args:
        entry: the directory.
        identity: what the arrays are; a directory that says otherwise counts as damaged.
        names: the arrays that are needed; others are not looked at.
        build: makes all arrays, called when there is no intact directory.
        is_current: whether intact arrays are still true.

    Raises:
        DataError: the directory cannot be written, or whatever `build` raises.
    """
    wanted = tuple(names)
    for _ in range(_ATTEMPTS):
        try:
            found = _read(entry, identity, wanted)
            if is_current(found):
                return found
            _discard(entry)
        except OSError:
            pass
        except DamagedError as error:
            _set_aside(entry, str(error))
        write(entry, identity, build())
    raise DataError(f"{entry}: damaged again each time it was written", "check the disk, then remove the directory")


def write(entry: Path, identity: str, content: Sealed) -> None:
    """Write a directory whole; one that is there already stays.

    Raises:
        DataError: it cannot be written.
    """
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=_STAGING, ignore_cleanup_errors=True) as staging:
            remove_stale(entry.parent, f"{_STAGING}*", Path(staging).stat().st_mtime)
            whole = Path(staging) / entry.name
            whole.mkdir()
            _fill(whole, identity, content)
            _publish(whole, entry)
    except OSError as error:
        raise DataError(
            f"{entry}: cannot be written ({error.strerror or error})",
            "free space, or let DEPTHTRANSFER_DATA name a writable directory with links to the data",
        ) from error


def _read(entry: Path, identity: str, names: Iterable[str]) -> Sealed:
    """Raise OSError where there is nothing, DamagedError where there is something that is not intact."""
    entry.lstat()
    try:
        manifest: dict[str, Any] = json.loads(read_regular(entry / _MANIFEST))
        if manifest["format"] != _FORMAT or manifest["identity"] != identity:
            raise DamagedError("its manifest describes other data")
        classes = tuple(str(name) for name in manifest["classes"])
        arrays = {}
        for name in names:
            file = _file(entry, name)
            if sha256(file) != manifest["sha256"][file.name]:
                raise DamagedError(f"{file.name} is not what its manifest says")
            arrays[name] = np.load(file, mmap_mode="r", allow_pickle=False)  # noqa: TID251, a map of plain numbers
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(f"unreadable ({error})") from error
    return Sealed(arrays, classes)


def _set_aside(entry: Path, reason: str) -> None:
    aside = _moved(entry, "damaged")
    if aside is not None:
        print(f"depthtransfer: cache {entry}: {reason}; set aside as {aside.name}, building anew", file=sys.stderr)


def _discard(entry: Path) -> None:
    """Processes that have mapped its files keep them until they end."""
    aside = _moved(entry, "old")
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)


def _moved(entry: Path, why: str) -> Path | None:
    """Rename a directory and return where it is; None if another process was faster."""
    aside = entry.with_name(f"{entry.name}.{why}-{time.time_ns()}")
    try:
        return entry.rename(aside)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{entry}: {why}, and cannot be moved ({error.strerror})", "remove it") from error


def _fill(whole: Path, identity: str, content: Sealed) -> None:
    files = {name: _file(whole, name) for name in content.arrays}
    checksums = {files[name].name: _write_array(files[name], array) for name, array in content.arrays.items()}
    manifest = {"format": _FORMAT, "identity": identity, "classes": list(content.classes), "sha256": checksums}
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


def _file(entry: Path, name: str) -> Path:
    return entry / f"{name}.npy"


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
    images, labels = _names(split)
    entry = directory(declaration, data_directory)
    found = sealed(entry, declaration.identity, (images, labels), lambda: _named(build()))
    return found.arrays[images], found.arrays[labels], found.classes


def _named(arrays: Arrays) -> Sealed:
    by_name: dict[str, npt.NDArray[Any]] = {}
    for split in SPLITS:
        images, labels = _names(split)
        by_name |= {images: arrays.images[split], labels: arrays.labels[split]}
    return Sealed(by_name, arrays.classes)


def _names(split: Split) -> tuple[str, str]:
    return f"{split}_images", f"{split}_labels"
