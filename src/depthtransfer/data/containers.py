"""Files of a directory or of one zip, read the same way, and the images among them in ImageFolder layout."""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from depthtransfer.data.declaration import SPLITS, Split
from depthtransfer.errors import DataError
from depthtransfer.files import open_regular, read_regular

MAX_FILE_BYTES = 2**26
"""No image is larger than 64 MiB; a larger one is refused before it is read."""

MAX_TOTAL_BYTES = 2**36
"""An archive that claims to unpack to more than 64 GiB is refused before anything is read."""


class File(NamedTuple):
    """What tells whether a file is still the one that was read.

    Attributes:
        path: below the folder that was asked for, with forward slashes.
        size: bytes.
        stamp: time of the last change in nanoseconds; in a zip, the CRC-32 of the content.
    """

    path: str
    size: int
    stamp: int


class Container(Protocol):
    """Named files; names are relative paths with forward slashes. Several threads may read at once."""

    def top_level(self) -> list[str]:
        """Return the names at the top, sorted."""

    def groups(self, folder: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[File]]]:
        """Yield each folder that lies directly below one, by name in any order, with the wanted files below it.

        Args:
            folder: where to look; one that does not exist is empty.
            wanted: tells by a file's path below `folder`, such as `cat/1.jpg`, whether it counts.

        Raises:
            DataError: a folder cannot be read, or a wanted file is none.
        """

    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            DataError: it cannot be read, or is too large.
        """


@contextmanager
def open_container(path: Path, remedy: str) -> Iterator[Container]:
    """Open a directory or a zip.

    Raises:
        DataError: there is nothing at `path`, or it is neither, or the zip is damaged or unsafe.
    """
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", remedy) from error
    if is_folder:
        yield _Folder(path, remedy)
        return
    with ExitStack() as scope:
        try:
            archive = scope.enter_context(zipfile.ZipFile(scope.enter_context(open_regular(path))))
        except FileNotFoundError as error:
            raise DataError(f"{path}: not found", remedy) from error
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"{path}: neither a directory nor an intact zip ({error})", remedy) from error
        _refuse_unsafe(path, archive)
        yield _Zip(path, archive, remedy)


class _Folder:
    def __init__(self, path: Path, remedy: str) -> None:
        self._path = path
        self._remedy = remedy

    def top_level(self) -> list[str]:
        try:
            return sorted(entry.name for entry in self._path.iterdir())
        except OSError as error:
            self._unreadable(error, self._path)

    def groups(self, folder: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[File]]]:
        root = self._path / folder
        try:
            names = [entry.name for entry in os.scandir(root) if entry.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._unreadable(error, root)
        for name in names:
            yield name, self._below(root, name, wanted)

    def _below(self, root: Path, group: str, wanted: Callable[[str], bool]) -> list[File]:
        files = []
        above: dict[str, frozenset[tuple[int, int]]] = {}
        for directory, _, names in os.walk(root / group, followlinks=True, onerror=self._unreadable):
            found = Path(directory).stat()
            own, ancestors = (found.st_dev, found.st_ino), above.get(os.path.dirname(directory), frozenset())  # noqa: PTH120
            if own in ancestors:
                raise DataError(f"{directory}: leads back to a folder above it", "remove the link")
            above[directory] = ancestors | {own}
            inside = Path(directory).relative_to(root).as_posix()
            for path in (f"{inside}/{name}" for name in names):
                if wanted(path):
                    files.append(self._file(root, path))
        return files

    def _file(self, root: Path, path: str) -> File:
        try:
            found = os.stat(f"{root}/{path}")  # noqa: PTH116, a Path for each of a million files takes seconds
        except OSError as error:
            self._unreadable(error, root / path)
        if not stat.S_ISREG(found.st_mode):
            raise DataError(f"{root / path}: not a file", "remove it")
        return File(path, found.st_size, found.st_mtime_ns)

    def _unreadable(self, error: OSError, path: Path | None = None) -> NoReturn:
        raise DataError(f"{path or error.filename}: cannot be read ({error.strerror})", self._remedy) from error

    def read(self, name: str) -> bytes:
        path = self._path / name
        try:
            _refuse_large(path, path.stat().st_size)
            return read_regular(path)
        except OSError as error:
            self._unreadable(error, path)


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile, remedy: str) -> None:
        self._path = path
        self._archive = archive
        self._remedy = remedy

    def top_level(self) -> list[str]:
        return sorted({name.split("/", 1)[0] for name in self._archive.namelist()})

    def groups(self, folder: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[File]]]:
        prefix = f"{folder}/"
        found: dict[str, list[File]] = {}
        for member in self._archive.infolist():
            path = member.filename.removeprefix(prefix)
            group, separator, _ = path.partition("/")
            if separator and member.filename.startswith(prefix) and not member.is_dir() and wanted(path):
                found.setdefault(group, []).append(File(path, member.file_size, member.CRC))
        yield from found.items()

    def read(self, name: str) -> bytes:
        try:
            return self._archive.read(name)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise DataError(f"{self._path}: {name} cannot be read ({error})", self._remedy) from error


def _refuse_unsafe(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse names that point outside the archive or twice to a file, links, and sizes out of all proportion.

    `ZipFile.read` returns at most the size that the archive declares, so checking declared sizes is enough.
    """
    seen: set[str] = set()
    for member in archive.infolist():
        reason = _unsafe(member, seen)
        if reason:
            raise DataError(f"{path}: {member.filename!r} {reason}", "make the zip anew from a folder of images")
        seen.add(member.filename)
        _refuse_large(path / member.filename, member.file_size)
    total = sum(member.file_size for member in archive.infolist())
    if total > MAX_TOTAL_BYTES:
        raise DataError(f"{path}: would unpack to {total} bytes", f"at most {MAX_TOTAL_BYTES} are read; unpack it")


def _unsafe(member: zipfile.ZipInfo, seen: set[str]) -> str | None:
    name = PurePosixPath(member.orig_filename)
    if name.is_absolute() or PureWindowsPath(member.orig_filename).drive or "\\" in member.orig_filename:
        return "is not a relative path with forward slashes"
    if ".." in name.parts or "\0" in member.orig_filename:
        return "points outside the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.filename in seen:
        return "occurs twice"
    return None


def _refuse_large(where: Path, size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise DataError(f"{where}: {size} bytes", f"images of at most {MAX_FILE_BYTES} bytes are read")


# Those of torchvision.datasets.folder.IMG_EXTENSIONS, which would cost the import of torch.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")

Files = npt.NDArray[Any]
"""Images of a split in the order of their paths. Fields: `path` below the split's folder (UTF-8), `size` in bytes,
`stamp` as in `containers.File`, and `label`. A million of them take about 100 MB, a tenth of Python's own strings."""


@dataclass(frozen=True, eq=False)
class Listing:
    """The images of a container, before any is read.

    Attributes:
        folders: by split, the name of its folder.
        files: by split, its images, sorted by path; the first part of a path is the class.
        classes: names of the classes, sorted, the same in both splits.
    """

    folders: Mapping[Split, str]
    files: Mapping[Split, Files]
    classes: tuple[str, ...]

    def counts(self) -> dict[Split, int]:
        """Return the number of images by split."""
        return {split: len(self.files[split]) for split in SPLITS}

    def paths(self, split: Split) -> Iterator[str]:
        """Yield the images' paths below the split's folder."""
        return (path.decode() for path in self.files[split]["path"])

    def labels(self, split: Split) -> npt.NDArray[np.int64]:
        """Return the labels, which count the sorted names of the classes."""
        return np.ascontiguousarray(self.files[split]["label"])


def list_images(where: Path, container: Container, folders: Mapping[Split, str]) -> Listing:
    """Find the images of both splits; other files, and names that begin with a dot, are passed over.

    Raises:
        DataError: a split is missing or empty, there is one class only, or the splits' classes differ.
    """
    found = {split: _classes(where, container, folder) for split, folder in folders.items()}
    classes = {split: sorted(found[split]) for split in folders}
    layout = f"the layout is {folders['train']}/<class>/*.jpg and {folders['test']}/<class>/*.jpg"
    for split, folder in folders.items():
        if not classes[split]:
            names = container.top_level()
            held = ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "nothing"
            raise DataError(f"{where}: no images in {folder}/<class>/; at the top it holds {held}", layout)
    if len(classes["train"]) < 2:
        raise DataError(f"{where}: one class only, {classes['train'][0]}", layout)
    differing = sorted(set(classes["train"]) ^ set(classes["test"]))
    if differing:
        raise DataError(f"{where}: class {differing[0]} is in one split only", layout)
    files = {split: _in_order(found[split], classes[split]) for split in folders}
    return Listing(folders=dict(folders), files=files, classes=tuple(classes["train"]))


def _classes(where: Path, container: Container, folder: str) -> dict[str, Files]:
    """Return the images of each class that has any; one class at a time is held as Python objects."""
    groups = container.groups(folder, _is_image)
    return {name: _rows(where / folder, sorted(files)) for name, files in groups if files}


def _rows(where: Path, files: list[File]) -> Files:
    try:
        rows = [(path.encode(), size, stamp, 0) for path, size, stamp in files]
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: {error.object!a} is not a name in UTF-8", "rename the file") from error
    return np.array(rows, dtype=_row_type(max(len(row[0]) for row in rows)))


def _in_order(by_class: dict[str, Files], classes: list[str]) -> Files:
    """Join the classes in the order of their images' paths, where `a-b/` comes before `a/`."""
    for label, name in enumerate(classes):
        by_class[name]["label"] = label
    longest = max(files.dtype["path"].itemsize for files in by_class.values())
    in_order = [by_class[name] for name in sorted(classes, key=lambda name: f"{name}/")]
    return np.concatenate(in_order, dtype=_row_type(longest))


def _row_type(longest_path: int) -> np.dtype[Any]:
    return np.dtype([("path", f"S{longest_path}"), ("size", "<i8"), ("stamp", "<i8"), ("label", "<i8")])


def _is_image(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 1 and path.lower().endswith(EXTENSIONS) and not any(part.startswith(".") for part in parts)
